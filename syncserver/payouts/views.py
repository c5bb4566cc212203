"""Payouts as people see them: runs, single ones with how they came to their state, and the bank's entries of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shared.lifecycles import PayoutState
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.payouts.errors import UnknownPayoutError, UnknownRunError
from syncserver.payouts.steps import QUERIES
from syncserver.services import Services

_S = PayoutState


@dataclass(frozen=True, slots=True)
class Run:
    """Payouts that were proposed together. `total` (minor units) is without what was called off; times in ms.

    `states` counts its payouts by state, `message` is its file's name between us and the bank.
    """

    id: bytes
    method: str
    currency: str
    account: str
    proposed_by: bytes | None
    proposed_actor: str
    proposed_at: int
    approved_actor: str | None
    approved_at: int | None
    message: str | None
    sent_at: int | None
    payouts: int
    total: int
    states: Mapping[str, int]

    @property
    def state(self) -> str:
        """Where it stands: where the first of its payouts stands that is not at its end."""
        for state in (_S.PROPOSED, _S.APPROVED, _S.SENT):
            if self.states.get(state.value):
                return state.value
        return _S.CANCELLED.value if set(self.states) == {_S.CANCELLED.value} else "done"


@dataclass(frozen=True, slots=True)
class Story:
    """One payout: its row, each change of its state, and the bank's entries of it."""

    row: Any
    events: Sequence[Any]
    entries: Sequence[Any]


async def runs(connection: Connection, *, before: bytes | None = None, limit: int) -> list[Run]:
    """Runs before one, the newest first."""
    last = uuid_or_none(before)
    return [_run(row) for row in await connection.fetch(QUERIES["list_runs"], last, None, limit)]


async def run(connection: Connection, wanted: bytes) -> Run:
    """One run.

    Raises:
        UnknownRunError: there is none.
    """
    rows = await connection.fetch(QUERIES["list_runs"], None, uuid_of(wanted), 1)
    if not rows:
        raise UnknownRunError
    return _run(rows[0])


def _run(row: Any) -> Run:
    return Run(
        id=row["run"].bytes,
        method=row["method"],
        currency=row["currency"],
        account=row["account"],
        proposed_by=id_or_none(row["proposed_by"]),
        proposed_actor=row["proposed_actor"],
        proposed_at=row["proposed_at"],
        approved_actor=row["approved_actor"],
        approved_at=row["approved_at"],
        message=row["message"],
        sent_at=row["made_at"],
        payouts=row["payouts"],
        total=row["total"],
        states=msgspec.json.decode(row["states"], type=dict[str, int]),
    )


async def payouts(
    connection: Connection,
    *,
    before: bytes | None = None,
    of_run: bytes | None = None,
    vendor: bytes | None = None,
    state: PayoutState | None = None,
    limit: int,
) -> Sequence[Any]:
    """The rows of payouts before one, the newest first, with their vendors' names."""
    return list(
        await connection.fetch(
            QUERIES["list_payouts"],
            *(uuid_or_none(one) for one in (before, of_run, vendor)),
            state.value if state is not None else None,
            limit,
        )
    )


async def read(connection: Connection, payout: bytes) -> Any:
    """A payout's row.

    Raises:
        UnknownPayoutError: there is none.
    """
    row = await connection.fetchrow(QUERIES["read_payout"], uuid_of(payout))
    if row is None:
        raise UnknownPayoutError
    return row


async def story(services: Services, payout: bytes) -> Story:
    """One payout with all that is known of it.

    Raises:
        UnknownPayoutError: there is none.
    """
    wanted = uuid_of(payout)
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await read(connection, payout)
        events = await connection.fetch(QUERIES["events_of_payout"], wanted)
        return Story(row, events, await connection.fetch(QUERIES["entries_of_payout"], wanted))

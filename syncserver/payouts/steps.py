"""A payout's steps: each change of state with the transfer that belongs to it, written together.

Whoever takes a step locks the admin first who does it, then the run where there is one, then its payouts, sorted, then
what the vendors of all of them are owed: each kind by one statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.lifecycles import PAYOUT, PayoutState, check_step
from shared.money import Money
from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.ledger import payables
from syncserver.ledger.postings import Account, Cause
from syncserver.ledger.vendor_postings import VendorPostings

QUERIES = load(Path(__file__).parent)
_S = PayoutState
# (before, after) -> debit, credit, cause; a step that is not here moves nothing.
MOVEMENTS = {
    (None, _S.PROPOSED): (Account.VENDOR, Account.CLEARING, Cause.PAYOUT),
    (_S.PROPOSED, _S.CANCELLED): (Account.CLEARING, Account.VENDOR, Cause.PAYOUT_BACK),
    (_S.APPROVED, _S.CANCELLED): (Account.CLEARING, Account.VENDOR, Cause.PAYOUT_BACK),
    (_S.SENT, _S.PAID): (Account.CLEARING, Account.BANK, Cause.PAID),
    (_S.SENT, _S.FAILED): (Account.CLEARING, Account.VENDOR, Cause.PAYOUT_BACK),
    (_S.SENT, _S.RETURNED): (Account.CLEARING, Account.VENDOR, Cause.PAYOUT_BACK),
    (_S.PAID, _S.RETURNED): (Account.BANK, Account.VENDOR, Cause.PAYOUT_BACK),
    (_S.FAILED, _S.PAID): (Account.VENDOR, Account.BANK, Cause.PAID),
    (_S.CANCELLED, _S.PAID): (Account.VENDOR, Account.BANK, Cause.PAID),
}


@dataclass(slots=True)
class Payout:
    """A payout whose row this transaction has locked; its state runs along. `ours` is the account that pays it."""

    id: bytes
    run: bytes
    vendor: bytes
    money: Money
    end_to_end: str
    account: str
    holder: str
    bic: str | None
    account_version: int
    method: str
    ours: str
    state: PayoutState
    events: int

    @classmethod
    def of(cls, row: Any) -> "Payout":
        """A row of `payout`, with its run's account and method."""
        return cls(
            id=row["payout"].bytes,
            run=row["run"].bytes,
            vendor=row["vendor"].bytes,
            money=Money(row["amount"], row["currency"]),
            end_to_end=row["end_to_end"],
            account=row["account"],
            holder=row["holder"],
            bic=row["bic"],
            account_version=row["account_version"],
            method=row["method"],
            ours=row["ours"],
            state=PayoutState(row["state"]),
            events=row["events"],
        )


@dataclass(frozen=True, slots=True)
class _Event:
    payout: bytes
    number: int
    before: PayoutState | None
    after: PayoutState
    note: str | None


@dataclass(slots=True)
class Steps:
    """What one transaction changes of payouts; `note` of a step says why, where there is more to say."""

    postings: VendorPostings
    events: list[_Event] = field(default_factory=list)
    changed: dict[bytes, Payout] = field(default_factory=dict)

    @classmethod
    async def of(cls, connection: Connection, vendors: Iterable[bytes], *, actor: str, at: int) -> "Steps":
        """Lock what the vendors are owed; their payouts are locked already."""
        return cls(VendorPostings(at, actor, await payables.lock_payables(connection, vendors)))

    def begin(self, payout: Payout) -> None:
        """A payout is proposed: its money leaves what the vendor is owed.

        Raises:
            InsufficientFundsError: it is owed less.
        """
        self._step(payout, None, PayoutState.PROPOSED, None)

    def take(self, payout: Payout, after: PayoutState, note: str | None = None) -> None:
        """Take a payout to its next state.

        Raises:
            LifeCycleError: where it has no such step.
        """
        check_step(PAYOUT, payout.state, after)
        before, payout.state = payout.state, after
        self._step(payout, before, after, note)

    def _step(self, payout: Payout, before: PayoutState | None, after: PayoutState, note: str | None) -> None:
        if movement := MOVEMENTS.get((before, after)):
            debit, credit, cause = movement
            self.postings.move(payout.vendor, debit, credit, payout.money.minor, cause, payout=payout.id)
        payout.events += 1
        self.events.append(_Event(payout.id, payout.events, before, after, note))
        self.changed[payout.id] = payout

    async def write(self, connection: Connection) -> None:
        """Write states, events and transfers, in the caller's transaction."""
        await payables.write(connection, self.postings)
        changed = list(self.changed.values())
        await connection.execute(
            QUERIES["set_payout_states"],
            uuids(one.id for one in changed),
            [one.state.value for one in changed],
            [one.events for one in changed],
            self.postings.at,
        )
        await connection.execute(
            QUERIES["write_payout_events"],
            uuids(one.payout for one in self.events),
            [one.number for one in self.events],
            [one.before.value if one.before is not None else None for one in self.events],
            [one.after.value for one in self.events],
            self.postings.at,
            self.postings.actor,
            [one.note for one in self.events],
        )


async def lock_of_run(connection: Connection, run: bytes) -> Sequence[Payout]:
    """A run's payouts, locked; the run is locked already."""
    rows = await connection.fetch(QUERIES["lock_payouts_of_run"], *uuids([run]))
    return [Payout.of(row) for row in rows]

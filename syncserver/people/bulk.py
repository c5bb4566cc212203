"""Deciding all flagged payments of a filter with one word: noted as they are, then one by one, each once.

The admin types how many there are. What waits then is noted with its versions; each step decides some of it, every
payment in a transaction of its own, with what became of it. A step that broke off, or another beside it, decides
nothing twice; whoever decides a payment in another way meanwhile comes first.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from shared.ids import UUID7_RANDOM_BYTES, uuid7, uuid_text
from shared.words import Word
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.payments import review, views
from syncserver.payments.errors import (
    BulkCountError,
    DecidedMeanwhileError,
    NotFlaggedError,
    TalkedMeanwhileError,
    UnknownBulkReviewError,
)
from syncserver.payments.online import QUERIES
from syncserver.payments.queue import Filter
from syncserver.people.access import Caller
from syncserver.people.reviewing import Decision, decide
from syncserver.services import Services

# As many payments as one step decides: a second's work or two.
AT_ONCE = 100


class Outcome(Word):
    """What became of one payment."""

    DECIDED = "decided"
    DECIDED_BEFORE = "decided_before"
    CHANGED = "changed"  # its vendor answered since: somebody has to look
    NEEDS_SECOND = "needs_second"


@dataclass(frozen=True, slots=True)
class Bulk:
    """What an admin wants to decide together. `at` in ms."""

    id: bytes
    approve: bool
    reason: str | None
    asked_by: bytes
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: payments and sums (minor units) by outcome and currency; without an outcome they are left."""

    parts: Sequence[tuple[Outcome | None, str, int, int]]

    @property
    def left(self) -> int:
        """How many payments are still to be decided."""
        return sum(payments for outcome, _, payments, _ in self.parts if outcome is None)


async def begin(
    connection: Connection, services: Services, admin: Caller, of: Filter, *, decision: Decision, typed: int
) -> bytes:
    """Note what waits in a filter, in the caller's transaction; its id.

    Raises:
        BulkCountError: there are not as many as the admin typed. Nothing was noted.
        ReasonRequiredError, DecodingError: a rejection needs its reason.
    """
    review.check_reason(approve=decision.approve, reason=decision.reason)
    at = services.clock()
    bulk = uuid7(at, services.random(UUID7_RANDOM_BYTES))
    written = await connection.execute(QUERIES["write_bulk_items"], *of.arguments, uuid_of(bulk))
    count = int(written.rpartition(" ")[2])
    if count != typed or count == 0:
        raise BulkCountError(f"{count} payments wait in this filter, not {typed}: look again.")
    named = {name: uuid_text(value) if type(value) is bytes else value for name, value in asdict(of).items()}
    chosen = {name: value for name, value in named.items() if value is not None}
    await connection.execute(
        QUERIES["write_bulk"],
        uuid_of(bulk),
        decision.approve,
        decision.reason,
        msgspec.json.encode(chosen).decode(),
        uuid_of(admin.user_id),
        count,
        at,
    )
    await trail.note(
        connection,
        services,
        action=f"payment.{decision.word}_all",
        object_=f"bulk {uuid_text(bulk)}",
        actor=admin.actor,
        after={"payments": count, "filter": chosen},
        reason=decision.reason,
    )
    return bulk


async def read(connection: Connection, bulk: bytes) -> Bulk:
    """What an admin wanted to decide together.

    Raises:
        UnknownBulkReviewError: nobody did.
    """
    row = await connection.fetchrow(QUERIES["read_bulk"], uuid_of(bulk))
    if row is None:
        raise UnknownBulkReviewError
    return Bulk(bulk, row["approve"], row["reason"], row["asked_by"].bytes, row["count"], row["at"])


async def go_on(services: Services, admin: Caller, bulk: bytes, at_once: int = AT_ONCE) -> Progress:
    """Decide the next payments of it, in the name of the admin who began it; how far it is then.

    Raises:
        UnknownBulkReviewError: this admin began no such thing.
    """
    async with services.pool.acquire() as connection:
        asked = await read(connection, bulk)
        if asked.asked_by != admin.user_id:
            raise UnknownBulkReviewError
        for _ in range(at_once):
            async with connection.transaction():
                if not await _decide_next(connection, services, admin, asked):
                    break
        return await progress(connection, bulk)


async def _decide_next(connection: Connection, services: Services, admin: Caller, asked: Bulk) -> bool:
    row = await connection.fetchrow(QUERIES["next_bulk_item"], uuid_of(asked.id))
    if row is None:
        return False
    view = await views.look_up(connection, row["payment"].bytes, row["wallet"])
    decision = Decision(approve=asked.approve, reason=asked.reason, version=row["version"])
    try:
        # What a refusal has written is undone, but not that this payment was looked at.
        async with connection.transaction():
            done = await decide(connection, services, admin, view, decision)
        outcome = Outcome.DECIDED if done else Outcome.NEEDS_SECOND
    except (NotFlaggedError, DecidedMeanwhileError):
        outcome = Outcome.DECIDED_BEFORE
    except TalkedMeanwhileError:
        outcome = Outcome.CHANGED
    await connection.execute(
        QUERIES["set_bulk_outcome"], uuid_of(asked.id), row["position"], outcome.value, services.clock()
    )
    return True


async def progress(connection: Connection, bulk: bytes) -> Progress:
    """How far it is."""
    rows = await connection.fetch(QUERIES["bulk_progress"], uuid_of(bulk))
    return Progress(
        [
            (Outcome(row["outcome"]) if row["outcome"] else None, row["currency"], row["payments"], row["amount"])
            for row in rows
        ]
    )


async def items(
    connection: Connection, bulk: bytes, *, behind: int, outcome: Outcome | None, limit: int
) -> Sequence[Any]:
    """Rows of what became of each, from behind a position on."""
    word = outcome.value if outcome is not None else None
    return list(await connection.fetch(QUERIES["bulk_items"], uuid_of(bulk), behind, word, limit))

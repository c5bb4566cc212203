"""Judges batches in pieces: while the database writes one, the next is being judged.

All that decides a piece is read under the locks and before it is judged; so pieces change nothing but when the work is
done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from shared.journal import Payment, Void
from syncserver.database.connection import Connection
from syncserver.judge.authenticity import Arrival, Upload
from syncserver.judge.batch import judge_batch
from syncserver.sync.statements import Case, Mark, Money, Statement, money_since, records_since
from syncserver.sync.tenders import Noting
from syncserver.sync.threads import beside_the_loop, meanwhile
from syncserver.sync.writing import write_money, write_records

# Nothing is written while the first piece is judged. Writing takes about twice as long as judging, so two thirds are
# judged while one is written. More pieces cost as much for their statements as they give.
_FIRST_PART = 3
_WORTH_PIECES = 120
_T = TypeVar("_T")

# Whose upload, by its place among all, and how much of it.
Share = tuple[int, Sequence[Arrival]]


async def judge_and_write(
    connection: Connection,
    cases: Sequence[Case],
    pieces: Sequence[Sequence[Share]],
    ahead: Callable[[], Awaitable[Noting]] | None,
    conclude: Callable[[], _T],
) -> _T:
    """Judge batches and write their records, payments and money; the rest of the judgement is still to be written.

    Args:
        connection: in their transaction.
        cases: the batches.
        pieces: all of them, in pieces.
        ahead: reads what the pieces behind the first need, where that is not read yet.
        conclude: what follows from the whole judgement; it is found while the last piece is written.
    """
    # All of it in the worker or all of it here: else what comes next could overtake what came before.
    records = sum(len(case.upload.arrivals) for case in cases)
    first, *others = pieces
    judging = _judge(records, cases, first)
    noting = await meanwhile(ahead(), *judging.tasks) if ahead is not None else None
    for shares in others:
        await meanwhile(judging.records, *judging.tasks)
        behind = _judge(records, cases, shares, noting)
        noting = None
        await meanwhile(judging.write(connection), *judging.tasks, *behind.tasks)
        judging = behind
    await meanwhile(judging.records, *judging.tasks)
    concluding = asyncio.create_task(beside_the_loop(records, conclude))
    await meanwhile(judging.write(connection), *judging.tasks, concluding)
    return await concluding


def pieces_of(uploads: Sequence[Upload]) -> list[list[Share]]:
    """Uploads in their order, in as many pieces as are worth it; at least one.

    A void changes what a payment before it has become, so a batch with voids is written when all of it is judged.
    """
    sizes = _sizes(sum(len(upload.arrivals) for upload in uploads))
    pieces: list[list[Share]] = [[]]
    room = next(sizes)
    for place, upload in enumerate(uploads):
        rest = upload.arrivals
        whole = any(isinstance(arrival.record, Void) for arrival in rest)
        while True:
            if room <= 0:
                pieces.append([])
                room = next(sizes)
            part = rest if whole else rest[:room]
            pieces[-1].append((place, part))
            room -= len(part)
            rest = rest[len(part) :]
            if not rest:
                break
    return pieces


def wallets_of(piece: Sequence[Share]) -> set[str]:
    """The wallets that pay in a piece."""
    return {
        arrival.record.wallet for _, arrivals in piece for arrival in arrivals if isinstance(arrival.record, Payment)
    }


def _sizes(total: int) -> Iterator[int]:
    """How many records are in each piece at most, without an end; the second has room for all that is left."""
    if total >= _WORTH_PIECES:
        yield -(-total // _FIRST_PART)
    while True:
        yield max(1, total)


@dataclass(frozen=True, slots=True)
class _Judging:
    """A piece that is being judged: its records are put together first, and written while its money is put together."""

    records: "asyncio.Task[Statement | None]"
    money: "asyncio.Task[Money]"

    @property
    def tasks(self) -> "tuple[asyncio.Task[Statement | None], asyncio.Task[Money]]":
        return self.records, self.money

    async def write(self, connection: Connection) -> None:
        await write_records(connection, await self.records)
        await write_money(connection, await self.money)


def _judge(records: int, cases: Sequence[Case], shares: Sequence[Share], noting: Noting | None = None) -> _Judging:
    marks: list[tuple[Case, Mark]] = []

    def judge() -> Statement | None:
        if noting is not None:
            noting()
        for place, arrivals in shares:
            case = cases[place]
            marks.append((case, Mark.of(case)))
            judge_batch(arrivals, case.facts, case.judgement)
        return records_since(marks)

    # One after the other, and before whatever is judged next: balances are those behind this piece.
    judging = asyncio.create_task(beside_the_loop(records, judge))
    return _Judging(judging, asyncio.create_task(beside_the_loop(records, partial(money_since, marks))))

"""Judges batches in pieces: while the database writes one, the next is being judged.

All that decides is read before, under the locks; so pieces change nothing but when the work is done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from shared.journal import Void
from syncserver.database.connection import Connection
from syncserver.judge.authenticity import Arrival
from syncserver.judge.batch import judge_batch
from syncserver.sync.threads import beside_the_loop
from syncserver.sync.writing import Case, Mark, Piece, put_together, write_piece

# Smaller pieces overlap more, and each costs three statements.
_LEAST_RECORDS = 60
_MOST_PIECES = 2
_T = TypeVar("_T")

# Whose upload, and how much of it.
Share = tuple[Case, Sequence[Arrival]]


async def judge_and_write(connection: Connection, cases: Sequence[Case], conclude: Callable[[], _T]) -> _T:
    """Judge batches and write their records, payments and money; the rest of the judgement is still to be written.

    `conclude` is what follows from the whole judgement; it is found while the last piece is written.
    """
    first, *others = pieces_of(cases)
    judging = _judge(first)
    for shares in others:
        piece = await judging
        judging = _judge(shares)
        await _beside(judging, write_piece(connection, piece))
    piece = await judging
    records = sum(len(case.upload.arrivals) for case in cases)
    concluding = asyncio.create_task(beside_the_loop(records, conclude))
    await _beside(concluding, write_piece(connection, piece))
    return await concluding


async def _beside(task: "asyncio.Task[Any]", writing: Awaitable[None]) -> None:
    """Write while a task is at work. Its thread has the facts: whatever happens, nobody else may until it is done."""
    try:
        await writing
    except BaseException:
        await asyncio.gather(task, return_exceptions=True)
        raise


def pieces_of(cases: Sequence[Case]) -> list[list[Share]]:
    """Batches in their order, in as many pieces as are worth it; at least one.

    A void changes what a payment before it has become, so a batch with voids is written when all of it is judged.
    """
    total = sum(len(case.upload.arrivals) for case in cases)
    count = max(1, min(_MOST_PIECES, total // _LEAST_RECORDS))
    size = max(1, -(-total // count))
    pieces: list[list[Share]] = [[]]
    room = size
    for case in cases:
        for arrivals in _parts(case.upload.arrivals, room, size):
            if room <= 0:
                pieces.append([])
                room = size
            pieces[-1].append((case, arrivals))
            room -= len(arrivals)
    return pieces


def _parts(arrivals: Sequence[Arrival], room: int, size: int) -> Iterable[Sequence[Arrival]]:
    """A batch in parts: what there is room for, and the rest by its size."""
    if any(isinstance(arrival.record, Void) for arrival in arrivals):
        yield arrivals
        return
    begin, end = 0, room if room > 0 else size
    while begin < len(arrivals) or begin == 0:
        yield arrivals[begin:end]
        begin, end = end, end + size


def _judge(shares: Sequence[Share]) -> "asyncio.Task[Piece]":
    def work() -> Piece:
        marks: list[tuple[Case, Mark]] = []
        for case, arrivals in shares:
            marks.append((case, Mark.of(case)))
            judge_batch(arrivals, case.facts, case.judgement)
        return put_together(marks)

    return asyncio.create_task(beside_the_loop(sum(len(arrivals) for _, arrivals in shares), work))

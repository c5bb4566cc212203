"""Judges a batch in pieces: while the database writes one, the next is being judged.

All that decides is read before, under the locks; so pieces change nothing but when the work is done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from shared.journal import Void
from syncserver.database.connection import Connection
from syncserver.judge.authenticity import Arrival
from syncserver.judge.batch import Judgement, judge_batch
from syncserver.judge.facts import BatchFacts
from syncserver.sync.reading import Upload
from syncserver.sync.threads import beside_the_loop
from syncserver.sync.writing import Mark, Piece, put_together, write_piece

# Smaller pieces overlap more, and each costs three statements.
_LEAST_RECORDS = 60
_MOST_PIECES = 2
_T = TypeVar("_T")


async def judge_and_write(
    connection: Connection, upload: Upload, facts: BatchFacts, conclude: Callable[[Judgement], _T]
) -> tuple[Judgement, _T]:
    """Judge a batch and write its records, payments and money; the rest of the judgement is still to be written.

    `conclude` is what follows from the whole judgement; it is found while the last piece is written.
    """
    judgement = Judgement()
    first, *others = pieces_of(upload.arrivals)
    judging = _judge(upload, facts, judgement, first)
    for arrivals in others:
        piece = await judging
        judging = _judge(upload, facts, judgement, arrivals)
        await _beside(judging, write_piece(connection, piece))
    piece = await judging
    concluding = asyncio.create_task(beside_the_loop(len(upload.arrivals), partial(conclude, judgement)))
    await _beside(concluding, write_piece(connection, piece))
    return judgement, await concluding


async def _beside(task: "asyncio.Task[Any]", writing: Awaitable[None]) -> None:
    """Write while a task is at work. Its thread has the facts: whatever happens, nobody else may until it is done."""
    try:
        await writing
    except BaseException:
        await asyncio.gather(task, return_exceptions=True)
        raise


def pieces_of(arrivals: Sequence[Arrival]) -> list[Sequence[Arrival]]:
    """A batch in its order, in as many pieces as are worth it; at least one.

    A void changes what a payment before it has become, so a batch with voids is written when all of it is judged.
    """
    count = max(1, min(_MOST_PIECES, len(arrivals) // _LEAST_RECORDS))
    if count == 1 or any(isinstance(arrival.record, Void) for arrival in arrivals):
        return [arrivals]
    size = -(-len(arrivals) // count)
    return [arrivals[start : start + size] for start in range(0, len(arrivals), size)]


def _judge(
    upload: Upload, facts: BatchFacts, judgement: Judgement, arrivals: Sequence[Arrival]
) -> "asyncio.Task[Piece]":
    def work() -> Piece:
        since = Mark.of(facts, judgement)
        judge_batch(arrivals, facts, judgement)
        return put_together(upload, facts, judgement, since)

    return asyncio.create_task(beside_the_loop(len(arrivals), work))

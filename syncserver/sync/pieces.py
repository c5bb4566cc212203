"""Judges a batch in pieces: while the database writes one, the next is being judged.

All that decides is read before, under the locks; so pieces change nothing but when the work is done.
"""

import asyncio
from collections.abc import Sequence

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
_MOST_PIECES = 6


async def judge_and_write(connection: Connection, upload: Upload, facts: BatchFacts) -> Judgement:
    """Judge a batch and write its records, payments and money; the rest of the judgement is still to be written."""
    judgement = Judgement()
    pieces = pieces_of(upload.arrivals)
    judging = _judge(upload, facts, judgement, pieces[0])
    for following in [*pieces[1:], None]:
        piece = await judging
        if following is None:
            await write_piece(connection, piece)
            break
        judging = _judge(upload, facts, judgement, following)
        try:
            await write_piece(connection, piece)
        except BaseException:
            # Its thread goes on with these facts: nobody else may, until it is done.
            await asyncio.gather(judging, return_exceptions=True)
            raise
    return judgement


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

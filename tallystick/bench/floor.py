"""The floor: the rows that settling a backlog writes, written set-based with no checks at all.

The server's own way is run once in a transaction that is rolled back, and what each batch came to is kept: its rows, as
objects in memory. Writing them again makes the same rows by the same statements in the same transactions, each batch
whole: no locks, no reads, no signature, no rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.messages.batch import decode_batch
from syncserver.database.connection import Connection
from syncserver.judge.batch import judge_batch
from syncserver.judge.chain import through_of
from syncserver.judge.moment import Sending
from syncserver.services import Services
from syncserver.sync.intake import authenticate, sign
from syncserver.sync.reading import read_facts
from syncserver.sync.statements import Case, Mark, money_since, records_since
from syncserver.sync.writing import Ending, write_money, write_records, write_rest
from tallystick.bench.errors import BenchError
from tallystick.bench.world import Backlog


@dataclass(frozen=True, slots=True)
class Rows:
    """What one batch writes."""

    case: Case
    ending: Ending

    async def write(self, connection: Connection) -> None:
        """Write it, in the caller's transaction."""
        written = [(self.case, Mark())]
        await write_records(connection, records_since(written))
        await write_money(connection, money_since(written))
        await write_rest(connection, [(self.case, self.ending)])


async def record_rows(services: Services, backlog: Backlog) -> list[Rows]:
    """What each batch of a backlog writes; the database is left as it was.

    Raises:
        BenchError: where the batches are not those of a till that simply goes on.
    """
    batches: list[Rows] = []
    async with services.settling_pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            for body in backlog.bodies:
                batch = decode_batch(body)
                sending = Sending(services.clock(), batch.tick, batch.boot)
                upload = await authenticate(services, backlog.device, batch, sending)
                (facts,) = (await read_facts(connection, [upload], services.kek)).facts
                case = Case(upload, facts)
                judge_batch(upload.arrivals, facts, case.judgement)
                ranges = case.judgement.ranges(facts.chain.ranges)
                head = facts.chain.link_at(through_of(ranges))
                if head is None:
                    raise BenchError("these batches leave a gap")
                receipt = sign(upload, ranges, head, case.judgement.results, services.keys.active)
                rows = Rows(case, Ending(ranges, head, receipt))
                await rows.write(connection)
                batches.append(rows)
        finally:
            await transaction.rollback()
    return batches


async def write_again(connection: Connection, batches: Sequence[Rows]) -> None:
    """Write the same rows, a transaction a batch."""
    for rows in batches:
        async with connection.transaction():
            await rows.write(connection)

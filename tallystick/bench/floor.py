"""The floor: the rows that settling a backlog writes, written set-based with no checks at all.

The server's own way is run once in a transaction that is rolled back, while a recorder keeps its writing statements
and their arguments. Replaying them writes the same rows in the same transactions: no locks, no reads, no signature, no
rule.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from shared.messages.batch import decode_batch
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.sync import intake
from tallystick.bench.world import Backlog

Statement = tuple[str, tuple[Any, ...]]


@dataclass(slots=True)
class _Recorder:
    """A connection that is real, and remembers what was written on it."""

    connection: Any
    written: list[Statement] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        self.written.append((query, args))
        tag: str = await self.connection.execute(query, *args, **options)
        return tag


@dataclass(slots=True)
class _OneConnection:
    """A pool that lends the recorder."""

    recorder: _Recorder

    @asynccontextmanager
    async def acquire(self, timeout: float = 0) -> AsyncIterator[_Recorder]:  # noqa: ARG002, ASYNC109 - asyncpg's
        yield self.recorder


async def record_writes(services: Services, backlog: Backlog) -> list[list[Statement]]:
    """The statements that each batch of a backlog writes, batch by batch; the database is left as it was."""
    batches: list[list[Statement]] = []
    async with services.settling_pool.acquire() as connection:
        recorder = _Recorder(connection)
        recording: Any = _OneConnection(recorder)
        recorded = replace(services, settling_pool=recording)
        transaction = connection.transaction()
        await transaction.start()
        try:
            for body in backlog.bodies:
                await intake.ingest(recorded, backlog.device, decode_batch(body))
                batches.append(recorder.written)
                recorder.written = []
        finally:
            await transaction.rollback()
    return batches


async def replay(connection: Connection, batches: Sequence[Sequence[Statement]]) -> None:
    """Write the same rows again, a transaction a batch."""
    for statements in batches:
        async with connection.transaction():
            for query, arguments in statements:
                await connection.execute(query, *arguments)

"""The server that a bench measures: its own PostgreSQL in a folder of its own, with the settings that it ships with."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg

from syncserver.composition import initialise, open_database, open_services
from syncserver.database.connect import DatabaseTarget
from syncserver.postgres import DATABASE
from syncserver.reconcile.checks import reconcile
from syncserver.services import Services
from syncserver.settings import ServerSettings
from tallystick.bench.errors import BenchError

SHOWN = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "jit")


@contextmanager
def bench_folder() -> Iterator[Path]:
    """A folder with a short path, because sockets need one; everything in it is play money, and it goes at the end."""
    with tempfile.TemporaryDirectory(prefix="tallystick-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@dataclass(frozen=True, slots=True)
class Office:
    """A server's services, and its database as its owner sees it."""

    services: Services
    settings: ServerSettings
    target: DatabaseTarget
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _by_count: dict[int, Services] = field(default_factory=dict)

    async def settling(self, at_once: int) -> Services:
        """The services of a server that settles that many batches at once, each on a connection of its own."""
        if at_once not in self._by_count:
            pool = await self._stack.enter_async_context(await self.target.settling_pool(at_once))
            self._by_count[at_once] = replace(self.services, settling_pool=pool)
        return self._by_count[at_once]

    async def settle_down(self) -> None:
        """Fresh statistics and no dead rows: no measurement pays for what was prepared before it."""
        owner = await self.target.connect_owner()
        try:
            await owner.execute("VACUUM (ANALYZE)")
        finally:
            await owner.close()

    async def database_settings(self) -> dict[str, str]:
        """What decides the speed of the database, as it runs."""
        rows = await self.services.pool.fetch(
            "SELECT name, current_setting(name) AS setting FROM pg_settings WHERE name = ANY ($1)", list(SHOWN)
        )
        return {row["name"]: row["setting"] for row in rows}

    async def require_reconciled(self) -> None:
        """Make sure that nothing is wrong with the money.

        Raises:
            BenchError: with what was found.
        """
        found = await reconcile(self.services)
        if not found.ok:
            raise BenchError(f"reconcile found {len(found.findings)} rows, the first: {found.findings[0]}")


@asynccontextmanager
async def open_office(home: Path, *, connections: int = 10) -> AsyncIterator[Office]:
    """A server in a folder, with an empty database that is dropped at the end, so that parts can use one after another.

    PostgreSQL itself is set up once in a folder, which takes longer than all the rest.
    """
    settings = ServerSettings(home=home, pool_size=connections)
    was_here = await asyncio.to_thread(home.exists)
    async with open_database(settings) as target:
        if was_here:
            await _as_maintainer(target, f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}")
        await initialise(settings)
        async with open_services(settings) as services, AsyncExitStack() as stack:
            yield Office(services, settings, target, stack)
        # PostgreSQL, which stops now, need not write to the disk what nobody needs any more.
        with suppress(asyncpg.ObjectInUseError):
            await _as_maintainer(target, f"DROP DATABASE {DATABASE}")


async def _as_maintainer(target: DatabaseTarget, *statements: str) -> None:
    owner = await asyncpg.connect(**{**target.owner, "database": "postgres"})
    try:
        for statement in statements:
            await owner.execute(statement)
    finally:
        await owner.close()

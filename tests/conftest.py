"""Databases for tests: one PostgreSQL a session, and a fresh database for each test that asks for one.

TALLYSTICK_TEST_DATABASE_URL, a superuser's URL, names another server to use instead of the embedded one.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import pytest

from syncserver.database.connect import DatabaseTarget
from syncserver.database.migrations import migrate
from syncserver.postgres import EmbeddedPostgres, Role
from syncserver.postgres.folders import TEMPORARY

# Tests read what is said, whatever the language of whoever runs them.
os.environ["TALLYSTICK_LANGUAGE"] = "en"
# Programs that tests start by the hundred read what the first of them compiled, as they do where they are installed.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

pytest_plugins = ["tests.reporting"]

TEST_URL = "TALLYSTICK_TEST_DATABASE_URL"

# A test's database need not survive a power cut, and its log lies in memory.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}

# Linux' folder in memory, where a database is copied in a tenth of the time, as long as it has room for all of them.
MEMORY = Path("/dev/shm")  # noqa: S108  # what goes there gets a private folder
ROOM_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A PostgreSQL server on which tests may do anything: connection arguments by role and database."""

    arguments: Callable[[Role, str], dict[str, Any]]

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Runs one statement as the superuser."""

        async def run() -> None:
            connection = await asyncpg.connect(**self.arguments(Role.SUPERUSER, database))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def target(self, database: str) -> DatabaseTarget:
        """The owner's and the server's way into a database."""
        return DatabaseTarget(
            owner=self.arguments(Role.OWNER, database), server=self.arguments(Role.SERVER, database), embedded=True
        )

    @contextmanager
    def fresh(self, purpose: str, template: str = "template0") -> Iterator[DatabaseTarget]:
        """A database of its own, owned by `tallystick_owner`, dropped afterwards even if sessions are left in it."""
        name = f"tallystick_{purpose}_{os.urandom(6).hex()}"
        # Copying files beats copying through the log seven times over where nothing is synced to disk.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY OWNER {Role.OWNER.value}")
        try:
            yield self.target(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    url = os.environ.get(TEST_URL)
    if url:
        yield _external(url)
    else:
        with short_folder() as folder, EmbeddedPostgres(folder / "home", settings=FAST) as postgres:
            yield DatabaseServer(lambda role, database: postgres.login(role, database).arguments())


@pytest.fixture(scope="session")
def template_database(database_server: DatabaseServer) -> Iterator[str]:
    """The name of a database with every migration applied, to copy from."""

    async def fill(target: DatabaseTarget) -> None:
        connection = await target.connect_owner()
        try:
            await migrate(connection)
        finally:
            await connection.close()

    with database_server.fresh("template") as target:
        asyncio.run(fill(target))
        yield str(target.owner["database"])


@pytest.fixture
def database(database_server: DatabaseServer, template_database: str) -> Iterator[DatabaseTarget]:
    """A fresh database with the whole schema."""
    with database_server.fresh("test", template_database) as target:
        yield target


@pytest.fixture
def blank_database(database_server: DatabaseServer) -> Iterator[DatabaseTarget]:
    """A fresh database with nothing in it."""
    with database_server.fresh("blank") as target:
        yield target


def _external(url: str) -> DatabaseServer:
    """Someone else's server: its superuser takes on the roles, so that none of them needs a password."""

    def arguments(role: Role, database: str) -> dict[str, Any]:
        settings = {} if role is Role.SUPERUSER else {"role": role.value}
        return {"dsn": url, "database": database, "server_settings": settings}

    server = DatabaseServer(arguments)
    for role, right in ((Role.OWNER, "CREATEDB"), (Role.SERVER, "NOCREATEDB")):
        server.execute(
            f"DO $$BEGIN CREATE ROLE {role.value} NOLOGIN {right}; EXCEPTION WHEN duplicate_object THEN NULL; END$$"
        )
    return server


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a Unix socket's, as pytest's own may not; in memory where that has room."""
    with TemporaryDirectory(prefix="tallystick-test-", dir=MEMORY if _has_room(MEMORY) else TEMPORARY) as folder:
        yield Path(folder)


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM_BYTES


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder that does not exist yet."""
    with short_folder() as folder:
        yield folder / "home"

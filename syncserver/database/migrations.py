"""Numbered SQL files, applied once each, in order, forward only."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from syncserver.database.errors import (
    MigrationAlteredError,
    MigrationFailedError,
    MigrationFileError,
    MigrationMissedError,
    MigrationUnknownError,
)

FOLDER = Path(__file__).parent / "migrations"
FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")

# Any number serves, as long as nothing else in this database takes the same advisory lock.
LOCK = 0x74616C6C79

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL,
    checksum bytea NOT NULL CHECK (length(checksum) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON schema_migration TO PUBLIC;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name with the number but without `.sql`, its text and the text's SHA-256."""

    number: int
    name: str
    sql: str
    checksum: bytes


async def migrate(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """Applies what is not yet applied, each migration in a transaction of its own; gives the names applied.

    Any number of processes may call it at once: one works, the others wait and find nothing left to do.

    Raises:
        DatabaseError: one of its Migration kinds, naming the migration; those before it stay applied.
    """
    migrations = read(folder)
    async with _alone(connection):
        await connection.execute(CREATE_TABLE)
        todo = await _unapplied(connection, migrations)
        for migration in todo:
            await _apply(connection, migration)
    return [migration.name for migration in todo]


async def pending(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """The names of the migrations that `migrate` would apply; any role may ask.

    Raises:
        DatabaseError: one of its Migration kinds, as `migrate` would.
    """
    return [migration.name for migration in await _unapplied(connection, read(folder))]


def read(folder: Path) -> list[Migration]:
    """The migrations in `folder`, in order.

    Raises:
        MigrationFileError: if a file is misnamed, or the numbers do not run 1, 2, 3 and so on.
    """
    migrations = [_read_file(path) for path in sorted(folder.glob("*.sql"))]
    for expected, migration in enumerate(migrations, start=1):
        if migration.number != expected:
            raise MigrationFileError(f"{migration.name} is where number {expected:04} should be.")
    return migrations


def _read_file(path: Path) -> Migration:
    match = FILE_NAME.fullmatch(path.name)
    if match is None:
        raise MigrationFileError(f"{path.name} is not named like 0001_name.sql.")
    # Universal newlines: a checkout that changes line ends has not changed the migration.
    sql = path.read_text(encoding="utf-8")
    return Migration(int(match["number"]), path.stem, sql, hashlib.sha256(sql.encode()).digest())


@asynccontextmanager
async def _alone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=None)
    try:
        yield
    finally:
        if not connection.is_closed():  # a lost connection has given up its locks already
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def _unapplied(connection: asyncpg.Connection, migrations: list[Migration]) -> list[Migration]:
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return migrations
    rows = await connection.fetch("SELECT number, name, checksum FROM schema_migration ORDER BY number")
    for position, row in enumerate(rows, start=1):
        if row["number"] > len(migrations):
            raise MigrationUnknownError(f"The database has migration {row['name']}, which this program does not know.")
        if row["number"] != position:
            raise MigrationMissedError(f"{migrations[position - 1].name} was left out; {row['name']} was applied.")
        known = migrations[position - 1]
        if (row["name"], row["checksum"]) != (known.name, known.checksum):
            raise MigrationAlteredError(f"{row['name']} was changed after it was applied; write a new one instead.")
    return migrations[len(rows) :]


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    insert = "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)"
    try:
        async with connection.transaction():
            await connection.execute(migration.sql, timeout=None)
            if not connection.is_in_transaction():
                raise MigrationFailedError(f"{migration.name} ends the transaction it runs in; leave that to migrate.")
            await connection.execute(insert, migration.number, migration.name, migration.checksum)
    except asyncpg.PostgresError as error:
        raise MigrationFailedError(f"{migration.name} failed: {error}{_place(migration, error)}") from error


def _place(migration: Migration, error: asyncpg.PostgresError) -> str:
    position = getattr(error, "position", None)
    if position is None:
        return ""
    line = migration.sql.count("\n", 0, int(position) - 1) + 1
    return f" (line {line})"

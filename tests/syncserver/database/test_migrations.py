"""Migrations are applied once each, in order, and history is never rewritten."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from syncserver.database.connect import DatabaseTarget
from syncserver.database.errors import (
    MigrationAlteredError,
    MigrationFailedError,
    MigrationFileError,
    MigrationMissedError,
    MigrationUnknownError,
)
from syncserver.database.migrations import migrate, pending

pytestmark = pytest.mark.anyio

FIRST = "CREATE TABLE thing (id integer);\nINSERT INTO thing VALUES (1);\n"
SECOND = "INSERT INTO thing VALUES (2);\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_thing.sql").write_text(FIRST)
    (tmp_path / "0002_more.sql").write_text(SECOND)
    return tmp_path


async def things(connection: asyncpg.Connection) -> list[int]:
    return [row["id"] for row in await connection.fetch("SELECT id FROM thing ORDER BY id")]


async def test_all_are_applied_in_order_and_recorded(blank_database: DatabaseTarget, folder: Path) -> None:
    connection = await blank_database.connect_owner()
    assert await pending(connection, folder) == ["0001_thing", "0002_more"]
    assert await migrate(connection, folder) == ["0001_thing", "0002_more"]
    assert await things(connection) == [1, 2]
    rows = await connection.fetch("SELECT number, name, length(checksum), applied_at <= now() FROM schema_migration")
    assert [tuple(row) for row in rows] == [(1, "0001_thing", 32, True), (2, "0002_more", 32, True)]
    await connection.close()


async def test_a_second_run_does_nothing(blank_database: DatabaseTarget, folder: Path) -> None:
    connection = await blank_database.connect_owner()
    await migrate(connection, folder)
    assert await pending(connection, folder) == []
    assert await migrate(connection, folder) == []
    await connection.close()


async def test_processes_that_migrate_at_once_apply_each_only_once(
    blank_database: DatabaseTarget, folder: Path
) -> None:
    connections = [await blank_database.connect_owner() for _ in range(5)]
    applied = await asyncio.gather(*(migrate(connection, folder) for connection in connections))
    assert sorted(applied) == [[], [], [], [], ["0001_thing", "0002_more"]]
    assert await things(connections[0]) == [1, 2]
    for connection in connections:
        await connection.close()


async def test_one_that_fails_leaves_nothing_and_keeps_those_before(
    blank_database: DatabaseTarget, folder: Path
) -> None:
    (folder / "0002_more.sql").write_text("INSERT INTO thing VALUES (2);\nSELECT nonsense;\n")
    connection = await blank_database.connect_owner()
    with pytest.raises(MigrationFailedError, match=r"0002_more failed: .*nonsense.* \(line 2\)"):
        await migrate(connection, folder)
    assert await things(connection) == [1]
    assert await pending(connection, folder) == ["0002_more"]
    (folder / "0002_more.sql").write_text(SECOND)
    assert await migrate(connection, folder) == ["0002_more"]  # the lock was given back
    await connection.close()


async def test_one_that_commits_by_itself_is_refused(blank_database: DatabaseTarget, folder: Path) -> None:
    (folder / "0001_thing.sql").write_text(FIRST + "COMMIT;\n")
    connection = await blank_database.connect_owner()
    with pytest.raises(MigrationFailedError, match="ends the transaction"):
        await migrate(connection, folder)
    await connection.close()


async def test_one_that_was_altered_is_refused(blank_database: DatabaseTarget, folder: Path) -> None:
    connection = await blank_database.connect_owner()
    await migrate(connection, folder)
    (folder / "0001_thing.sql").write_text(FIRST + "-- a remark\n")
    for attempt in (migrate, pending):
        with pytest.raises(MigrationAlteredError, match="0001_thing"):
            await attempt(connection, folder)
    await connection.close()


async def test_other_line_ends_are_no_alteration(blank_database: DatabaseTarget, folder: Path) -> None:
    connection = await blank_database.connect_owner()
    await migrate(connection, folder)
    (folder / "0001_thing.sql").write_bytes(FIRST.replace("\n", "\r\n").encode())
    assert await pending(connection, folder) == []
    await connection.close()


async def test_a_database_newer_than_the_program_is_refused(blank_database: DatabaseTarget, folder: Path) -> None:
    connection = await blank_database.connect_owner()
    await migrate(connection, folder)
    (folder / "0002_more.sql").unlink()
    with pytest.raises(MigrationUnknownError, match="0002_more"):
        await migrate(connection, folder)
    await connection.close()


async def test_one_left_out_before_later_ones_is_refused(blank_database: DatabaseTarget, folder: Path) -> None:
    connection = await blank_database.connect_owner()
    await migrate(connection, folder)
    await connection.execute("DELETE FROM schema_migration WHERE number = 1")
    with pytest.raises(MigrationMissedError, match="0001_thing"):
        await migrate(connection, folder)
    await connection.close()


@pytest.mark.parametrize("name", ["0003_Name.sql", "3_name.sql", "0004_gap.sql", "0002_double.sql"])
async def test_a_misnumbered_file_is_refused(blank_database: DatabaseTarget, folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")
    connection = await blank_database.connect_owner()
    with pytest.raises(MigrationFileError):
        await migrate(connection, folder)
    await connection.close()


async def test_the_running_server_may_ask_what_is_pending(blank_database: DatabaseTarget, folder: Path) -> None:
    owner = await blank_database.connect_owner()
    await migrate(owner, folder)
    server = await blank_database.connect_server()
    assert await pending(server, folder) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute("DELETE FROM schema_migration")
    await server.close()
    await owner.close()


async def test_the_products_own_schema_is_complete_in_the_template(database: DatabaseTarget) -> None:
    connection = await database.connect_server()
    assert await pending(connection) == []
    await connection.close()

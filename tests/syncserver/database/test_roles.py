"""On a PostgreSQL that is not ours, the server's role is made when that is allowed, and asked for when not."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncserver.database.connect import DatabaseTarget
from syncserver.database.errors import RoleError
from syncserver.database.prepare import prepare
from syncserver.database.roles import ensure_roles
from syncserver.postgres import Role
from tests.conftest import DatabaseServer

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Tenant:
    """A database user of someone else's server, with a password and a database."""

    user: str
    arguments: dict[str, Any]


def _make_tenant(server: DatabaseServer, target: DatabaseTarget, rights: str) -> Iterator[Tenant]:
    user = f"tenant_{os.urandom(6).hex()}"
    database = str(target.owner["database"])
    server.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'secret' {rights}")
    server.execute(f"ALTER DATABASE {database} OWNER TO {user}")
    arguments = {**server.arguments(Role.SUPERUSER, database), "user": user, "password": "secret"}
    try:
        yield Tenant(user, arguments)
    finally:
        server.execute(f"DROP OWNED BY {user} CASCADE", database)
        server.execute(f"REASSIGN OWNED BY {user} TO {Role.OWNER.value}", database)
        server.execute(f"DROP ROLE {user}")


@pytest.fixture
def creator(database_server: DatabaseServer, blank_database: DatabaseTarget) -> Iterator[Tenant]:
    yield from _make_tenant(database_server, blank_database, "CREATEROLE")


@pytest.fixture
def plain(database_server: DatabaseServer, blank_database: DatabaseTarget) -> Iterator[Tenant]:
    yield from _make_tenant(database_server, blank_database, "")


def target_of(tenant: Tenant) -> DatabaseTarget:
    return DatabaseTarget(
        owner=tenant.arguments, server={**tenant.arguments, "server_settings": {"role": "tallystick_server"}}
    )


async def test_a_superuser_needs_nothing(database_server: DatabaseServer, blank_database: DatabaseTarget) -> None:
    database = str(blank_database.owner["database"])
    connection = await asyncpg.connect(**database_server.arguments(Role.SUPERUSER, database))
    await ensure_roles(connection)
    await connection.execute("SET ROLE tallystick_server")
    await connection.close()


async def test_a_member_takes_the_role_on_from_the_first_query(
    database_server: DatabaseServer, plain: Tenant, tmp_path: Path
) -> None:
    await asyncio.to_thread(database_server.execute, f"GRANT tallystick_server TO {plain.user}")
    (tmp_path / "0001_thing.sql").write_text("CREATE TABLE thing (id integer);")
    target = target_of(plain)
    assert await prepare(target, tmp_path) == ["0001_thing"]
    assert await prepare(target, tmp_path) == []
    pool = await target.pool(max_size=1)
    for _ in range(2):
        async with pool.acquire() as connection:
            assert await connection.fetchval("SELECT current_user::text") == "tallystick_server"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("INSERT INTO thing VALUES (1)")
    await pool.close()


async def test_a_user_without_the_right_is_told_what_to_ask_for(plain: Tenant, tmp_path: Path) -> None:
    with pytest.raises(RoleError, match=f'GRANT tallystick_server TO "{plain.user}"'):
        await prepare(target_of(plain), tmp_path)


async def test_callers_at_once_do_not_collide(database_server: DatabaseServer, creator: Tenant) -> None:
    # From PostgreSQL 16 on, CREATEROLE alone does not reach roles that others made.
    await asyncio.to_thread(database_server.execute, f"GRANT tallystick_server TO {creator.user} WITH ADMIN OPTION")
    connections = [await asyncpg.connect(**creator.arguments) for _ in range(5)]
    await asyncio.gather(*(ensure_roles(connection) for connection in connections))
    for connection in connections:
        await connection.close()

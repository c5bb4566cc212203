"""The running server connects with less right than the schema's owner, wherever the database is."""

import asyncpg
import pytest

from syncserver.database.connect import DatabaseTarget

pytestmark = pytest.mark.anyio

WHO = "SELECT current_user::text"


async def test_owner_and_server_are_different_roles(blank_database: DatabaseTarget) -> None:
    owner = await blank_database.connect_owner()
    server = await blank_database.connect_server()
    assert await owner.fetchval(WHO) == "tallystick_owner"
    assert await server.fetchval(WHO) == "tallystick_server"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute("CREATE TABLE mine (id integer)")
    await owner.close()
    await server.close()


async def test_the_role_stays_when_a_connection_goes_back_to_its_pool(blank_database: DatabaseTarget) -> None:
    pool = await blank_database.pool(max_size=1)
    for _ in range(3):
        async with pool.acquire() as connection:
            assert await connection.fetchval(WHO) == "tallystick_server"
            assert await connection.fetchval("SHOW timezone") == "UTC"
            assert await connection.fetchval("SHOW application_name") == "tallystick"
            await connection.execute("SET timezone = 'Africa/Lagos'")
    await pool.close()


async def test_a_process_that_freezes_in_a_transaction_loses_its_locks(blank_database: DatabaseTarget) -> None:
    pool = await blank_database.pool(max_size=1)
    assert await pool.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
    await pool.close()


async def test_a_pool_opens_no_more_connections_than_it_may(blank_database: DatabaseTarget) -> None:
    pool = await blank_database.pool(max_size=2)
    async with pool.acquire(), pool.acquire():
        assert pool.get_size() == 2
        assert pool.get_max_size() == 2
    await pool.close()


def test_a_url_gives_the_server_its_role_and_migrations_their_own_user() -> None:
    target = DatabaseTarget.from_url("postgresql://app@h/d", "postgresql://owner@h/d")
    assert target.server == {"dsn": "postgresql://app@h/d", "server_settings": {"role": "tallystick_server"}}
    assert target.owner == {"dsn": "postgresql://owner@h/d"}
    assert DatabaseTarget.from_url("postgresql://app@h/d").owner == {"dsn": "postgresql://app@h/d"}


def test_passwords_do_not_show_when_a_target_is_printed() -> None:
    assert "secret" not in repr(DatabaseTarget.from_url("postgresql://app:secret@h/d"))

"""A PostgreSQL of one's own, named by a URL, in place of the embedded one."""

import os
from collections.abc import Iterator
from urllib.parse import quote

import asyncpg
import pytest

from shared.lifecycles import Status
from syncserver.database.connect import DatabaseTarget
from syncserver.postgres import Role
from tests.conftest import DatabaseServer, short_folder
from tests.syncserver.processes import Site, made_site

pytestmark = pytest.mark.anyio


@pytest.fixture
def site(database_server: DatabaseServer, blank_database: DatabaseTarget) -> Iterator[Site]:
    """A home whose database is elsewhere: one user owns the schema, another one runs the server."""
    database = str(blank_database.owner["database"])
    owner, runner = (f"{name}_{os.urandom(6).hex()}" for name in ("owner", "runner"))
    for user in (owner, runner):
        database_server.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'se/cret'")
    database_server.execute(f"GRANT tallystick_server TO {runner}")
    database_server.execute(f"ALTER DATABASE {database} OWNER TO {owner}")
    try:
        with short_folder() as folder:
            variables = {
                "TALLYSTICK_DATABASE_URL": url(database_server, database, runner),
                "TALLYSTICK_DATABASE_OWNER_URL": url(database_server, database, owner),
                "TALLYSTICK_KEK_FILE": str(folder / "key" / "kek"),
            }
            with made_site(folder / "home", variables) as made:
                yield made
    finally:
        database_server.execute(f"REASSIGN OWNED BY {owner} TO {Role.OWNER.value}", database)
        database_server.execute(f"DROP OWNED BY {owner}, {runner}", database)
        database_server.execute(f"ALTER DATABASE {database} OWNER TO {Role.OWNER.value}")
        database_server.execute(f"DROP ROLE {owner}, {runner}")


def url(server: DatabaseServer, database: str, user: str) -> str:
    """The URL of a database on the tests' server."""
    arguments = server.arguments(Role.SUPERUSER, database)
    if "dsn" in arguments:  # someone else's: the same place, another user
        query = arguments["dsn"].partition("?")[2]
        place = arguments["dsn"].partition("://")[2].partition("/")[0].rpartition("@")[2]
        return f"postgresql://{user}:{quote('se/cret', safe='')}@{place}/{database}?{query}"
    socket = quote(arguments["host"], safe="")
    return f"postgresql://{user}:{quote('se/cret', safe='')}@/{database}?host={socket}&port={arguments['port']}"


async def test_a_server_over_a_database_of_ones_own_does_the_main_job(site: Site) -> None:
    early = site.command("vendor", "list")
    assert (early.returncode, "tallystick server init" in early.stderr) == (1, True)
    assert site.ask("init") == site.ask("init")
    assert not (site.home / "postgres").exists()
    server = site.run()
    async with site.shop(server) as shop:
        wallet = await shop.customer()
        code, *_ = await shop.codes(wallet, 2)
        till = await shop.terminal()
        await till.pull()
        receipt = await till.upload(till.open_shift(), till.pay(code, 1_000)[1], till.close_shift(1, 1_000))
        assert [result.status for result in receipt.results] == [Status.RECORDED, Status.SETTLED, Status.RECORDED]
        assert await shop.services.pool.fetchval("SELECT current_user::text") == "tallystick_server"
    assert site.ask("wallet", "show", wallet)["held"] == code.cap
    assert site.ask("reconcile")["ok"] is True
    assert server.stop() == 0


async def test_a_database_that_is_not_there_is_told_in_words_and_without_its_password(site: Site) -> None:
    site.ask("init")
    for wrong, word in (
        ("postgresql://me:se%2Fcret@127.0.0.1:1/x", "[Errno 111]"),
        (site.variables["TALLYSTICK_DATABASE_URL"].replace("_test", "_nowhere").replace("_blank", "_nowhere"), "exist"),
        ("postgresql://me:se/cret@127.0.0.1/x", ""),
        ("mysql://me:secret@127.0.0.1/x", "URL"),
    ):
        site.variables["TALLYSTICK_DATABASE_URL"] = wrong
        answers = site.commands(["vendor", "list"], ["run", "--port", "0"])
        for code, said, complained in answers:
            assert (code, said) == (1, ""), complained
            assert complained.startswith("error: The database can't be reached: ")
            assert word in complained
            assert "cret@" not in complained


async def test_another_key_than_the_databases_own_is_refused_and_none_is_made(site: Site) -> None:
    site.ask("init")
    kek = site.settings().kek_file
    assert kek is not None
    true_key = kek.read_text()
    for text, mode, word in (
        (None, 0, "there is no readable key-encryption key"),
        ("00" * 32, 0o600, "does not fit this server's key-encryption key"),
        (true_key[:40], 0o600, "has not 32 bytes"),
        ("no hex", 0o600, "64 hex digits"),
        (true_key, 0o644, "can be read by others: chmod 600 it"),
    ):
        kek.unlink(missing_ok=True)
        if text is not None:
            kek.write_text(text)
            kek.chmod(mode)
        for code, said, complained in site.commands(["init"], ["run", "--port", "0"]):
            assert (code, said) == (1, ""), complained
            assert word in complained
            assert complained.endswith("[KEY_FILE]\n")
            assert true_key.strip() not in complained
        assert kek.exists() == (text is not None)
    kek.chmod(0o600)
    assert site.command("vendor", "list").returncode == 0


async def test_the_key_may_be_a_credential_that_systemd_lets_the_service_read(site: Site) -> None:
    """Its ACL for the service's user shows as a right of the group."""
    site.ask("init")
    made = site.settings().kek_file
    assert made is not None
    del site.variables["TALLYSTICK_KEK_FILE"]
    folder = site.home / "credentials"
    folder.mkdir()
    credential = folder / "tallystick-kek"
    made.rename(credential)
    site.variables["CREDENTIALS_DIRECTORY"] = str(folder)
    credential.chmod(0o440)
    assert site.command("vendor", "list").returncode == 0
    credential.chmod(0o444)
    assert "KEY_FILE" in site.command("vendor", "list").stderr


async def test_the_owner_and_the_runner_are_two(site: Site) -> None:
    site.ask("init")
    connection = await asyncpg.connect(site.variables["TALLYSTICK_DATABASE_URL"])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE transfer SET amount = 1")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id integer)")
    finally:
        await connection.close()

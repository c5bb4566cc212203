"""A home has one PostgreSQL, private, set up whole or not at all."""

import os
import stat
from pathlib import Path

import asyncpg
import pytest

from syncserver.postgres import EmbeddedPostgres, Role
from syncserver.postgres.configuration import SETTINGS
from syncserver.postgres.errors import ClusterError, CredentialsError, PostgresError, StartError, VersionError
from tests.conftest import FAST
from tests.syncserver.postgres.conftest import die_after, fetch, is_running

pytestmark = pytest.mark.anyio


async def test_each_role_gets_in_with_its_password(postgres: EmbeddedPostgres) -> None:
    for role in Role:
        assert await fetch(postgres.login(role), "SELECT current_user::text") == role.value


async def test_a_wrong_password_does_not_get_in(postgres: EmbeddedPostgres) -> None:
    for role in Role:
        arguments = {**postgres.login(role).arguments(), "password": "guess"}
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(**arguments)


async def test_there_is_no_way_in_over_the_network(postgres: EmbeddedPostgres, home: Path) -> None:
    login = postgres.login(Role.SUPERUSER)
    assert await fetch(login, "SHOW listen_addresses") == ""
    assert await fetch(login, "SELECT string_agg(DISTINCT type || auth_method, ',') FROM pg_hba_file_rules") == (
        "localscram-sha-256"
    )
    assert stat.S_IMODE((home / "postgres" / "socket").stat().st_mode) == 0o700


async def test_roles_have_the_rights_they_need_and_no_more(postgres: EmbeddedPostgres) -> None:
    rights = "SELECT rolcreatedb::text || rolsuper || rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert await fetch(postgres.login(Role.OWNER), rights) == "truefalsefalse"
    assert await fetch(postgres.login(Role.SERVER), rights) == "falsefalsefalse"


async def test_what_is_committed_is_on_disk_by_default(home: Path) -> None:
    assert not {"fsync", "synchronous_commit", "full_page_writes"} & set(SETTINGS)
    with EmbeddedPostgres(home) as postgres:
        login = postgres.login(Role.SERVER)
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await fetch(login, f"SHOW {setting}") == "on"
        assert await fetch(login, "SHOW max_connections") == "100"
        assert await fetch(login, "SHOW shared_buffers") == "256MB"


async def test_data_are_there_again_after_a_stop(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        await fetch(postgres.login(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer")
    assert not is_running(home)
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        assert await fetch(postgres.login(Role.OWNER), "SELECT answer FROM kept") == 42


async def test_passwords_are_in_one_file_only(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        passwords = [postgres.login(role).password.encode() for role in Role]
        login = postgres.login(Role.SUPERUSER)
        with pytest.raises(asyncpg.DuplicateObjectError):
            await fetch(login, f"CREATE ROLE {Role.OWNER.value} PASSWORD '{passwords[0].decode()}'")
    for path in (home / "postgres").rglob("*"):
        if path.is_file() and path.name != "credentials.json":
            content = path.read_bytes()
            # What a superuser types is in no file either, least of all the log.
            assert not any(password in content for password in passwords), path


@pytest.mark.parametrize("name", ["with space, comma", "quotes ' and \"", "dollar $HOME `id`", "ü" * 60, "x" * 150])
async def test_a_home_may_have_any_name(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(home.parent))
    with EmbeddedPostgres(home.parent / name, settings=FAST) as postgres:
        assert await fetch(postgres.login(Role.SERVER), "SELECT 1") == 1


@pytest.mark.parametrize("step", ["write_private", "_initdb", "_configure", "_create_roles"])
def test_a_setup_killed_in_the_middle_is_done_again(home: Path, step: str) -> None:
    die_after(home, "syncserver.postgres.cluster", step)
    assert list(home.glob("postgres/initdb-*"))
    assert not (home / "postgres" / "data").exists()
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        assert is_running(home)
        assert not list(home.glob("postgres/initdb-*"))
        assert postgres.pid


def test_lost_passwords_are_reported_not_replaced(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST):
        pass
    (home / "postgres" / "credentials.json").unlink()
    with pytest.raises(CredentialsError, match="missing"):
        EmbeddedPostgres(home).acquire()


def test_data_of_another_version_are_refused(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST):
        pass
    (home / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(VersionError, match="PostgreSQL 17"):
        EmbeddedPostgres(home).acquire()


def test_data_that_went_away_are_not_replaced_by_empty_ones(home: Path, tmp_path: Path) -> None:
    (home / "postgres").mkdir(parents=True, mode=0o700)
    (home / "postgres" / "data").symlink_to(tmp_path / "gone")
    with pytest.raises(ClusterError, match="gone"):
        EmbeddedPostgres(home).acquire()


def test_a_failed_start_says_what_postgres_said(home: Path) -> None:
    broken = EmbeddedPostgres(home, settings={"shared_buffers": "nonsense"})
    with pytest.raises(StartError, match='invalid value for parameter "shared_buffers": "nonsense"'):
        broken.acquire()
    assert "nonsense" in broken.log.read_text()
    with EmbeddedPostgres(home, settings=FAST):  # and nothing is left in the way
        assert is_running(home)


def test_without_acquiring_there_is_no_login(home: Path) -> None:
    with pytest.raises(PostgresError, match="Acquire"):
        EmbeddedPostgres(home).login(Role.SERVER)


def test_the_server_is_no_child_of_its_users_and_holds_none_of_their_files(postgres: EmbeddedPostgres) -> None:
    status = Path(f"/proc/{postgres.pid}/status").read_text()
    assert f"PPid:\t{os.getpid()}\n" not in status
    opened = [str(path.readlink()) for path in Path(f"/proc/{postgres.pid}/fd").iterdir()]
    assert not [name for name in opened if name.endswith(".lock")]

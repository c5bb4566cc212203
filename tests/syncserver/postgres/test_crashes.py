"""PostgreSQL comes back from whatever way it went."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from syncserver.postgres import EmbeddedPostgres, Role
from syncserver.postgres.postmaster import StopMode
from syncserver.postgres.processes import find_orphans, wait_for_end
from tests.conftest import FAST
from tests.syncserver.postgres.conftest import die_after, fetch, is_running

pytestmark = pytest.mark.anyio


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with PostgreSQL."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


# In any session but the one that asks.
ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query ~ '000'"


def kill(postgres: EmbeddedPostgres) -> None:
    pid = postgres.pid
    os.kill(pid, signal.SIGKILL)
    assert wait_for_end(pid, 30)


async def test_what_was_committed_survives_a_kill(home: Path) -> None:
    with EmbeddedPostgres(home) as postgres:
        await fetch(postgres.login(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(postgres)
        with EmbeddedPostgres(home) as next_user:
            assert await fetch(next_user.login(Role.OWNER), "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
async def test_it_can_be_restarted_under_its_users(postgres: EmbeddedPostgres, mode: StopMode) -> None:
    before = postgres.pid
    postgres.restart(mode)
    assert postgres.pid != before
    assert await fetch(postgres.login(Role.SERVER), "SELECT 1") == 1


def test_it_can_be_stopped_under_its_users_and_comes_back_with_the_next(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        postgres.stop("immediate")
        assert not is_running(home)
        with EmbeddedPostgres(home, settings=FAST) as next_user:
            assert postgres.pid == next_user.pid
        assert is_running(home)


def test_a_pid_that_now_is_a_strangers_keeps_nothing_from_starting(
    postgres: EmbeddedPostgres, home: Path, stranger: subprocess.Popen[bytes]
) -> None:
    folder = home / "postgres"
    lock_files = [folder / "data" / "postmaster.pid", folder / "socket" / ".s.PGSQL.5432.lock"]
    texts = [path.read_text() for path in lock_files]
    old = str(postgres.pid)
    kill(postgres)
    for path, text in zip(lock_files, texts, strict=True):
        path.write_text(text.replace(old, str(stranger.pid), 1))
    assert not is_running(home)
    postgres.restart()
    assert is_running(home)
    assert stranger.poll() is None


def test_a_strangers_pid_is_not_stopped_in_the_servers_place(
    postgres: EmbeddedPostgres, home: Path, stranger: subprocess.Popen[bytes]
) -> None:
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    kill(postgres)
    pid_file.write_text(f"{stranger.pid}\n")
    postgres.stop()
    assert stranger.poll() is None


@pytest.mark.parametrize("content", ["", "not a number\n", "999999999\n"])
def test_a_damaged_pid_file_keeps_nothing_from_starting(postgres: EmbeddedPostgres, home: Path, content: str) -> None:
    kill(postgres)
    (home / "postgres" / "data" / "postmaster.pid").write_text(content)
    postgres.restart()
    assert is_running(home)


async def test_a_session_still_busy_after_a_kill_is_ended_before_the_start(
    postgres: EmbeddedPostgres, home: Path
) -> None:
    login = postgres.login(Role.OWNER)
    busy = await asyncpg.connect(**login.arguments())
    backend = await busy.fetchval("SELECT pg_backend_pid()")
    # So long a count never looks up to see that its main process died.
    query = asyncio.ensure_future(busy.execute("SELECT count(*) FROM generate_series(1, 100000000000)"))
    while await fetch(login, ACTIVE) != 1:
        pass
    name = str(await fetch(login, "SHOW cluster_name"))
    kill(postgres)
    assert backend in find_orphans(name, (home / "postgres" / "data").stat().st_uid)
    await asyncio.to_thread(postgres.restart)
    with pytest.raises((asyncpg.PostgresError, ConnectionError)):
        await query
    assert await fetch(postgres.login(Role.OWNER), "SELECT 1") == 1


async def test_a_start_whose_user_was_killed_is_waited_for(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST):
        pass
    die_after(home, "syncserver.postgres.postmaster", "_launch")
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        assert await fetch(postgres.login(Role.SERVER), "SELECT 1") == 1
        begun = postgres.log.read_text().count("starting PostgreSQL")
    assert begun == 2  # the second user started none of its own
    assert not is_running(home)

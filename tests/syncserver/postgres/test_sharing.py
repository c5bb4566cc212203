"""Any number of processes share one PostgreSQL: the first starts it, the last to leave stops it."""

from pathlib import Path

from syncserver.postgres import EmbeddedPostgres
from syncserver.postgres.processes import wait_for_end
from tests.conftest import FAST
from tests.syncserver.postgres.conftest import StartUser, is_running


def test_processes_that_begin_at_once_get_the_same_server(home: Path, start_user: StartUser) -> None:
    users = [start_user(home) for _ in range(4)]
    assert len({user.postgres_pid() for user in users}) == 1
    for user in users:
        assert is_running(home)
        user.leave()
    assert not is_running(home)


def test_it_stays_while_anyone_uses_it(home: Path, start_user: StartUser) -> None:
    first = start_user(home)
    pid = first.postgres_pid()
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        first.leave()
        assert postgres.pid == pid
    assert not is_running(home)


def test_a_killed_user_leaves_it_running_for_the_next_one_who_stops_it(home: Path, start_user: StartUser) -> None:
    user = start_user(home)
    pid = user.postgres_pid()
    user.kill()
    assert not wait_for_end(pid, 0)
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        assert postgres.pid == pid
    assert wait_for_end(pid, 0)


def test_two_users_in_one_process_count_as_two(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST) as outer:
        with EmbeddedPostgres(home, settings=FAST) as inner:
            assert inner.pid == outer.pid
        assert is_running(home)
    assert not is_running(home)


def test_acquiring_and_releasing_twice_is_acquiring_and_releasing_once(home: Path) -> None:
    postgres = EmbeddedPostgres(home, settings=FAST)
    postgres.release()
    postgres.acquire()
    postgres.acquire()
    postgres.release()
    assert not is_running(home)
    postgres.release()
    postgres.acquire()
    assert is_running(home)
    postgres.release()

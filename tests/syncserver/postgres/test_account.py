"""PostgreSQL never runs as root, and runs as whoever owns its data."""

import os
from pathlib import Path

import pytest

from syncserver.postgres.account import NAMESPACE, Account, choose_account, environment, has_name, namespace_works
from syncserver.postgres.errors import AccountError

NOBODY = (65534, 65534)


def choose(
    euid: int,
    data_owner: tuple[int, int] | None = None,
    *,
    namespace: bool = False,
    nobody: tuple[int, int] | None = NOBODY,
) -> Account:
    return choose_account(euid=euid, data_owner=data_owner, namespace_works=lambda: namespace, nobody=lambda: nobody)


def test_an_ordinary_user_runs_it_directly() -> None:
    assert choose(1000) == Account()
    assert choose(1000, (1000, 1000)) == Account()


def test_a_user_without_a_name_lends_itself_one_in_a_namespace() -> None:
    found = choose_account(euid=4711, named=False, data_owner=None, namespace_works=lambda: True, nobody=lambda: NOBODY)
    assert found == Account(prefix=NAMESPACE)


def test_the_user_inside_a_namespace_has_a_name_here() -> None:
    uid = int(next(word for word in NAMESPACE if word.startswith("--map-user=")).partition("=")[2])
    assert has_name(uid)
    assert uid != 0


def test_an_ordinary_user_cannot_run_another_ones() -> None:
    with pytest.raises(AccountError, match="user 1001"):
        choose(1000, (1001, 1001))


def test_root_prefers_a_namespace_of_its_own() -> None:
    assert choose(0, namespace=True) == Account(prefix=NAMESPACE)
    assert choose(0, (0, 0), namespace=True) == Account(prefix=NAMESPACE)


def test_root_runs_another_users_data_as_that_user() -> None:
    assert choose(0, (1000, 100), namespace=True) == Account(uid=1000, gid=100)


def test_root_without_namespaces_hands_it_to_nobody_in_a_folder_of_its_own() -> None:
    assert choose(0) == Account(uid=65534, gid=65534, own_folder=True)


def test_nobodys_data_stay_nobodys_when_namespaces_come_back() -> None:
    assert choose(0, NOBODY, namespace=True) == Account(uid=65534, gid=65534)


def test_root_with_data_from_a_namespace_that_is_now_refused_is_told_so() -> None:
    with pytest.raises(AccountError, match="namespace"):
        choose(0, (0, 0))


def test_root_without_namespaces_and_without_nobody_is_told_so() -> None:
    with pytest.raises(AccountError, match="refuses to run as root"):
        choose(0, nobody=None)


def test_the_callers_settings_do_not_reach_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/elsewhere")
    assert set(environment()) == {"PATH", "LC_ALL", "TZ"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root uses the probe")
def test_the_probe_says_no_where_the_program_cannot_run(tmp_path: Path) -> None:
    assert not namespace_works(tmp_path, tmp_path / "missing")


def test_the_probe_says_no_without_the_system_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not namespace_works(tmp_path, Path("/bin/true"))

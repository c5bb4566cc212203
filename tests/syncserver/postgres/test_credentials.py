"""Passwords are random, private, and never replaced under a cluster that needs them."""

import stat
from pathlib import Path

import pytest

from syncserver.postgres.credentials import load_or_create
from syncserver.postgres.errors import CredentialsError


def test_each_role_and_each_home_has_its_own(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "a.json", cluster_exists=False)
    second = load_or_create(tmp_path / "b.json", cluster_exists=False)
    assert len({*first.passwords.values(), *second.passwords.values()}) == 6
    assert first.cluster != second.cluster


def test_they_are_kept_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    assert load_or_create(path, cluster_exists=False) == load_or_create(path, cluster_exists=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_missing_ones_are_not_replaced_under_an_existing_cluster(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="missing"):
        load_or_create(tmp_path / "credentials.json", cluster_exists=True)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cluster": "a", "passwords": {"postgres": 1}}', "\x00"])
def test_damaged_ones_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials.json").write_text(text)
    with pytest.raises(CredentialsError, match="damaged"):
        load_or_create(tmp_path / "credentials.json", cluster_exists=False)


def test_they_do_not_show_when_printed(tmp_path: Path) -> None:
    credentials = load_or_create(tmp_path / "credentials.json", cluster_exists=False)
    assert not any(password in repr(credentials) for password in credentials.passwords.values())

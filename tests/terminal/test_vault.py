"""The vault and its secret."""

import json
from pathlib import Path

import pytest

from terminal.composition import Terminal
from terminal.errors import (
    ExposedSecretError,
    NoSecretError,
    NotEnrolledError,
    StoreDamagedError,
    UnlockError,
    VaultDamagedError,
    WrongSecretError,
)
from terminal.store import vault
from terminal.store.unlock import find_or_make_secret, find_secret
from terminal.store.vault import Secret, Vault
from tests.terminal.shop import Dice, Shop, secret_of_tests, sell

TOKEN = "abc.0011223344556677"


def _answers(*words: str) -> list[str]:
    return list(words)


def test_a_vault_as_it_is_takes_64_mib_and_opens_with_its_secret_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "_T", 3)
    monkeypatch.setattr(vault, "_M_KIB", 64 * 1024)
    path = tmp_path / "vault.json"
    made = Vault.create(path, Secret(b"right"), Dice())
    assert json.loads(path.read_bytes())["kdf"] == {
        "name": "argon2id",
        "t": 3,
        "m_kib": 65_536,
        "salt": json.loads(path.read_bytes())["kdf"]["salt"],
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert Vault.open(path, Secret(b"right"), Dice()).database_key == made.database_key
    with pytest.raises(WrongSecretError):
        Vault.open(path, Secret(b"wrong"), Dice())


def test_the_same_token_has_the_same_key_before_and_after_its_answer(tmp_path: Path) -> None:
    path, secret = tmp_path / "vault.json", Secret(b"x")
    first = Vault.create(path, secret, Dice("a")).pending_key(TOKEN)
    again = Vault.open(path, secret, Dice("b"))
    assert again.pending_key(TOKEN) == first
    again.assign(TOKEN, 1)
    assert again.pending_key(TOKEN) == first
    assert Vault.open(path, secret, Dice("c")).device_key(1) == first
    assert again.pending_key("other.0011223344556677") != first
    with pytest.raises(VaultDamagedError):
        again.device_key(2)


def test_a_key_of_a_later_epoch_is_seen_by_a_vault_that_was_open_before(tmp_path: Path) -> None:
    path, secret = tmp_path / "vault.json", Secret(b"x")
    early = Vault.create(path, secret, Dice("a"))
    late = Vault.open(path, secret, Dice("b"))
    key = late.pending_key(TOKEN)
    late.assign(TOKEN, 1)
    assert early.device_key(1) == key


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    secret = Secret(b"open sesame")
    opened = Vault.create(tmp_path / "vault.json", secret, Dice())
    key = opened.pending_key(TOKEN)
    shown = f"{secret} {secret!r} {opened!r} {key!r}" + (tmp_path / "vault.json").read_text()
    for hidden in ("sesame", opened.database_key.hex(), key.seed.hex(), TOKEN):
        assert hidden not in shown


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"version": 1, "kdf": null}', b'{"version": 2}'])
def test_a_damaged_vault_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vault.json"
    path.write_bytes(content)
    with pytest.raises(VaultDamagedError):
        Vault.open(path, Secret(b"x"), Dice())


def test_a_wrong_secret_a_missing_vault_and_a_damaged_database_have_each_their_error(shop: Shop) -> None:
    with pytest.raises(WrongSecretError), Terminal.open(shop.home, secret=lambda _: Secret(b"wrong")):
        pass
    with pytest.raises(NotEnrolledError), Terminal.open(shop.home / "nowhere"):
        pass
    database = shop.home / "journal.db"
    intact = database.read_bytes()
    database.write_bytes(b"\0" * len(intact))
    with pytest.raises(StoreDamagedError), shop.terminal():
        pass
    database.write_bytes(intact)
    (shop.home / "vault.json").rename(shop.home / "elsewhere")
    for way in (Terminal.open, Terminal.prepare):
        with pytest.raises(VaultDamagedError), way(shop.home, secret=secret_of_tests):
            pass


def test_the_database_holds_nothing_that_can_be_read_without_the_key(shop: Shop) -> None:
    anna = shop.issue("0000000018")
    with shop.terminal() as terminal:
        sell(terminal, wallet=anna.wallet, code=anna.codes[0])
        content = b"".join(path.read_bytes() for path in shop.home.glob("journal.db*"))
    assert b"SQLite format" not in content
    assert anna.wallet.encode() not in content


def test_the_secret_comes_from_the_first_place_that_has_one(tmp_path: Path) -> None:
    named, credentials, home = tmp_path / "named", tmp_path / "credentials", tmp_path / "home"
    credentials.mkdir()
    home.mkdir()
    named.write_bytes(b"named\n")
    (credentials / "tallystick-unlock").write_bytes(b"credential")
    (home / "unlock").write_bytes(b"home\n")
    (home / "unlock").chmod(0o600)
    environ = {"TALLYSTICK_UNLOCK_FILE": str(named), "CREDENTIALS_DIRECTORY": str(credentials)}
    assert find_secret(home, environ, lambda _: "typed").reveal() == b"named"
    del environ["TALLYSTICK_UNLOCK_FILE"]
    assert find_secret(home, environ, lambda _: "typed").reveal() == b"credential"
    assert find_secret(home, {}, lambda _: "typed").reveal() == b"home"
    (home / "unlock").chmod(0o640)
    with pytest.raises(ExposedSecretError):
        find_secret(home, {})
    (home / "unlock").unlink()
    assert find_secret(home, {}, lambda _: "typed").reveal() == b"typed"
    with pytest.raises(NoSecretError):
        find_secret(home, {})
    for bad in (tmp_path / "missing", tmp_path):
        with pytest.raises(UnlockError):
            find_secret(home, {"TALLYSTICK_UNLOCK_FILE": str(bad)})
    named.write_bytes(b"\n")
    with pytest.raises(UnlockError, match="empty"):
        find_secret(home, {"TALLYSTICK_UNLOCK_FILE": str(named)})


def test_a_new_secret_is_typed_twice_or_made_into_a_file(tmp_path: Path) -> None:
    typed = _answers("mine", "mine")
    assert find_or_make_secret(tmp_path, Dice(), {}, lambda _: typed.pop()).reveal() == b"mine"
    differing = _answers("other", "mine")
    with pytest.raises(UnlockError, match="differ"):
        find_or_make_secret(tmp_path, Dice(), {}, lambda _: differing.pop())
    told: list[Path] = []
    made = find_or_make_secret(tmp_path, Dice(), {}, made=told.append)
    file = tmp_path / "unlock"
    assert told == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().strip() == made.reveal()
    assert find_or_make_secret(tmp_path, Dice("other"), {}, made=told.append).reveal() == made.reveal()
    assert told == [file]

"""Forgetting a terminal: never while anything is pending, and whole or not at all."""

from pathlib import Path

import pytest

from shared.money import Money
from terminal.composition import Terminal
from terminal.errors import InputError, NotEnrolledError, PendingError, StoreBusyError
from terminal.store.forgetting import MARKER, begin_forgetting
from tests.terminal.shop import NO_APPROVAL, Series, Shop, check_chain, secret_of_tests, sell

KEPT = ["journal.db.lock", "vault.json.lock"]


def names(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir())


def settle(shop: Shop) -> None:
    """As if receipts covered everything."""
    shop.sync()
    shop.run(
        "INSERT OR IGNORE INTO answer SELECT epoch, seq, 'settled', '[]', 0, x'00', 0 FROM record",
    )


def enrols_anew(shop: Shop) -> bool:
    fresh = Shop(shop.home, clock=shop.clock, dice=shop.dice)
    fresh.enrol()
    with fresh.terminal() as terminal:
        return check_chain(terminal) == [] and not list(shop.home.glob(MARKER))


def test_a_terminal_is_forgotten_and_its_folder_enrolled_anew(shop: Shop, anna: Series) -> None:
    with shop.terminal() as terminal:
        sell(terminal, wallet=anna.wallet, code=anna.codes[0])
        terminal.till.shifts.close(NO_APPROVAL)
        terminal.publish_trust()
    (shop.home / "journal.db.before-0003").write_bytes(b"a copy")
    (shop.home / "unlock").write_bytes(b"a secret")
    (shop.home / "journal.cbor").write_bytes(b"an export")
    settle(shop)
    with shop.terminal() as terminal:
        terminal.reset("till")
    assert names(shop.home) == sorted([*KEPT, "journal.cbor", "unlock"])
    with pytest.raises(NotEnrolledError), shop.terminal():
        pass
    assert enrols_anew(shop)


def test_another_name_forgets_nothing(shop: Shop) -> None:
    before = names(shop.home)
    with shop.terminal() as terminal, pytest.raises(InputError, match="'till'"):
        terminal.reset("till 2")
    assert names(shop.home) == before


def test_nothing_pending_is_ever_forgotten(shop: Shop, anna: Series) -> None:
    def refused(match: str) -> None:
        with shop.terminal() as terminal:
            with pytest.raises(PendingError, match=match):
                terminal.reset("till")
            assert terminal.store.value("PRAGMA journal_mode") == "wal"

    with shop.terminal() as terminal:
        sell(terminal, "12.50", wallet=anna.wallet, code=anna.codes[0])
    refused(r"2 records wait for the server \(1 payment, 12\.50 EUR\); the shift of owner is open")
    with shop.terminal() as terminal:
        terminal.till.shifts.close(NO_APPROVAL)
    settle(shop)
    with shop.terminal() as terminal:
        terminal.till.checkout.begin(Money(5_00, "EUR"))
    refused(r"a sale of 5\.00 EUR is in hand")
    with shop.terminal() as terminal:
        terminal.till.checkout.give_up(NO_APPROVAL)
        payment = terminal.payments.latest(1)[0].id
    shop.run(
        "INSERT INTO refund (key, payment, amount, currency, approver, reason, asked_at)"
        " VALUES ('k', ?, 300, 'EUR', 'ida', 'cold', 0)",
        [payment],
    )
    refused(r"of 1 refund \(3\.00 EUR\) it is not known")
    shop.run("UPDATE refund SET state = 'done', ended_at = 1")
    with shop.terminal() as terminal:
        assert terminal.till.pending().words() == ()
        terminal.reset("till")


def test_a_terminal_that_somebody_else_uses_is_not_forgotten(shop: Shop, anna: Series) -> None:
    with shop.terminal() as terminal:
        with shop.terminal() as other:
            with pytest.raises(StoreBusyError):
                terminal.reset("till")
            assert sell(other, wallet=anna.wallet, code=anna.codes[0]).approved
        with pytest.raises(PendingError):
            terminal.reset("till")
        assert len(check_chain(terminal)) == 2


def test_a_plug_pulled_at_any_file_leaves_a_folder_that_can_be_enrolled(shop: Shop) -> None:
    with shop.terminal() as terminal:
        terminal.publish_trust()
    for name in ("journal.db-wal", "journal.db-shm", "journal.db.before-0002"):
        (shop.home / name).touch()
    files = {path.name: path.read_bytes() for path in shop.home.iterdir() if not path.name.endswith(".lock")}
    for gone in range(len(files) + 1):
        for path in shop.home.iterdir():
            path.unlink()
        for name, content in files.items():
            (shop.home / name).write_bytes(content)
        begin_forgetting(shop.home)
        for name in sorted(files)[:gone]:
            (shop.home / name).unlink()
        with pytest.raises(NotEnrolledError), shop.terminal():
            pass
        assert not set(files) & set(names(shop.home))
        assert MARKER not in names(shop.home)
    assert enrols_anew(shop)


def test_without_the_marker_nothing_was_decided(shop: Shop) -> None:
    with shop.terminal() as terminal:
        assert isinstance(terminal, Terminal)
    with Terminal.prepare(shop.home, clock=shop.clock, random=shop.dice, secret=secret_of_tests) as terminal:
        assert terminal.till.currency == "EUR"

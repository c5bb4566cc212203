"""A store of the version before sales in hand: it goes on as it was, and tells all that its journal knows."""

from pathlib import Path

from shared.money import Money
from terminal.store.database import FILE_NAME, connect
from terminal.store.migrations import known_migrations, migrate
from terminal.till.z_report import Part
from tests.terminal.shop import NO_APPROVAL, Series, Shop, check_chain, sell

BEFORE = 2
TABLES = (
    "device",
    "server_key",
    "record",
    "answer",
    "payment",
    "shift",
    "batch",
    "guess",
    "pin_try",
    "book",
    "book_series",
    "book_closed",
    "server_clock",
    "sync_state",
)


def take_back(shop: Shop) -> None:
    """Put the store in place that the version before had with the same rows."""
    path, old = shop.home / FILE_NAME, shop.home / "old.db"
    with shop.terminal() as terminal:
        key = terminal.vault.database_key
        connection = connect(old, key)
        migrate(connection, old, known_migrations()[:BEFORE])
        for table in TABLES:
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
            for row in terminal.store.rows(f"SELECT {columns} FROM {table}"):  # noqa: S608 - names of this module
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))  # noqa: S608
        connection.close()
    for rest in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        rest.unlink(missing_ok=True)
    old.rename(path)


def test_a_store_of_before_keeps_its_journal_and_learns_the_rest(shop: Shop, anna: Series) -> None:
    with shop.terminal() as terminal:
        kept = sell(terminal, "10.00", wallet=anna.wallet, code=anna.codes[0]).payment
        voided = sell(terminal, "20.00", wallet=anna.wallet, code=anna.codes[1]).payment
        assert kept is not None
        assert voided is not None
        shop.clock.advance(1_000)
        terminal.till.voids.void(voided, reason="wrong", approval=NO_APPROVAL)
        shift = terminal.till.shifts.close(NO_APPROVAL).shift
        records = check_chain(terminal)
    take_back(shop)
    with shop.terminal() as terminal:
        assert (shop.home / f"{FILE_NAME}.before-{BEFORE + 1:04d}").exists()
        assert check_chain(terminal) == records
        till = terminal.till
        assert till.checkout.current() is None
        assert [payment.id for payment in till.history.page("20.00").payments] == [voided]
        assert [(event.kind.value, event.note) for event in till.history.life(voided)] == [
            ("taken", None),
            ("voided", "wrong"),
        ]
        report = till.reports.report(shift)
        assert (report.taken, report.carried) == (Part(1, Money(10_00, "EUR")), None)
        assert (report.first is not None, report.last is not None) == (True, True)
        till.checkout.begin(Money(5_00, "EUR"))
        assert till.checkout.pay(wallet=anna.wallet, code=anna.codes[2]).approved
        till.checkout.finish()
        assert till.shifts.close(NO_APPROVAL).carried.count == 2

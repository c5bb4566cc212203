"""The encrypted store: durable, append-only, moved forward with a backup."""

from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from terminal.errors import OldSqliteError, StoreDamagedError, StoreVersionError
from terminal.store import database
from terminal.store.database import Store, connect
from terminal.store.migrations import Migration, known_migrations, migrate
from tests.terminal.shop import Series, Shop, check_chain, sell

KEY = b"k" * 32
SETTINGS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
NUMBER = known_migrations()[-1].number + 1
NEXT = Migration(
    NUMBER, f"{NUMBER:04d}_next", "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;\n-- done: it; and this\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_the_connection_is_as_the_journal_needs_it(path: Path) -> None:
    store = Store.open(path, KEY)
    settings = {name: store.value(f"PRAGMA {name}") for name in SETTINGS}
    assert settings == SETTINGS
    assert path.stat().st_mode & 0o777 == 0o600
    store.close()


def test_an_sqlite_that_damages_logs_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlcipher, "sqlite_version", "3.51.2")
    with pytest.raises(OldSqliteError):
        Store.open(path, KEY)
    assert database._LEAST_SQLITE == (3, 51, 3)


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    store = Store.open(path, KEY)

    def fail() -> None:
        with store.transaction():
            store.execute("INSERT INTO book_closed VALUES (?)", [b"s" * 16])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not store.in_transaction
    assert store.value("SELECT count(*) FROM book_closed") == 0
    store.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE record SET at = 0", "DELETE FROM record", "REPLACE INTO record SELECT * FROM record"]
)
def test_the_database_itself_refuses_to_change_the_journal(shop: Shop, anna: Series, statement: str) -> None:
    with shop.terminal() as terminal:
        sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    with pytest.raises(sqlcipher.IntegrityError, match="append-only"):
        shop.run(statement)
    with shop.terminal() as terminal:
        assert len(check_chain(terminal)) == 2


def test_a_record_outside_a_transaction_is_a_bug_that_shows(shop: Shop) -> None:
    with shop.terminal() as terminal, pytest.raises(RuntimeError):
        terminal.till.parts.journal.append(None, None, moment=None, shift=b"", cashier="")  # type: ignore[arg-type]


def test_a_migration_backs_the_store_up_with_the_same_key(path: Path) -> None:
    store = Store.open(path, KEY)
    assert not list(path.parent.glob("*.before-*"))  # there was nothing to lose
    with store.transaction():
        store.execute("INSERT INTO book_closed VALUES (?)", [b"s" * 16])
    migrate(store._connection, path, [*known_migrations(), NEXT])
    assert store.value("SELECT count(*) FROM more") == 0
    store.close()
    copy = path.with_name(f"journal.db.before-{NUMBER:04d}")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes()[:6] != b"SQLite"
    backup = connect(copy, KEY)
    assert backup.execute("SELECT count(*) FROM book_closed").fetchone() == (1,)
    assert backup.execute("SELECT max(number) FROM migration").fetchone() == (NUMBER - 1,)
    backup.close()


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    store = Store.open(path, KEY)
    broken = Migration(
        NUMBER, f"{NUMBER:04d}_broken", "CREATE TABLE more (id INTEGER);\nINSERT INTO nowhere VALUES (1);\n"
    )
    with pytest.raises(sqlcipher.OperationalError):
        migrate(store._connection, path, [*known_migrations(), broken])
    assert store.value("SELECT count(*) FROM sqlite_master WHERE name = 'more'") == 0
    migrate(store._connection, path, [*known_migrations(), NEXT])
    store.close()


def test_a_store_of_a_newer_version_or_of_changed_migrations_is_refused(path: Path) -> None:
    store = Store.open(path, KEY)
    changed = Migration(1, "0001_start", "CREATE TABLE other (id INTEGER);")
    with pytest.raises(StoreVersionError, match="changed"):
        migrate(store._connection, path, [changed])
    migrate(store._connection, path, [*known_migrations(), NEXT])
    store.close()
    with pytest.raises(StoreVersionError, match=f"{NUMBER:04d}"):
        Store.open(path, KEY)


def test_another_key_or_another_file_is_said_to_be_damaged(path: Path) -> None:
    Store.open(path, KEY).close()
    with pytest.raises(StoreDamagedError):
        Store.open(path, b"x" * 32)
    path.write_bytes(b"not a database, but long enough to be looked at" * 200)
    with pytest.raises(StoreDamagedError):
        Store.open(path, KEY)

"""What waits is kept by place and as sums: the same answers as counting all of it, in old journals and new ones."""

from pathlib import Path
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlcipher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.lifecycles import Status
from terminal.book.lookup import CodeBook
from terminal.journal.chain import Journal
from terminal.journal.payments import Payments
from terminal.store.database import Store, connect
from terminal.store.migrations import known_migrations, migrate
from terminal.sync.queries import SQL
from tests.terminal.sync.fake_server import FakeServer, key_of
from tests.terminal.sync.till import KEY, Till

RISK = "SELECT count(*), coalesce(sum(amount), 0) FROM payment WHERE unsynced = 1 AND state NOT IN ('VOIDED', 'FAILED')"
KEPT_PLACES = "SELECT epoch, seq FROM unanswered ORDER BY epoch, seq"
UNANSWERED = """
SELECT record.epoch, record.seq, record.at FROM record LEFT JOIN answer USING (epoch, seq)
WHERE answer.seq IS NULL ORDER BY record.epoch, record.seq
"""
OLD_TABLES = ("record", "answer", "payment", "batch", "shift", "device", "certificate", "server_key", "book", "guess")


def counted(store: Store) -> tuple[Any, ...]:
    """What waits, by looking at all there is."""
    rows = store.rows(UNANSWERED)
    places = [(row["epoch"], row["seq"]) for row in rows]
    count, total = store.row(RISK).values()  # type: ignore[union-attr] # a sum has a row
    return places, len(places), min((row["at"] for row in rows), default=None), count, total


def kept(till: Till) -> tuple[Any, ...]:
    """What waits, as the till asks for it."""
    records, oldest = till.journal.waiting()
    exposure = till.payments.exposure()
    places = [(row["epoch"], row["seq"]) for row in till.store.rows(KEPT_PLACES)]
    return places, records, oldest, exposure.count, exposure.total


@pytest.mark.parametrize("seed", range(3))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_happens_the_sums_are_what_counting_gives(
    data: st.DataObject, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = FakeServer()
    with Till(tmp_path_factory.mktemp("till"), server, seed) as till:
        till.enrol()
        till.open_shift()
        sold: list[bytes] = []
        for step in data.draw(st.lists(st.sampled_from(["sell", "void", "answer", "sync"]), max_size=12)):
            match step:
                case "sell":
                    sold += till.sell(data.draw(st.integers(1, 3)))
                    till.clock.pass_time(data.draw(st.integers(-5_000, 5_000)))
                case "void" if sold:
                    payment = data.draw(st.sampled_from(sold))
                    if till.state(payment) in ("PENDING", "COMPLETED", "FLAGGED"):
                        with till.store.transaction():
                            till.payments.void(till.payments.get(payment))
                case "answer" if sold:  # as a book's update does, perhaps before any receipt
                    payment = data.draw(st.sampled_from(sold))
                    word = data.draw(st.sampled_from([Status.FLAGGED, Status.FAILED]))
                    if till.state(payment) == "PENDING":
                        with till.store.transaction():
                            till.payments.answer(payment, word, ())
                case "sync":
                    till.sync.sync_once()
            assert kept(till) == counted(till.store)


def test_a_second_receipt_for_the_same_records_takes_nothing_off_twice(till: Till, server: FakeServer) -> None:
    till.sell(3)
    till.sync.sync_once()
    del server.records[1, 2], server.records[1, 3]
    till.sell(1)
    till.sync.sync_once()
    till.sync.sync_once()
    assert kept(till) == counted(till.store) == ([], 0, None, 0, 0)


def test_an_old_journal_is_brought_up_to_date_as_it_stands(tmp_path: Path) -> None:
    server = FakeServer()
    with Till(tmp_path / "till", server) as till:
        till.enrol()
        till.open_shift()
        first = till.sell(4)
        till.sync.sync_once()
        later = till.sell(3)
        with till.store.transaction():
            till.payments.void(till.payments.get(later[1]))
            till.payments.void(till.payments.get(first[0]))
            till.store.execute('UPDATE book SET blocked = \'["0000000018", "0000000026"]\'')
        path = _as_0001_left_it(till.store, tmp_path / "old.db")
        expected = kept(till)
        till.store.close()
        till.store = Store.open(path, KEY)
        till.journal, till.payments = Journal(till.store, lambda _: key_of(1)), Payments(till.store)
        assert kept(till) == counted(till.store) == expected
        assert (expected[1], expected[3:]) == (3, (2, 2 * 1250))
        assert CodeBook(till.store).is_blocked("0000000026")
        assert not CodeBook(till.store).is_blocked("0000000034")


def _as_0001_left_it(store: Store, path: Path) -> Path:
    """A store of the first version that has the rows of this one."""
    connection = connect(path, KEY)
    migrate(connection, path, known_migrations()[:1])
    for table in OLD_TABLES:
        for row in store.rows(f"SELECT * FROM {table}"):  # noqa: S608 - names of this module
            names = ", ".join(row)
            values = ", ".join("?" * len(row))
            sql = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - the same
            connection.execute(sql, list(row.values()))
    connection.close()
    return path


@pytest.mark.parametrize("table", ["answer", "payment"])
def test_the_database_itself_keeps_answers_and_payments(till: Till, table: str) -> None:
    till.sell(1)
    till.sync.sync_once()
    with pytest.raises(sqlcipher.IntegrityError, match="stays"), till.store.transaction():
        till.store.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this module


@pytest.mark.parametrize("name", ["unanswered_after", "pending_batches", "last_receipt", "link_of"])
def test_a_sync_looks_up_by_index_what_it_asks_first(till: Till, name: str) -> None:
    values = {"epoch": 1, "seq": 1, "most": 500}
    plan = till.store.rows(f"EXPLAIN QUERY PLAN {SQL[name]}", values)
    scans = [row["detail"] for row in plan if row["detail"].startswith("SCAN") and "INDEX" not in row["detail"]]
    assert scans == []

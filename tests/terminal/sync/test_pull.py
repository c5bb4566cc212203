"""Downloads: what the server signed for this terminal is applied, everything else changes nothing."""

from dataclasses import replace

import pytest

from shared.lifecycles import Status
from shared.messages.book import Book, ServerKey, Update
from terminal.book.apply import believed_keys, read_standing
from terminal.book.lookup import CodeBook
from terminal.journal.device import read_server_keys
from tests.terminal.sync.fake_server import DAY_MS, OUTAGES, START, FakeServer, Fault, key_of, refuse_connection, series
from tests.terminal.sync.till import Till


def three_pages(server: FakeServer, generation: int = 1) -> dict[int, Book]:
    first = server.page(version=5, more=True, series=(series(1), series(2)), generation=generation)
    second = server.page(since=5, version=9, more=True, series=(series(3),), generation=generation)
    last = server.page(since=9, version=9, series=(), closed=(series(1).series,), generation=generation)
    return {0: first, 5: second, 9: last}


def test_pages_are_pulled_until_the_last_one(till: Till, server: FakeServer) -> None:
    server.pages = three_pages(server).__getitem__
    report = till.sync.sync_once()
    assert report.errors == ()
    assert (report.pull.pages, report.pull.series, report.pull.version) == (3, 3, 9)
    assert CodeBook(till.store).count() == 2
    assert CodeBook(till.store).is_closed(series(1).series)


def test_an_interrupted_pull_goes_on_where_it_was(till: Till, server: FakeServer) -> None:
    server.pages = three_pages(server).__getitem__
    server.fault_on = "/book"
    server.faults.extend([None, refuse_connection])
    assert till.sync.sync_once().pull_error is not None
    standing = read_standing(till.store)
    assert standing is not None
    assert (standing.version, standing.complete, standing.issued_at) == (5, False, None)
    till.restart()
    asked = len(server.requests)
    assert till.sync.sync_once().errors == ()
    sinces = [r.url.params["since"] for r in server.requests[asked:] if r.url.path.endswith("/book")]
    assert sinces == ["5", "9"]


def test_a_new_generation_starts_over(till: Till, server: FakeServer) -> None:
    server.pages = three_pages(server).__getitem__
    assert till.sync.sync_once().errors == ()

    def restored(since: int) -> Book:
        return server.page(since=since, version=2, generation=2, series=(series(7),) if since == 0 else ())

    server.pages = restored
    # A restored server can't have come as far as the page that is asked for; it says so by its generation.
    server.pages = lambda since: replace(restored(since), version=max(2, since))
    assert till.sync.sync_once().errors == ()
    assert [found.series for found in CodeBook(till.store).find(series(7).wallet)] == [series(7).series]
    assert CodeBook(till.store).find(series(2).wallet) == []


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_of_the_book_stops_no_upload(till: Till, server: FakeServer, outage: Fault) -> None:
    till.sell()
    server.fault_on = "/book"
    server.faults.append(outage)
    report = till.sync.sync_once()
    assert report.push_error is None
    assert report.pull_error is not None
    assert till.unsynced() == 0
    assert read_standing(till.store) is None
    assert till.sync.sync_once().errors == ()


def test_a_quarantined_terminal_uploads_and_is_told_plainly(till: Till, server: FakeServer) -> None:
    till.sell()
    server.book_status = 403
    report = till.sync.sync_once()
    assert report.push_error is None
    assert report.pull_error is not None
    assert report.pull_error.code == "NO_BOOK_FOR_DEVICE"
    assert "quarantined or revoked" in report.pull_error.message
    rows = till.store.rows("SELECT what, succeeded_at, error FROM sync_state ORDER BY what")
    assert [(row["what"], row["succeeded_at"] is None, row["error"] is None) for row in rows] == [
        ("pull", True, False),
        ("push", False, True),
    ]


def test_an_update_outranks_a_receipt_that_comes_after_it(till: Till, server: FakeServer) -> None:
    payment = till.sell()[0]
    server.fault_on = "/batches"
    server.faults.append(refuse_connection)
    server.pages = lambda since: server.page(
        since=since, version=since + 1, updates=(Update(id=payment, status=Status.FLAGGED, reasons=("FORK",)),)
    )
    report = till.sync.sync_once()
    assert report.push_error is not None
    assert till.state(payment) == "FLAGGED"
    server.pages = lambda since: server.page(since=since, version=since)
    assert till.sync.sync_once().errors == ()  # the receipt says settled, as it did at first
    assert till.answers() == {(1, 1): "settled"}
    assert till.state(payment) == "FLAGGED"
    assert till.payments.get(payment).reasons == ("FORK",)


def test_an_update_that_can_not_be_stops_no_other(till: Till, server: FakeServer) -> None:
    first, second = till.sell(2)
    till.sync.sync_once()
    server.pages = lambda since: server.page(
        since=since,
        version=since + 1,
        updates=(
            Update(id=bytes(16), status=Status.SETTLED, reasons=()),
            Update(id=first, status=Status.FLAGGED, reasons=()),
            Update(id=second, status=Status.VOIDED, reasons=()),
        ),
    )
    report = till.sync.sync_once()
    assert report.errors == ()
    assert (report.pull.updates, report.pull.skipped) == (1, 2)
    assert (till.state(first), till.state(second)) == ("COMPLETED", "VOIDED")


def test_a_book_brings_the_next_key_and_ends_the_last_one(till: Till, server: FakeServer) -> None:
    old, new = key_of(1), key_of(2)
    end = START + DAY_MS
    server.listed = (
        ServerKey(kid=old.kid, key=old.public_key, not_after=end),
        ServerKey(kid=new.kid, key=new.public_key, not_after=end + 90 * DAY_MS),
    )
    assert till.sync.sync_once().errors == ()
    assert set(believed_keys(till.store, START)) == {old.kid, new.kid}
    server.key = new
    assert till.sync.sync_once().errors == ()
    server.now += 2 * DAY_MS
    till.clock.pass_time(2 * DAY_MS)
    server.key = old
    error = till.sync.sync_once().pull_error
    assert error is not None
    assert error.code == "UNTRUSTED_ANSWER"
    server.key = new
    assert till.sync.sync_once().errors == ()


def test_a_key_that_left_the_list_is_believed_no_longer(till: Till, server: FakeServer) -> None:
    server.keys = [key_of(2)]
    assert till.sync.sync_once().errors == ()
    server.keys = []
    server.now += 1_000
    till.clock.pass_time(1_000)
    assert till.sync.sync_once().errors == ()
    server.now += 1_000
    till.clock.pass_time(1_000)
    server.key = key_of(2)
    assert till.sync.sync_once().pull_error is not None


def test_a_key_that_was_stolen_is_believed_for_no_time_once_a_book_says_so(till: Till, server: FakeServer) -> None:
    stolen, spare = key_of(1), key_of(2)
    server.listed = (
        ServerKey(kid=stolen.kid, key=stolen.public_key, not_after=START + 90 * DAY_MS),
        ServerKey(kid=spare.kid, key=spare.public_key, not_after=START + 90 * DAY_MS),
    )
    assert till.sync.sync_once().errors == ()
    server.key = spare
    server.listed = (server.listed[1], ServerKey(kid=stolen.kid, key=stolen.public_key, not_after=0))
    assert till.sync.sync_once().errors == ()
    assert set(believed_keys(till.store, START - 365 * DAY_MS)) == {spare.kid}
    assert read_server_keys(till.store)[stolen.kid] == (stolen.public_key, 0), "a voucher of any day is later than that"
    server.key = stolen
    error = till.sync.sync_once().pull_error
    assert error is not None
    assert error.code == "UNTRUSTED_ANSWER"


def test_a_wrong_clock_neither_refuses_good_books_nor_keeps_the_terminal_out(till: Till, server: FakeServer) -> None:
    till.sync.close()
    till.clock.wall += 10 * 365 * DAY_MS
    till.clock.boot = b"boot-two-16bytes"  # no ticks connect it to what the server told before
    server.listed = None
    till.sell()
    assert till.sync.sync_once().errors == ()
    till.clock.wall = 0
    till.clock.boot = b"boot-3--16bytes-"
    till.restart()
    assert till.sync.sync_once().errors == ()


def test_the_server_clock_is_what_the_book_says(till: Till, server: FakeServer) -> None:
    server.now += 5_000
    till.sync.sync_once()
    row = till.store.row("SELECT server_time, boot FROM server_clock")
    assert row == {"server_time": server.now, "boot": till.clock.boot}

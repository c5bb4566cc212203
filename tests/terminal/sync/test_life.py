"""What a payment's life says of the server's words: receipts, and books after them."""

from shared.lifecycles import Status
from shared.messages.book import Update
from shared.messages.receipt import RecordResult
from terminal.journal.shifts import Shifts
from terminal.till.history import History
from terminal.till.parts import Parts
from tests.terminal.sync.fake_server import FakeServer, lose_answer
from tests.terminal.sync.till import Till


def history_of(till: Till) -> History:
    return History(
        Parts(till.store, till.journal, till.payments, Shifts(till.store), till.clock, till.seeded.randbytes)
    )


def test_a_payment_tells_its_life(fresh: Till, server: FakeServer) -> None:
    fresh.enrol()
    (payment,) = fresh.sell()
    history = history_of(fresh)
    server.verdicts[1, 1] = RecordResult(1, payment, Status.FLAGGED, ("DISTANCE",), 7)
    fresh.clock.pass_time(1_000)
    fresh.sync.sync_once()
    decided = Update(id=payment, status=Status.SETTLED, reasons=("DISTANCE",))
    server.pages = lambda since: server.page(since=since, version=max(since, 2), updates=(decided,))
    fresh.clock.pass_time(1_000)
    fresh.sync.sync_once()
    fresh.clock.pass_time(1_000)
    fresh.sync.sync_once()  # the same word again is nothing new
    taken, sent, answered, updated = history.life(payment)
    record = fresh.journal.records(1)[0]
    assert (taken.kind, taken.seq, taken.link, taken.who, taken.reasons) == ("taken", 1, record.link, "c1", ())
    assert (sent.kind, answered.kind, sent.batch) == ("sent", "answered", answered.batch)
    assert (answered.status, answered.reasons) == ("flagged", ("DISTANCE",))
    assert (updated.kind, updated.status, updated.reasons) == ("updated", "settled", ("DISTANCE",))
    assert taken.at < sent.at <= answered.at < updated.at


def test_what_was_sent_and_not_answered_is_told_so(fresh: Till, server: FakeServer) -> None:
    fresh.enrol()
    (payment,) = fresh.sell()
    server.fault_on = "/api/sync/batches"
    server.faults.append(lose_answer)
    fresh.sync.sync_once()
    history = history_of(fresh)
    assert [event.kind for event in history.life(payment)] == ["taken", "sent"]

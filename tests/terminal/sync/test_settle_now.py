"""Settling while a customer waits: in time, or as if nobody had tried."""

import threading
from collections.abc import Callable

import httpx
import pytest

from shared.errors import TallystickError
from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from terminal.sync.errors import ServerTooSlowError, SyncRunningError
from terminal.sync.hurry import HurriedExchange
from terminal.sync.running import only_one_sync
from terminal.sync.synchroniser import SLOW_PAUSE_MS
from tests.terminal.sync.fake_server import OUTAGES, URL, FakeServer, Fault, lose_answer
from tests.terminal.sync.till import FakeClock, Till

BATCHES = "/api/sync/batches"
LONG = 60.0


def test_what_is_journalled_is_settled_at_once(till: Till, server: FakeServer) -> None:
    till.open_shift()
    (payment,) = till.sell()
    assert till.sync.settle_now(LONG) is None
    assert (till.state(payment), till.unsynced()) == ("COMPLETED", 0)
    assert len(server.batches) == 1
    assert [request.url.path for request in server.requests if request.url.path == "/api/sync/book"] == []


@pytest.mark.parametrize(("status", "state"), [(Status.FLAGGED, "FLAGGED"), (Status.FAILED, "FAILED")])
def test_the_servers_word_is_followed(till: Till, server: FakeServer, status: Status, state: str) -> None:
    server.verdicts[1, 1] = RecordResult(1, None, status, ("DISTANCE",))
    (payment,) = till.sell()
    assert till.sync.settle_now(LONG) is None
    assert till.state(payment) == state


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("where", [BATCHES, "/auth/token"])
def test_on_any_doubt_it_stays_pending_and_the_sync_goes_on_with_the_same_record(
    till: Till, server: FakeServer, outage: Fault, where: str
) -> None:
    (payment,) = till.sell()
    server.fault_on = where
    server.faults.extend([outage, outage])
    assert isinstance(till.sync.settle_now(LONG), TallystickError)
    assert (till.state(payment), till.unsynced()) == ("PENDING", 1)
    server.faults.clear()
    till.restart()
    assert till.sync.sync_once().errors == ()
    assert (till.state(payment), till.unsynced()) == ("COMPLETED", 0)
    assert set(server.judged.values()) == {1}
    assert len(set(server.batches)) == 1, "under the same id"


def test_a_server_that_hangs_is_left_alone_and_the_next_customers_do_not_wait_for_it(
    till: Till, server: FakeServer
) -> None:
    (payment,) = till.sell()
    hangs = threading.Event()

    def hang(request: httpx.Request, serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        hangs.wait()
        return lose_answer(request, serve)

    server.fault_on = BATCHES
    server.faults.append(hang)
    try:
        assert isinstance(till.sync.settle_now(0.1), ServerTooSlowError)
        asked = len(server.requests)
        with pytest.raises(ServerTooSlowError):
            till.sync.settle_now(LONG)
        assert len(server.requests) == asked
        assert (till.state(payment), till.unsynced()) == ("PENDING", 1)
    finally:
        hangs.set()
        for thread in threading.enumerate():
            if thread.name == "hurried question":
                thread.join()
    till.clock.pass_time(SLOW_PAUSE_MS)
    assert till.sync.settle_now(LONG) is None
    assert (till.state(payment), till.unsynced()) == ("COMPLETED", 0)
    assert set(server.judged.values()) == {1}


def test_time_is_shared_by_all_questions(server: FakeServer) -> None:
    clock = FakeClock()
    with HurriedExchange(URL, clock, server.transport, seconds=5) as exchange:
        with pytest.raises(TallystickError, match="unknown token"):
            exchange.ask("GET", "/api/sync/book")
        clock.pass_time(5_000)
        asked = len(server.requests)
        with pytest.raises(ServerTooSlowError):
            exchange.ask("GET", "/api/sync/book")
        assert len(server.requests) == asked


def test_a_defect_in_the_question_is_no_silence() -> None:
    def broken(_request: httpx.Request) -> httpx.Response:
        raise LookupError("a defect")

    with (
        HurriedExchange(URL, FakeClock(), httpx.MockTransport(broken), seconds=5) as exchange,
        pytest.raises(LookupError, match="a defect"),
    ):
        exchange.ask("GET", "/api/sync/book")


def test_while_a_sync_runs_the_record_is_left_to_it(till: Till, server: FakeServer) -> None:
    till.sell()
    with only_one_sync(till.home), pytest.raises(SyncRunningError):
        till.sync.settle_now(LONG)
    assert not server.batches


def test_what_waited_goes_first(till: Till, server: FakeServer) -> None:
    till.sell(2)
    server.fault_on = BATCHES
    server.faults.append(lose_answer)
    assert till.sync.settle_now(LONG) is not None
    till.sell(1)
    assert till.sync.settle_now(LONG) is None
    assert till.unsynced() == 0
    assert server.batches[0] == server.batches[1] != server.batches[2]
    assert set(server.judged.values()) == {1}

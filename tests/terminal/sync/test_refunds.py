"""Refunds from a till: whatever is lost on the way, each is made once, and this till knows how it stands."""

import httpx
import pytest

from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from shared.money import Money
from terminal.errors import NoSuchPaymentError, ServerUnreachableError
from terminal.journal.shifts import Shifts
from terminal.sync.errors import AnswerError, RefundRefusedError, RefundWaitsError, RefusedError
from terminal.till.history import History
from terminal.till.parts import Parts
from tests.terminal.sync.fake_server import FakeServer, be_busy, cut_answer, fail, lose_answer, refuse_connection
from tests.terminal.sync.till import Till

PATH = "/api/sync/refunds"


@pytest.fixture
def settled(till: Till) -> bytes:
    """A payment of 12.50 that the server has settled."""
    (payment,) = till.sell()
    till.sync.sync_once()
    assert till.state(payment) == "COMPLETED"
    return payment


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def refund(till: Till, payment: bytes, minor: int | None, reason: str = "cold") -> tuple[int, int]:
    done = till.sync.refund(payment, None if minor is None else eur(minor), approver="ida", reason=reason)
    return done.amount.minor, done.refunded.minor


def stored(till: Till) -> list[tuple[int, str, str | None]]:
    rows = till.store.rows("SELECT amount, state, problem FROM refund ORDER BY rowid")
    return [(row["amount"], row["state"], row["problem"]) for row in rows]


def test_a_payment_is_given_back_in_parts_and_then_the_rest(till: Till, settled: bytes) -> None:
    assert refund(till, settled, 400) == (400, 400)
    assert refund(till, settled, None) == (850, 1250)
    with pytest.raises(RefundRefusedError, match=r"0\.00 EUR are left"):
        refund(till, settled, None)
    assert stored(till) == [(400, "done", None), (850, "done", None)]


@pytest.mark.parametrize("fault", [lose_answer, cut_answer, fail, be_busy])
def test_a_lost_answer_never_refunds_twice(till: Till, server: FakeServer, settled: bytes, fault: object) -> None:
    server.fault_on = PATH
    server.faults.append(fault)  # type: ignore[arg-type] # one of its own faults
    with pytest.raises((ServerUnreachableError, AnswerError)):
        refund(till, settled, 400)
    assert stored(till) == [(400, "asked", None)]
    till.restart()
    with pytest.raises(RefundWaitsError, match=r"4\.00 EUR"):
        refund(till, settled, 500)
    assert refund(till, settled, 400, "other words") == (400, 400)
    assert stored(till) == [(400, "done", None)]
    assert len(server.refunds) == 1
    assert refund(till, settled, 400) == (400, 800)  # and now it is another


def test_the_rest_of_a_payment_is_asked_for_again_as_it_was(till: Till, server: FakeServer, settled: bytes) -> None:
    server.fault_on = PATH
    server.faults.append(lose_answer)
    with pytest.raises(ServerUnreachableError, match="made once"):
        refund(till, settled, 400)
    assert refund(till, settled, None) == (400, 400)


def test_without_a_connection_nothing_is_asked_and_nothing_waits(
    till: Till, server: FakeServer, settled: bytes
) -> None:
    till.restart()  # no access token
    server.faults.append(refuse_connection)
    with pytest.raises(ServerUnreachableError, match="needs the server"):
        refund(till, settled, 400)
    assert stored(till) == []


def test_a_refund_that_the_server_refuses_is_over(till: Till, server: FakeServer, settled: bytes) -> None:
    server.refuses = "REFUND_EXCEEDS_PAYMENT"
    with pytest.raises(RefundRefusedError, match="not this one"):
        refund(till, settled, 400)
    assert stored(till) == [(400, "refused", "REFUND_EXCEEDS_PAYMENT")]
    server.refuses = ""
    assert refund(till, settled, 500) == (500, 500)


def test_after_a_word_that_may_mean_anything_the_same_is_asked_again(
    till: Till, server: FakeServer, settled: bytes
) -> None:
    server.refuses = "TEAPOT"
    with pytest.raises(RefusedError):
        refund(till, settled, 400)
    assert stored(till) == [(400, "asked", None)]
    server.refuses = ""
    assert refund(till, settled, 400) == (400, 400)


@pytest.mark.parametrize(
    "changes", [{"amount": 1}, {"refunded": 3}, {"refunded": "400"}, {"payment": "x"}, {"whole": 1}]
)
def test_an_answer_to_another_question_is_none(
    till: Till, server: FakeServer, settled: bytes, changes: dict[str, object]
) -> None:
    def forge(request: httpx.Request, serve: object) -> httpx.Response:
        assert callable(serve)
        data = serve(request).json()["data"]
        return httpx.Response(200, json={"success": True, "data": data | changes})

    server.fault_on = PATH
    server.faults.append(forge)
    with pytest.raises(AnswerError):
        refund(till, settled, 400)
    assert stored(till) == [(400, "asked", None)]


@pytest.mark.parametrize("amount", [eur(1251), eur(0), Money(1, "USD")])
def test_more_than_was_paid_is_not_even_asked_for(
    till: Till, server: FakeServer, settled: bytes, amount: Money
) -> None:
    with pytest.raises(RefundRefusedError, match=r"12\.50 EUR are left"):
        till.sync.refund(settled, amount, approver="ida", reason="cold")
    assert (stored(till), server.refunds) == ([], {})


def test_what_is_not_settled_here_is_not_refunded(till: Till, server: FakeServer) -> None:
    with pytest.raises(NoSuchPaymentError):
        refund(till, b"x" * 16, 1)
    first, second = till.sell(2)
    server.verdicts[1, 2] = RecordResult(2, second, Status.FLAGGED, ("DISTANCE",))
    for payment in (first, second):
        with pytest.raises(RefundRefusedError, match="settled"):
            refund(till, payment, 1)
    till.sync.sync_once()
    with pytest.raises(RefundRefusedError, match="settled"):
        refund(till, second, 1)
    assert refund(till, first, 1) == (1, 1)


def test_the_history_tells_of_refunds(till: Till, server: FakeServer, settled: bytes) -> None:
    refund(till, settled, 400)
    server.refuses = "NOT_REFUNDABLE"
    till.clock.pass_time(1_000)
    with pytest.raises(RefundRefusedError):
        refund(till, settled, 100)
    parts = Parts(till.store, till.journal, till.payments, Shifts(till.store), till.clock, till.seeded.randbytes)
    *_, done, refused = History(parts).life(settled)
    assert (done.kind, done.amount, done.who, done.note) == ("refunded", eur(400), "ida", "cold")
    assert (refused.kind, refused.amount, refused.status) == ("refund refused", eur(100), "NOT_REFUNDABLE")


def test_what_surely_never_reached_the_server_is_not_waited_for(till: Till, server: FakeServer, settled: bytes) -> None:
    server.fault_on = PATH
    server.faults.append(refuse_connection)
    with pytest.raises(ServerUnreachableError, match="Nothing was asked"):
        refund(till, settled, 400)
    assert stored(till) == []
    server.faults.extend([lose_answer, refuse_connection])
    for _ in range(2):
        with pytest.raises(ServerUnreachableError, match="made once"):
            refund(till, settled, 500)
    assert stored(till) == [(500, "asked", None)], "asked once, it may have been made, however it is asked again"
    assert till.sync.refund_again(settled).refunded == eur(500)
    assert len(server.refunds) == 1
    with pytest.raises(RefundRefusedError, match="waits for an answer"):
        till.sync.refund_again(settled)

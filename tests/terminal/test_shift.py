"""Voids, shifts, and the supervisors whose word they need."""

import pytest

from shared.journal import Payment, ShiftClose, ShiftOpen, Void
from shared.lifecycles import Status, TillState
from shared.money import Money
from terminal.composition import Terminal
from terminal.errors import (
    ApproverError,
    InputError,
    NoShiftError,
    NoSuchPaymentError,
    PinLockedError,
    ShiftIsOpenError,
    VoidRefusedError,
)
from terminal.till.people import Approval
from terminal.till.void import VoidAnswer
from tests.terminal.shop import NO_APPROVAL, Series, Shop, check_chain, sell, supervisor


def _sell(terminal: Terminal, series: Series, index: int = 0, amount: str = "10.00") -> bytes:
    answer = sell(terminal, amount, wallet=series.wallet, code=series.codes[index])
    assert answer.payment
    return answer.payment


def _void(terminal: Terminal, payment: bytes, approval: Approval = NO_APPROVAL) -> VoidAnswer:
    return terminal.till.voids.void(payment, reason="wrong amount", approval=approval)


def test_a_shift_opens_with_its_float_and_closes_with_what_was_taken_less_the_voids(
    terminal: Terminal, anna: Series
) -> None:
    terminal.till.shifts.open(Money(150_00, "EUR"), "eva")
    with pytest.raises(ShiftIsOpenError):
        terminal.till.shifts.open(Money(0, "EUR"))
    _sell(terminal, anna, 0, "10.00")
    voided = _sell(terminal, anna, 1, "20.00")
    assert _void(terminal, voided).approver == "owner"
    done = terminal.till.shifts.close(NO_APPROVAL)
    assert (done.count, done.total, done.voids, done.cashier) == (1, Money(10_00, "EUR"), 1, "eva")
    assert (done.carried.count, done.carried.total) == (1, 10_00)
    opened, _, paid, void, closed = check_chain(terminal)
    assert isinstance(opened, ShiftOpen)
    assert opened.opening_float == 150_00
    assert isinstance(paid, Payment)
    assert paid.cashier == "eva"
    assert isinstance(void, Void)
    assert (void.payment, void.reason, void.approver) == (voided, "wrong amount", "owner")
    assert isinstance(closed, ShiftClose)
    assert (closed.count, closed.total, closed.currency) == (1, 10_00, "EUR")
    with pytest.raises(NoShiftError):
        terminal.till.shifts.close(NO_APPROVAL)


def test_an_empty_shift_closes_with_nothing(terminal: Terminal) -> None:
    terminal.till.shifts.open(Money(0, "EUR"))
    done = terminal.till.shifts.close(NO_APPROVAL)
    assert (done.count, done.total.minor) == (0, 0)


def test_a_payment_is_voided_once_and_in_its_shift_alone(terminal: Terminal, anna: Series) -> None:
    payment, later = _sell(terminal, anna, 0), _sell(terminal, anna, 1)
    _void(terminal, payment)
    with pytest.raises(VoidRefusedError, match="VOIDED"):
        _void(terminal, payment)
    terminal.till.shifts.close(NO_APPROVAL)
    with pytest.raises(VoidRefusedError, match="open shift"):
        _void(terminal, later)
    with pytest.raises(NoSuchPaymentError):
        _void(terminal, b"\0" * 16)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("CODE_SPENT",)


@pytest.mark.parametrize(
    ("status", "voidable"),
    [(Status.SETTLED, True), (Status.FLAGGED, True), (Status.FAILED, False), (Status.REJECTED, False)],
)
def test_what_the_server_answered_decides_whether_a_payment_can_be_voided(
    terminal: Terminal, anna: Series, status: Status, voidable: bool
) -> None:
    payment = _sell(terminal, anna)
    with terminal.store.transaction():
        terminal.payments.answer(payment, status, ())
    if voidable:
        assert _void(terminal, payment).amount.minor == 10_00
        with terminal.store.transaction():  # the answer to the payment, again
            assert terminal.payments.answer(payment, status, ()) is TillState.VOIDED
    else:
        with pytest.raises(VoidRefusedError):
            _void(terminal, payment)


def test_a_payment_of_an_earlier_epoch_is_not_voided(shop: Shop, terminal: Terminal, anna: Series) -> None:
    payment = _sell(terminal, anna)
    shop.enrol(epoch=2)
    with pytest.raises(VoidRefusedError):
        _void(terminal, payment)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 129, "a\nb"])
def test_a_reason_that_no_record_may_hold_is_refused(terminal: Terminal, anna: Series, reason: str) -> None:
    payment = _sell(terminal, anna)
    with pytest.raises(InputError):
        terminal.till.voids.void(payment, reason=reason, approval=NO_APPROVAL)


def test_where_the_shop_has_supervisors_one_of_them_must_approve(shop: Shop, terminal: Terminal, anna: Series) -> None:
    cashier = {**supervisor("kai", "445566"), "role": "cashier"}
    shop.publish(cashiers=[supervisor("eva", "112233"), cashier])
    payment = _sell(terminal, anna)
    for refused in (
        NO_APPROVAL,
        Approval("eva", None),
        Approval("eva", "999999"),
        Approval("kai", "445566"),
        Approval("owner", "112233"),
    ):
        with pytest.raises(ApproverError):
            _void(terminal, payment, refused)
        with pytest.raises(ApproverError):
            terminal.till.shifts.close(refused)
    assert "112233" not in repr(Approval("eva", "112233"))
    assert _void(terminal, payment, Approval("eva", "112233")).approver == "eva"
    terminal.till.shifts.close(Approval("eva", "112233"))


def test_a_close_with_everything_synced_needs_no_supervisor(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.publish(cashiers=[supervisor("eva", "112233")])
    _sell(terminal, anna)
    shop.sync()
    assert terminal.till.shifts.close(NO_APPROVAL).count == 1


def test_five_wrong_pins_delay_and_ten_lock_until_another_supervisor_helps(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    shop.publish(cashiers=[supervisor("eva", "112233"), supervisor("ida", "778899")])
    payment = _sell(terminal, anna)
    right, wrong = Approval("eva", "112233"), Approval("eva", "000000")
    for _ in range(5):
        with pytest.raises(ApproverError, match="does not fit"):
            _void(terminal, payment, wrong)
    with shop.terminal() as restarted, pytest.raises(PinLockedError, match="30 s"):
        _void(restarted, payment, right)
    for _ in range(5):
        shop.clock.advance(30_000)
        with pytest.raises(ApproverError, match="does not fit"):
            _void(terminal, payment, wrong)
    shop.clock.advance(24 * 3_600_000)
    with pytest.raises(PinLockedError, match="another supervisor"):
        _void(terminal, payment, right)
    with pytest.raises(ApproverError):
        terminal.till.approvals.lift_lock("eva", right)
    terminal.till.approvals.lift_lock("eva", Approval("ida", "778899"))
    assert _void(terminal, payment, right).approver == "eva"


def test_a_new_pin_from_the_server_lifts_the_lock(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.publish(cashiers=[supervisor("eva", "112233")])
    payment = _sell(terminal, anna)
    for _ in range(10):
        shop.clock.advance(30_000)
        with pytest.raises(ApproverError):
            _void(terminal, payment, Approval("eva", "000000"))
    shop.publish(cashiers=[supervisor("eva", "445566")])
    assert _void(terminal, payment, Approval("eva", "445566")).approver == "eva"


def test_a_book_whose_pin_is_no_hash_lets_nobody_through(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.publish(cashiers=[{**supervisor("eva", "1"), "pin": "plain"}])
    with pytest.raises(ApproverError):
        _void(terminal, _sell(terminal, anna), Approval("eva", "plain"))

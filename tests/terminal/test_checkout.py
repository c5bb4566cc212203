"""A sale in hand: paid by one code or several, found by a restart, never paid twice and never more than its amount."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import MoneyError
from shared.lifecycles import Status
from shared.money import Money
from shared.policy import Policy
from terminal.clock import Moment
from terminal.composition import Terminal
from terminal.errors import (
    ApproverError,
    InputError,
    NoSaleError,
    SaleAmountError,
    SaleInHandError,
    SaleUnpaidError,
    VoidRefusedError,
)
from terminal.journal.device import read_device
from terminal.till.checkout import OpenSale
from terminal.till.people import Approval
from terminal.till.shift_start import end_shift
from terminal.till.till import Till
from tests.terminal.shop import NO_APPROVAL, Series, Shop, check_chain, sell, supervisor, wallet_of

ROOT = Path(__file__).parents[2]


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def in_hand(terminal: Terminal) -> OpenSale:
    sale = terminal.till.checkout.current()
    assert sale is not None
    return sale


def test_a_sale_is_begun_paid_and_finished(shop: Shop, terminal: Terminal, anna: Series) -> None:
    checkout = terminal.till.checkout
    assert checkout.current() is None
    sale = checkout.begin(eur("12.50"), "eva")
    assert (sale.amount, sale.cashier, sale.begun_at, sale.payments) == (eur("12.50"), "eva", shop.clock.now(), ())
    assert (sale.paid, sale.rest, sale.complete) == (eur("0"), eur("12.50"), False)
    answer = checkout.pay(wallet=anna.wallet, code=anna.codes[0])
    assert (answer.approved, answer.amount) == (True, eur("12.50"))
    sale = in_hand(terminal)
    assert ([payment.id for payment in sale.payments], sale.complete) == ([answer.payment], True)
    checkout.finish()
    assert checkout.current() is None
    assert {record.cashier for record in check_chain(terminal)} == {"eva"}


def test_a_restart_finds_the_sale_as_it_stood(shop: Shop, anna: Series) -> None:
    with shop.terminal() as terminal:
        begun = terminal.till.checkout.begin(eur("12.50"), None)
    with shop.terminal() as terminal:
        assert terminal.till.checkout.current() == begun
        terminal.till.checkout.pay(wallet=anna.wallet, code=anna.codes[0])
    with shop.terminal() as terminal:
        assert in_hand(terminal).complete  # nobody has seen the verdict yet
        terminal.till.checkout.finish()
    with shop.terminal() as terminal:
        assert terminal.till.checkout.current() is None


def test_a_code_that_covers_too_little_says_what_it_covers_and_another_pays_the_rest(
    terminal: Terminal, anna: Series
) -> None:
    checkout = terminal.till.checkout
    checkout.begin(eur("80.00"))
    refused = checkout.pay(wallet=anna.wallet, code=anna.codes[0])
    assert (refused.approved, refused.reasons, refused.covers) == (False, ("OVER_CAP",), eur("50.00"))
    assert checkout.pay(wallet=anna.wallet, code=anna.codes[0], amount=refused.covers).approved
    sale = in_hand(terminal)
    assert (sale.paid, sale.rest, sale.complete) == (eur("50.00"), eur("30.00"), False)
    with pytest.raises(SaleUnpaidError):
        checkout.finish()
    assert checkout.pay(wallet=anna.wallet, code=anna.codes[1]).amount == eur("30.00")
    assert in_hand(terminal).complete


def test_a_voucher_says_what_it_covers(terminal: Terminal, anna: Series) -> None:
    terminal.till.checkout.begin(eur("80.00"))
    refused = terminal.till.checkout.pay(voucher=anna.vouchers[0], code=anna.codes[0])
    assert refused.covers == eur("50.00")


def test_nothing_is_said_of_what_a_code_covers_that_is_wrong_or_can_not_pay_anyway(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    wrong = sell(terminal, "80.00", wallet=anna.wallet, code="0000-0000")
    assert (wrong.reasons, wrong.covers) == (("CODE_INVALID",), None)
    assert sell(terminal, "1.00", wallet=anna.wallet, code=anna.codes[0]).approved
    spent = sell(terminal, "80.00", wallet=anna.wallet, code=anna.codes[0])
    assert ("OVER_CAP" in spent.reasons, spent.covers) == (True, None)
    shop.publish(blocked=[anna.wallet])
    blocked = sell(terminal, "80.00", wallet=anna.wallet, code=anna.codes[1])
    assert ("OVER_CAP" in blocked.reasons, blocked.covers) == (True, None)


def test_the_rest_may_be_paid_in_another_way(terminal: Terminal, anna: Series) -> None:
    checkout = terminal.till.checkout
    checkout.begin(eur("80.00"))
    checkout.pay(wallet=anna.wallet, code=anna.codes[0], amount=eur("50.00"))
    sale = checkout.rest_otherwise()
    assert (sale.paid, sale.otherwise, sale.rest, sale.complete) == (eur("50.00"), eur("30.00"), eur("0"), True)
    with pytest.raises(SaleAmountError):
        checkout.pay(wallet=anna.wallet, code=anna.codes[1])
    checkout.finish()


def test_what_the_server_refuses_has_paid_nothing(terminal: Terminal, anna: Series) -> None:
    checkout = terminal.till.checkout
    checkout.begin(eur("10.00"))
    answer = checkout.pay(wallet=anna.wallet, code=anna.codes[0])
    assert answer.payment is not None
    with terminal.store.transaction():
        terminal.payments.answer(answer.payment, Status.FAILED, ["OVER_CAP"])
    sale = in_hand(terminal)
    assert (len(sale.payments), sale.paid, sale.rest) == (1, eur("0"), eur("10.00"))
    assert checkout.pay(wallet=anna.wallet, code=anna.codes[1]).approved
    assert in_hand(terminal).complete


def test_more_than_the_rest_is_never_taken(terminal: Terminal, anna: Series) -> None:
    checkout = terminal.till.checkout
    checkout.begin(eur("10.00"))
    with pytest.raises(SaleAmountError, match=r"10\.00"):
        checkout.pay(wallet=anna.wallet, code=anna.codes[0], amount=eur("10.01"))
    with pytest.raises(SaleAmountError):
        checkout.pay(wallet=anna.wallet, code=anna.codes[0], amount=Money(1, "USD"))
    assert terminal.payments.latest(9) == []


def test_one_sale_is_in_hand_at_a_time(terminal: Terminal) -> None:
    checkout = terminal.till.checkout
    for act in (checkout.finish, checkout.rest_otherwise, lambda: checkout.give_up(NO_APPROVAL)):
        with pytest.raises(NoSaleError):
            act()
    with pytest.raises(NoSaleError):
        checkout.pay(wallet=wallet_of(1), code="0000-0000")
    checkout.begin(eur("10.00"))
    with pytest.raises(SaleInHandError):
        checkout.begin(eur("11.00"))


@pytest.mark.parametrize(("amount", "error"), [(Money(0, "EUR"), MoneyError), (Money(1_00, "USD"), InputError)])
def test_a_sale_is_of_some_money_of_the_shop(terminal: Terminal, amount: Money, error: type[Exception]) -> None:
    with pytest.raises(error):
        terminal.till.checkout.begin(amount)
    assert terminal.till.checkout.current() is None


def test_a_sale_that_nothing_was_paid_of_is_given_up_without_a_trace(shop: Shop, terminal: Terminal) -> None:
    shop.publish(cashiers=[supervisor("ida", "123456")])
    terminal.till.checkout.begin(eur("10.00"))
    terminal.till.checkout.give_up(NO_APPROVAL)  # no supervisor: there is nothing to approve
    assert terminal.till.checkout.current() is None
    assert terminal.store.value("SELECT count(*) FROM sale") == 0
    assert check_chain(terminal) == []


def test_what_was_paid_of_a_sale_that_is_given_up_is_voided_by_a_supervisors_word(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    shop.publish(cashiers=[supervisor("ida", "123456")])
    checkout = terminal.till.checkout
    checkout.begin(eur("80.00"))
    for code in anna.codes[:2]:
        checkout.pay(wallet=anna.wallet, code=code, amount=eur("20.00"))
    with pytest.raises(ApproverError):
        checkout.give_up(Approval("ida", "000000"))
    assert in_hand(terminal).paid == eur("40.00")
    checkout.give_up(Approval("ida", "123456"))
    assert checkout.current() is None
    assert [payment.state for payment in terminal.payments.latest(9)] == ["VOIDED", "VOIDED"]
    assert terminal.payments.exposure().total == 0
    assert [type(record).__name__ for record in check_chain(terminal)][-2:] == ["Void", "Void"]


def test_a_sale_with_a_part_that_can_not_be_voided_stays_in_hand_whole(terminal: Terminal, anna: Series) -> None:
    checkout = terminal.till.checkout
    checkout.begin(eur("80.00"))
    checkout.pay(wallet=anna.wallet, code=anna.codes[0], amount=eur("20.00"))
    with terminal.store.transaction():  # as an enrolment for the next epoch ends it
        shift, moment = terminal.till.parts.shifts.open_one(), Moment.of(terminal.clock)
        assert shift is not None
        end_shift(terminal.till.parts, read_device(terminal.store), moment, shift, shift.cashier)
    checkout.pay(wallet=anna.wallet, code=anna.codes[1], amount=eur("20.00"))
    with pytest.raises(VoidRefusedError):
        checkout.give_up(NO_APPROVAL)
    assert in_hand(terminal).paid == eur("40.00")


def test_a_shift_does_not_close_over_a_sale_that_was_paid_in_part(terminal: Terminal, anna: Series) -> None:
    terminal.till.checkout.begin(eur("70.00"))
    assert terminal.till.checkout.pay(code=anna.codes[0], wallet=anna.wallet, amount=eur("50.00")).approved
    with pytest.raises(SaleInHandError):
        terminal.till.shifts.close(NO_APPROVAL)
    terminal.till.checkout.rest_otherwise()
    terminal.till.checkout.finish()
    assert terminal.till.shifts.close(NO_APPROVAL).count == 1


def test_a_sale_at_the_command_line_goes_on_beside_one_in_hand(terminal: Terminal, anna: Series) -> None:
    terminal.till.checkout.begin(eur("10.00"))
    assert sell(terminal, "10.00", wallet=anna.wallet, code=anna.codes[0]).approved
    assert in_hand(terminal).payments == ()


def test_of_two_that_pay_the_same_rest_one_is_refused_and_leaves_nothing(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    terminal.till.checkout.begin(eur("10.00"))

    def meanwhile(step: str) -> None:
        if step == "derived":
            assert terminal.till.checkout.pay(wallet=anna.wallet, code=anna.codes[0]).approved

    with shop.terminal() as other:
        slow = Till.of(other.till.parts, meanwhile)
        with pytest.raises(SaleAmountError):
            slow.checkout.pay(wallet=anna.wallet, code=anna.codes[1])
    assert in_hand(terminal).paid == eur("10.00")
    assert len(terminal.payments.latest(9)) == 1
    check_chain(terminal)


@pytest.mark.parametrize(
    ("step", "paid"), [("guessed", False), ("derived", False), ("journalled", False), ("committed", True)]
)
def test_kill_9_at_any_step_leaves_the_sale_without_the_payment_or_with_it(
    live_shop: Shop, step: str, paid: bool
) -> None:
    anna = live_shop.issue(wallet_of(1))
    with live_shop.terminal() as terminal:
        terminal.till.checkout.begin(eur("10.00"))
    ended = subprocess.run(
        [sys.executable, "-m", "tests.terminal.checkout_process", live_shop.home, anna.wallet, step, anna.codes[0]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (-9, ""), ended.stderr
    with live_shop.terminal() as terminal:
        sale = in_hand(terminal)
        records = [type(record).__name__ for record in check_chain(terminal)]
        assert (sale.complete, records) == (paid, ["ShiftOpen", "Payment"] if paid else [])
        assert terminal.store.value("SELECT count(*) FROM payment") == len(sale.payments) == paid
        if not paid:
            assert terminal.till.checkout.pay(wallet=anna.wallet, code=anna.codes[0]).approved
        terminal.till.checkout.finish()
        assert terminal.payments.exposure().total == 10_00


class _PlugPulledError(Exception):
    pass


_STEPS = ("guessed", "derived", "journalled", "committed")
_ACTS = st.lists(
    st.tuples(
        st.sampled_from(("pay", "part", "otherwise", "fail", "give up", "finish")), st.sampled_from((*_STEPS, ""))
    ),
    max_size=12,
)


class _Counter:
    """A till that is cut off at the step that is set, and the customer at it."""

    def __init__(self, terminal: Terminal, anna: Series) -> None:
        self.terminal = terminal
        self.anna = anna
        self.codes = iter(anna.codes)
        self.dies_at = ""
        self.checkout = Till.of(terminal.till.parts, self._checkpoint).checkout

    def _checkpoint(self, step: str) -> None:
        if step == self.dies_at:
            raise _PlugPulledError

    def act(self, what: str, sale: OpenSale) -> None:
        match what:
            case "pay" | "part":
                amount = eur("7.00") if what == "part" else None
                self.checkout.pay(wallet=self.anna.wallet, code=next(self.codes), amount=amount)
            case "otherwise":
                self.checkout.rest_otherwise()
            case "fail":
                for payment in [one for one in sale.paying if one.unsynced]:
                    with self.terminal.store.transaction():
                        self.terminal.payments.answer(payment.id, Status.FAILED, [])
            case "give up":
                self.checkout.give_up(NO_APPROVAL)
            case _:
                self.checkout.finish()

    def check(self) -> None:
        store, sale = self.terminal.store, self.checkout.current()
        live = store.value("SELECT coalesce(sum(amount), 0) FROM payment WHERE state NOT IN ('VOIDED', 'FAILED')")
        assert live <= 30_00
        linked = store.value("SELECT count(*) FROM sale_payment")
        assert linked == store.value("SELECT count(*) FROM payment")
        if sale is not None:
            assert sale.paid.minor == live
            assert sale.paid.minor + sale.otherwise.minor + sale.rest.minor == 30_00


@given(_ACTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_a_sale_is_never_paid_more_than_its_amount(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, str]]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("till") / "home")
    shop.enrol(policy=Policy(streak_stop=1_000, rate_count=1_000))
    anna = shop.issue(wallet_of(1), count=20)
    with shop.terminal() as terminal:
        counter = _Counter(terminal, anna)
        counter.checkout.begin(eur("30.00"))
        for what, counter.dies_at in acts:
            sale = counter.checkout.current()
            if sale is None:
                break
            with suppress(_PlugPulledError, SaleAmountError, SaleUnpaidError):
                counter.act(what, sale)
            counter.check()
        check_chain(terminal)


def test_a_sale_above_the_limit_for_one_payment_is_paid_by_several_codes(shop: Shop, terminal: Terminal) -> None:
    shop.publish(policy=Policy(payment_limit=4_000))
    anna, checkout = shop.issue(wallet_of(7)), terminal.till.checkout
    checkout.begin(eur("110.00"))
    for index, part in enumerate(("40.00", "40.00")):
        asked = checkout.pay(wallet=anna.wallet, code=anna.codes[index])
        assert (asked.approved, asked.covers) == (False, eur(part))
        assert "PAYMENT_LIMIT" in asked.reasons
        assert checkout.pay(wallet=anna.wallet, code=anna.codes[index], amount=asked.covers).approved
    assert checkout.pay(wallet=anna.wallet, code=anna.codes[2]).approved
    assert [payment.amount for payment in in_hand(terminal).payments] == [4_000, 4_000, 3_000]
    assert in_hand(terminal).complete
    check_chain(terminal)


def test_of_such_a_sale_a_code_pays_no_more_than_it_covers_and_the_day_allows(shop: Shop, terminal: Terminal) -> None:
    shop.publish(policy=Policy(daily_limit=12_000))
    anna, checkout = shop.issue(wallet_of(7)), terminal.till.checkout
    checkout.begin(eur("130.00"))
    for index, part in enumerate(("50.00", "50.00")):
        assert checkout.pay(wallet=anna.wallet, code=anna.codes[index], amount=eur(part)).approved
    checkout.rest_otherwise()
    checkout.finish()
    checkout.begin(eur("130.00"))
    asked = checkout.pay(wallet=anna.wallet, voucher=anna.vouchers[2], code=anna.codes[2])
    assert asked.covers == eur("50.00")  # as the voucher says; what is left of the day is found with the code
    asked = checkout.pay(wallet=anna.wallet, code=anna.codes[2])
    assert asked.covers == eur("20.00")
    assert checkout.pay(wallet=anna.wallet, code=anna.codes[2], amount=eur("20.00")).approved
    asked = checkout.pay(wallet=anna.wallet, code=anna.codes[3])
    assert (asked.approved, asked.covers) == (False, None)


def test_what_is_above_the_limit_is_no_way_to_guess_codes(shop: Shop, terminal: Terminal) -> None:
    anna, checkout = shop.issue(wallet_of(7)), terminal.till.checkout
    checkout.begin(eur("500.00"))
    lefts = [checkout.pay(wallet=anna.wallet, code="00000000") for _ in range(4)]
    assert [answer.guesses_left for answer in lefts] == [2, 1, 0, None]
    assert all(answer.covers is None for answer in lefts)
    assert lefts[-1].retry_ms is not None


def test_a_limit_of_nothing_offers_nothing(shop: Shop, terminal: Terminal) -> None:
    shop.publish(policy=Policy(payment_limit=0))
    anna, checkout = shop.issue(wallet_of(7)), terminal.till.checkout
    checkout.begin(eur("5.00"))
    answer = checkout.pay(wallet=anna.wallet, code=anna.codes[0])
    assert (answer.reasons, answer.covers) == (("PAYMENT_LIMIT",), None)

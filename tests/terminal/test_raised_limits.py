"""A supervisor raises a limit of the till once: what may be raised, by whom, and what is kept of it."""

import pytest

from shared.journal import Payment
from shared.policy import Policy
from terminal.composition import Terminal
from terminal.errors import ApproverError, PinLockedError
from terminal.till.history import EventKind
from terminal.till.people import Approval
from terminal.till.sale_answer import SaleAnswer
from tests.terminal.shop import NO_APPROVAL, Series, Shop, check_chain, sell, supervisor, wallet_of

EVA = Approval("eva", "471103")
# What each limit is called, and a policy under which 10.00 of a new customer is too much by that limit alone.
LIMITS = {
    "STREAK": Policy(streak_stop=0),
    "TERMINAL_EXPOSURE": Policy(exposure_limit=5_00),
    "DAILY_LIMIT": Policy(daily_limit=5_00),
    "RATE_LIMIT": Policy(rate_count=0),
}


def staff(shop: Shop, policy: Policy | None = None) -> Series:
    people = [supervisor("eva", "471103"), {**supervisor("jaan", "582214"), "role": "cashier"}]
    shop.publish(policy=policy, cashiers=people)
    return shop.issue(wallet_of(3))


def buy(terminal: Terminal, series: Series, index: int = 0, raised_by: Approval | None = None) -> SaleAnswer:
    return sell(terminal, "10.00", wallet=series.wallet, code=series.codes[index], raised_by=raised_by)


@pytest.mark.parametrize("reason", LIMITS)
def test_a_limit_of_the_till_is_raised_once_and_the_record_says_which(shop: Shop, reason: str) -> None:
    ben = staff(shop, LIMITS[reason])
    with shop.terminal() as terminal:
        refused = buy(terminal, ben)
        assert (refused.approved, refused.reasons, refused.raisable) == (False, (reason,), True)
        taken = buy(terminal, ben, raised_by=EVA)
        assert (taken.approved, taken.reasons) == (True, (reason,))
        record = check_chain(terminal)[-1]
        assert isinstance(record, Payment)
        assert record.flags == (reason,)
        again = buy(terminal, ben, 1)
        assert (again.approved, again.raisable) == (False, True)


def test_who_raised_it_stands_in_the_payments_life_over_a_restart(shop: Shop) -> None:
    ben = staff(shop, LIMITS["STREAK"])
    with shop.terminal() as terminal:
        payment = buy(terminal, ben, raised_by=EVA).payment
    assert payment is not None
    with shop.terminal() as terminal:
        life = terminal.till.history.life(payment)
        assert [(event.kind, event.who, event.reasons) for event in life] == [
            (EventKind.TAKEN, "owner", ("STREAK",)),
            (EventKind.LIMIT_RAISED, "eva", ("STREAK",)),
        ]


@pytest.mark.parametrize(
    "given", [NO_APPROVAL, Approval("jaan", "582214"), Approval("eva", None), Approval("eva", "000000")]
)
def test_nobody_but_a_supervisor_with_the_pin_raises_anything(shop: Shop, given: Approval) -> None:
    ben = staff(shop, LIMITS["STREAK"])
    with shop.terminal() as terminal:
        with pytest.raises(ApproverError):
            buy(terminal, ben, raised_by=given)
        assert terminal.payments.latest(1) == []


def test_wrong_pins_are_counted_here_too(shop: Shop) -> None:
    ben = staff(shop, LIMITS["STREAK"])
    with shop.terminal() as terminal:
        for _ in range(5):
            with pytest.raises(ApproverError):
                buy(terminal, ben, raised_by=Approval("eva", "000000"))
        with pytest.raises(PinLockedError):
            buy(terminal, ben, raised_by=EVA)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(payment_limit=5_00), "PAYMENT_LIMIT"),
        (Policy(payment_limit=5_00, streak_stop=0), "PAYMENT_LIMIT"),
        (Policy(book_hours=0), "STALE_BOOK"),
    ],
)
def test_what_the_server_fails_or_a_stale_book_is_nobodys_to_raise(shop: Shop, policy: Policy, reason: str) -> None:
    ben = staff(shop, policy)
    shop.clock.advance(1_000)
    with shop.terminal() as terminal:
        answer = buy(terminal, ben, raised_by=EVA)
        assert (answer.approved, answer.raisable) == (False, False)
        assert reason in answer.reasons


def test_a_word_that_was_not_needed_leaves_no_trace(shop: Shop) -> None:
    ben = staff(shop)
    with shop.terminal() as terminal:
        answer = buy(terminal, ben, raised_by=EVA)
        assert answer.approved
        assert answer.payment is not None
        assert [event.kind for event in terminal.till.history.life(answer.payment)] == [EventKind.TAKEN]


def test_a_wrong_code_stays_wrong_on_anybodys_word(shop: Shop) -> None:
    ben = staff(shop, LIMITS["STREAK"])
    with shop.terminal() as terminal:
        answer = sell(terminal, "10.00", wallet=ben.wallet, code="00000000", raised_by=EVA)
        assert (answer.approved, answer.reasons, answer.raisable) == (False, ("CODE_INVALID",), False)


def test_where_a_shop_has_no_supervisors_its_owner_raises_it(shop: Shop) -> None:
    shop.publish(policy=LIMITS["STREAK"])
    ben = shop.issue(wallet_of(3))
    with shop.terminal() as terminal:
        answer = buy(terminal, ben, raised_by=NO_APPROVAL)
        assert answer.payment is not None
        assert terminal.till.history.life(answer.payment)[1].who == "owner"

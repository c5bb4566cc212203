"""Signing in with a PIN, and a till that locks when nobody is there."""

import pytest

from shared.money import Money
from terminal.composition import Terminal
from terminal.errors import ApproverError, CashierError, PinLockedError, ShiftIsOpenError, SignInError
from terminal.till.people import Approval
from terminal.till.sign_in import LOCKS_AFTER_MS, SignedIn
from tests.terminal.shop import NO_APPROVAL, Shop, supervisor

EVA = SignedIn("eva", "Eva", "cashier")
IDA = SignedIn("ida", "Ida", "supervisor")


@pytest.fixture
def staffed(shop: Shop) -> Shop:
    cashiers = [{**supervisor(name, pin), "role": "cashier"} for name, pin in (("eva", "1111"), ("tom", "3333"))]
    shop.publish(cashiers=[*cashiers, supervisor("ida", "2222")])
    return shop


def test_where_the_book_names_nobody_the_owner_works_without_a_pin(terminal: Terminal) -> None:
    desk = terminal.till.sign_in
    assert desk.people() == ()
    owner = desk.sign_in()
    assert owner == SignedIn("owner", "owner", "owner")
    session = desk.begin(owner)
    session.lock()
    assert not session.locked(terminal.clock.tick() + 100 * LOCKS_AFTER_MS)
    with pytest.raises(CashierError):
        desk.sign_in("eva", "1111")


def test_cashiers_and_supervisors_sign_in_with_their_pin(staffed: Shop) -> None:
    with staffed.terminal() as terminal:
        desk = terminal.till.sign_in
        assert [person.id for person in desk.people()] == ["eva", "tom", "ida"]
        assert desk.sign_in("eva", "1111") == EVA
        assert desk.sign_in("ida", "2222") == IDA
        for who, pin in (("eva", "2222"), ("eva", ""), ("ida", "1111")):
            with pytest.raises(SignInError):
                desk.sign_in(who, pin)
        for nobody in ("owner", "max"):
            with pytest.raises(CashierError):
                desk.sign_in(nobody, "1111")


def test_wrong_pins_are_counted_over_restarts_and_a_supervisor_lifts_the_lock(staffed: Shop) -> None:
    def wrong(error: type[Exception], *, match: str | None = None) -> None:
        with staffed.terminal() as terminal, pytest.raises(error, match=match):
            terminal.till.sign_in.sign_in("eva", "9999")

    for _ in range(5):
        wrong(SignInError)
    wrong(PinLockedError, match="30 s")
    for _ in range(5):
        staffed.clock.advance(30_000)
        wrong(SignInError)
    staffed.clock.advance(3_600_000)
    wrong(PinLockedError, match="a supervisor must lift")
    with staffed.terminal() as terminal:
        with pytest.raises(PinLockedError):  # the right one neither
            terminal.till.sign_in.sign_in("eva", "1111")
        with pytest.raises(ApproverError):  # another cashier lifts no lock
            terminal.till.approvals.lift_lock("eva", Approval("tom", "3333"))
        terminal.till.approvals.lift_lock("eva", Approval("ida", "2222"))
        assert terminal.till.sign_in.sign_in("eva", "1111") == EVA


def test_signing_in_and_approving_count_the_same_wrong_pins(staffed: Shop) -> None:
    with staffed.terminal() as terminal:

        def approve() -> None:
            terminal.till.approvals.approve(Approval("ida", "9999"))

        def sign_in() -> None:
            terminal.till.sign_in.sign_in("ida", "9999")

        for act, error in ((approve, ApproverError), (sign_in, SignInError)) * 2 + ((approve, ApproverError),):
            with pytest.raises(error):
                act()
        for act in (approve, sign_in):
            with pytest.raises(PinLockedError):
                act()


def test_the_till_locks_after_five_minutes_without_a_key(staffed: Shop) -> None:
    with staffed.terminal() as terminal:
        desk = terminal.till.sign_in
        session = desk.begin(desk.sign_in("eva", "1111"))
        start = terminal.clock.tick()
        session.touch(start + LOCKS_AFTER_MS - 1)
        assert not session.locked(start + 2 * LOCKS_AFTER_MS - 2)
        assert session.locked(start + 2 * LOCKS_AFTER_MS - 1)
        session.touch(start + 2 * LOCKS_AFTER_MS)  # a key does not open it
        assert session.locked(start + 2 * LOCKS_AFTER_MS)


def test_ticks_of_another_boot_lock_the_till(staffed: Shop) -> None:
    with staffed.terminal() as terminal:
        desk = terminal.till.sign_in
        session = desk.begin(desk.sign_in("eva", "1111"))
        assert session.locked(0)


def test_a_locked_till_is_opened_by_its_cashier_or_a_supervisor_alone(staffed: Shop) -> None:
    with staffed.terminal() as terminal:
        desk = terminal.till.sign_in
        session = desk.begin(desk.sign_in("eva", "1111"))
        for who, pin in (("eva", "1111"), ("ida", "2222")):
            session.lock()
            for other, its_pin in (("tom", "3333"), ("eva", "2222"), ("ida", "1111")):
                with pytest.raises(SignInError):
                    desk.unlock(session, other, its_pin)
            assert session.locked(terminal.clock.tick())
            assert desk.unlock(session, who, pin).id == who
            assert not session.locked(terminal.clock.tick())
            assert session.who == EVA


def test_nobody_signs_out_with_an_open_shift(staffed: Shop) -> None:
    with staffed.terminal() as terminal:
        desk = terminal.till.sign_in
        eva, tom = desk.begin(desk.sign_in("eva", "1111")), desk.begin(desk.sign_in("tom", "3333"))
        terminal.till.shifts.open(Money(0, "EUR"), "eva")
        with pytest.raises(ShiftIsOpenError, match="Eva"):
            desk.sign_out(eva)
        desk.sign_out(tom)
        terminal.till.shifts.close(NO_APPROVAL)
        desk.sign_out(eva)


def test_nobodys_bare_word_lifts_a_lock_where_there_is_no_supervisor(shop: Shop) -> None:
    shop.publish(cashiers=[{**supervisor("jaan", "582214"), "role": "cashier"}])
    with shop.terminal() as terminal, pytest.raises(ApproverError, match="no supervisor"):
        terminal.till.approvals.lift_lock("jaan", Approval("anybody", None))

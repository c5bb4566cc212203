"""Selling by code and by voucher, and every reason not to."""

from dataclasses import replace

import pytest

from shared.errors import CodeFormatError, MoneyError, WalletNumberError
from shared.geo import Place
from shared.ids import uuid_text
from shared.journal import Payment, ShiftOpen
from shared.keys import SigningKey
from shared.lifecycles import TillState
from shared.policy import Policy
from shared.reasons import Action, Reason
from terminal.clock import ReplayClock
from terminal.composition import Terminal
from terminal.errors import CashierError, InputError
from tests.terminal.shop import DEVICE, HOUR, TALLINN, Series, Shop, check_chain, sell, supervisor, wallet_of

FAR = Place(TALLINN.lat - 5_000_000, TALLINN.lon)


def test_a_typed_code_is_accepted_offline_and_is_in_the_journal(shop: Shop, terminal: Terminal, anna: Series) -> None:
    answer = sell(terminal, "12.50", wallet=anna.wallet, code=anna.codes[2])
    assert answer.approved
    assert answer.sentence == "ACCEPTED OFFLINE, not yet settled"
    assert answer.shift_opened
    opened, payment = check_chain(terminal)
    assert isinstance(opened, ShiftOpen)
    assert isinstance(payment, Payment)
    assert (payment.amount, payment.currency, payment.index, payment.series) == (12_50, "EUR", 2, anna.id)
    assert (payment.book, payment.flags, payment.device) == (7, (), DEVICE)
    assert payment.at == shop.clock.now()
    assert answer.link == terminal.journal.records(1)[1].link
    assert terminal.payments.latest(1)[0].state is TillState.PENDING


def test_a_voucher_needs_no_book_entry_but_its_code(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), in_book=False)
    assert sell(terminal, voucher=ben.vouchers[0], code=ben.codes[1]).reasons == ("CODE_INVALID",)
    answer = sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0])
    assert answer.approved
    payment = check_chain(terminal)[-1]
    assert isinstance(payment, Payment)
    assert payment.book == 0


def test_a_voucher_may_come_with_its_wallet_number_but_with_no_other(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), in_book=False)
    wrong = sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0], wallet=wallet_of(3))
    assert (wrong.approved, wrong.reasons) == (False, ("CODE_INVALID",))
    assert sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0], wallet=ben.wallet).approved


@pytest.mark.parametrize("text", ["", "TS1:", "TS1:%%%", "hello", "TS1:" + "A" * 3000])
def test_what_is_no_voucher_is_refused_in_words(terminal: Terminal, text: str) -> None:
    answer = sell(terminal, voucher=text, code="00000000")
    assert (answer.approved, answer.reasons) == (False, ("CODE_INVALID",))


def test_a_voucher_of_another_server_is_refused(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), in_book=False, key=SigningKey.from_seed(b"x" * 32))
    answer = sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0])
    assert answer.sentence.startswith("This voucher was not issued here")


def test_an_unknown_wallet_looks_exactly_like_a_wrong_code(terminal: Terminal, anna: Series) -> None:
    wrong = sell(terminal, wallet=anna.wallet, code="00000000")
    unknown = sell(terminal, wallet=wallet_of(99), code="00000000")
    assert replace(unknown, wallet=wrong.wallet) == wrong
    assert wrong.sentence == "The wallet number and code do not fit. Check both and try again."


def test_a_blocked_or_busy_wallet_says_so_only_to_who_has_the_code(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    shop.publish(blocked=[anna.wallet])
    assert sell(terminal, wallet=anna.wallet, code="00000000").reasons == ("CODE_INVALID",)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("BLOCKED",)


def test_a_code_is_spent_once_also_after_a_void_and_by_voucher(terminal: Terminal, anna: Series) -> None:
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).approved
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("CODE_SPENT",)
    assert sell(terminal, voucher=anna.vouchers[0], code=anna.codes[0]).reasons == ("CODE_SPENT",)


def test_a_code_that_the_book_says_is_spent_is_refused_typed_or_by_voucher(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), spent=[0])
    assert sell(terminal, wallet=ben.wallet, code=ben.codes[0]).reasons == ("CODE_SPENT",)
    assert sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0]).reasons == ("CODE_SPENT",)


def test_a_withdrawn_series_is_refused(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.close_series(anna)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("CODE_INVALID",)
    assert sell(terminal, voucher=anna.vouchers[0], code=anna.codes[0]).reasons == ("CODE_WITHDRAWN",)


def test_a_series_that_is_withdrawn_while_its_code_is_tried_is_refused(shop: Shop, anna: Series) -> None:
    with shop.terminal() as terminal:

        def pull_a_book(step: str) -> None:
            if step == "derived":
                shop.close_series(anna)

        terminal.till.sales._checkpoint = pull_a_book
        assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("CODE_WITHDRAWN",)


def test_limits_of_cap_payment_and_currency(shop: Shop, terminal: Terminal, anna: Series) -> None:
    assert sell(terminal, "50.01", wallet=anna.wallet, code=anna.codes[0]).reasons == ("OVER_CAP",)
    assert sell(terminal, "100.01", wallet=anna.wallet, code=anna.codes[0]).reasons == ("PAYMENT_LIMIT",)
    assert sell(terminal, "5.00", wallet=anna.wallet, code=anna.codes[0], currency="USD").reasons == ("CURRENCY",)
    foreign = shop.issue(wallet_of(2), in_book=False, currency="USD")
    assert sell(terminal, "5.00", voucher=foreign.vouchers[0], code=foreign.codes[0]).reasons == ("CURRENCY",)
    assert sell(terminal, "50.00", wallet=anna.wallet, code=anna.codes[0]).approved


def test_the_day_limit_counts_neither_void_payments_nor_yesterday(shop: Shop, terminal: Terminal) -> None:
    shop.publish(policy=Policy(daily_limit=90_00))
    ben = shop.issue(wallet_of(2), count=6)
    first = sell(terminal, "50.00", wallet=ben.wallet, code=ben.codes[0])
    assert sell(terminal, "40.01", wallet=ben.wallet, code=ben.codes[1]).reasons == ("DAILY_LIMIT",)
    assert first.payment
    with terminal.store.transaction():
        terminal.payments.void(terminal.payments.get(first.payment))
    assert sell(terminal, "50.00", wallet=ben.wallet, code=ben.codes[1]).approved
    shop.clock.advance(20 * HOUR)  # past midnight, the book not yet stale
    assert sell(terminal, "50.00", wallet=ben.wallet, code=ben.codes[2]).approved


def test_the_rate_limit(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.publish(policy=Policy(rate_count=2))
    assert all(sell(terminal, wallet=anna.wallet, code=code).approved for code in anna.codes[:2])
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[2]).reasons == ("RATE_LIMIT",)
    shop.clock.advance(61_000)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[2]).approved


def test_a_clock_that_is_off_evades_neither_rate_nor_day_limit(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.publish(policy=Policy(rate_count=2, daily_limit=30_00))
    shop.clock.wall += 200_000  # within the tolerance
    assert all(sell(terminal, wallet=anna.wallet, code=code).approved for code in anna.codes[:2])
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[2]).reasons == ("RATE_LIMIT",)
    shop.clock.wall += 30 * HOUR  # another day, if the clock were right
    shop.clock.ticks += 61_000
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[2]).approved
    shop.clock.ticks += 61_000
    assert sell(terminal, "1.00", wallet=anna.wallet, code=anna.codes[3]).reasons == ("DAILY_LIMIT",)


def test_a_streak_warns_then_stops_until_the_till_has_synced(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), count=8)
    answers = [sell(terminal, "1.00", wallet=ben.wallet, code=code) for code in ben.codes[:6]]
    assert [bool(answer.warnings) for answer in answers] == [False, False, True, True, True, False]
    assert answers[5].reasons == ("STREAK",)
    shop.sync()
    assert sell(terminal, "1.00", wallet=ben.wallet, code=ben.codes[5]).approved


@pytest.mark.parametrize("policy", [Policy(exposure_limit=15_00), Policy(exposure_count=1)])
def test_the_exposure_of_the_till_stops_all_sales_until_it_has_synced(
    shop: Shop, terminal: Terminal, anna: Series, policy: Policy
) -> None:
    shop.publish(policy=policy)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).approved
    assert sell(terminal, wallet=wallet_of(99), code="00000000").reasons == ("TERMINAL_EXPOSURE",)
    shop.sync()
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[1]).approved


def test_a_stale_book_stops_typed_codes_and_later_vouchers(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), hours=200)
    shop.clock.advance(24 * HOUR)
    assert sell(terminal, wallet=ben.wallet, code=ben.codes[0]).approved
    shop.clock.advance(1)
    assert sell(terminal, wallet=ben.wallet, code=ben.codes[1]).reasons == ("STALE_BOOK",)
    assert sell(terminal, voucher=ben.vouchers[1], code=ben.codes[1]).approved
    shop.clock.advance(48 * HOUR)
    assert sell(terminal, voucher=ben.vouchers[2], code=ben.codes[2]).reasons == ("STALE_BOOK",)


def test_without_any_book_nothing_is_sold(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.run("DELETE FROM book")
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("STALE_BOOK",)
    assert sell(terminal, voucher=anna.vouchers[0], code=anna.codes[0]).reasons == ("STALE_BOOK",)


def test_codes_are_good_from_their_issue_less_the_tolerance_to_their_expiry(shop: Shop, terminal: Terminal) -> None:
    shop.clock.advance(400_000)
    ben = shop.issue(wallet_of(2), hours=2)
    shop.clock.advance(-400_000)
    assert sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0]).reasons == ("CODE_INVALID",)
    shop.clock.advance(100_000)
    assert sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0]).approved
    shop.clock.advance(300_000 + 2 * HOUR)
    assert sell(terminal, voucher=ben.vouchers[1], code=ben.codes[1]).approved
    shop.clock.advance(1)
    for tendered in ({"voucher": ben.vouchers[2]}, {"wallet": ben.wallet}):
        answer = sell(terminal, code=ben.codes[2], **tendered)
        assert answer.reasons == ("CODE_INVALID",)
        assert "past its date" in answer.sentence


def test_turning_the_clock_back_brings_no_expired_code_back(shop: Shop, terminal: Terminal, anna: Series) -> None:
    ben = shop.issue(wallet_of(2), hours=2)
    shop.clock.advance(3 * HOUR)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).approved
    shop.clock.reboot()
    shop.clock.wall -= 3 * HOUR
    assert sell(terminal, wallet=ben.wallet, code=ben.codes[0]).reasons == ("CODE_INVALID",)


def test_one_sale_by_a_clock_years_ahead_does_not_stop_the_later_ones(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    right = shop.clock.wall
    shop.clock.wall += 9 * 365 * 24 * HOUR
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("CLOCK",)
    shop.clock.wall = right
    answer = sell(terminal, wallet=anna.wallet, code=anna.codes[1])
    assert (answer.approved, answer.reasons) == (True, ("CLOCK",))
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[2]).reasons == ()
    shop.clock.reboot()
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[3]).reasons == ("STALE_BOOK",)
    shop.publish()  # the server tells its time again
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[3]).approved


def test_a_sale_whose_answer_was_lost_is_found_again(shop: Shop, terminal: Terminal, anna: Series) -> None:
    first = sell(terminal, "12.50", wallet=anna.wallet, code=anna.codes[0])
    shop.clock.advance(90_000)
    again = sell(terminal, "12.50", wallet=anna.wallet, code=anna.codes[0])
    assert first.payment
    assert uuid_text(first.payment) in again.warnings[0]
    assert "2 minutes ago for 12.50 EUR" in again.warnings[0]
    assert not sell(terminal, "12.50", wallet=anna.wallet, code="00000000").warnings


def test_a_clock_that_steps_back_or_is_off_flags_the_sale(shop: Shop, terminal: Terminal, anna: Series) -> None:
    sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    shop.clock.wall -= 301_000
    answer = sell(terminal, wallet=anna.wallet, code=anna.codes[1])
    assert (answer.approved, answer.reasons) == (True, ("CLOCK",))
    payment = check_chain(terminal)[-1]
    assert isinstance(payment, Payment)
    assert payment.flags == ("CLOCK",)


def test_a_customer_from_far_away_is_accepted_by_voucher_and_flagged(shop: Shop, terminal: Terminal) -> None:
    ben = shop.issue(wallet_of(2), in_book=False, home=FAR)
    answer = sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0])
    assert (answer.approved, answer.reasons) == (True, ("DISTANCE",))
    assert answer.warnings


def test_a_policy_may_refuse_what_is_flagged_by_default(shop: Shop, terminal: Terminal) -> None:
    shop.publish(policy=Policy(actions={Reason.DISTANCE: Action.FAIL}))
    ben = shop.issue(wallet_of(2), in_book=False, home=FAR)
    assert sell(terminal, voucher=ben.vouchers[0], code=ben.codes[0]).reasons == ("DISTANCE",)


def test_what_can_be_no_sale_is_refused_and_costs_no_guess(shop: Shop, terminal: Terminal, anna: Series) -> None:
    with pytest.raises(CodeFormatError):
        sell(terminal, wallet=anna.wallet, code="7KQ2")
    with pytest.raises(WalletNumberError):
        sell(terminal, wallet="1234567890", code=anna.codes[0])
    with pytest.raises(MoneyError):
        sell(terminal, "0", wallet=anna.wallet, code=anna.codes[0])
    with pytest.raises(InputError):
        sell(terminal, code=anna.codes[0])
    with pytest.raises(InputError):
        sell(terminal, wallet=anna.wallet, code=anna.codes[0], cashier="x" * 129)
    shop.publish(cashiers=[supervisor("eva", "112233")])
    with pytest.raises(CashierError):
        sell(terminal, wallet=anna.wallet, code=anna.codes[0], cashier="nobody")
    assert terminal.store.value("SELECT count(*) FROM guess") == 0
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0], cashier="eva").approved


def test_a_sale_of_an_earlier_hour_is_recorded_with_its_time_and_place(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    then = shop.clock.now() - HOUR
    answer = sell(terminal, wallet=anna.wallet, code=anna.codes[0], clock=ReplayClock.at(then, shop.clock), place=FAR)
    assert answer.approved
    payment = check_chain(terminal)[-1]
    assert isinstance(payment, Payment)
    assert (payment.at, payment.tick) == (then, shop.clock.tick() - HOUR)
    assert (payment.boot, payment.lat) == (shop.clock.boot, FAR.lat)
    before_boot = ReplayClock.at(shop.clock.now() - 11 * HOUR, shop.clock)
    assert before_boot.boot != shop.clock.boot


def test_after_a_new_enrolment_a_new_chain_begins_and_the_old_shift_ends(
    shop: Shop, terminal: Terminal, anna: Series
) -> None:
    sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    shop.enrol(epoch=2)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[1]).shift_opened
    assert [type(record).__name__ for record in check_chain(terminal, 1)] == ["ShiftOpen", "Payment"]
    assert [type(record).__name__ for record in check_chain(terminal, 2)] == ["ShiftClose", "ShiftOpen", "Payment"]
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).reasons == ("CODE_SPENT",)

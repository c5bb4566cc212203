"""How often a code may be guessed, and for how long a lock lasts."""

import pytest

from shared.policy import Policy
from terminal.composition import Terminal
from tests.terminal.shop import HOUR, Series, Shop, sell, wallet_of

WRONG = "00000000"


def test_three_wrong_codes_lock_the_sale_also_for_the_right_one(terminal: Terminal, anna: Series) -> None:
    tries = [sell(terminal, wallet=anna.wallet, code=WRONG) for _ in range(3)]
    assert [answer.guesses_left for answer in tries] == [2, 1, 0]
    locked = sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    assert (locked.approved, locked.reasons, locked.retry_ms) == (False, (), HOUR)
    assert "60 minutes" in locked.sentence
    assert sell(terminal, "11.00", wallet=anna.wallet, code=anna.codes[0]).approved  # another sale


def test_a_lock_lasts_an_hour_from_the_first_guess(shop: Shop, terminal: Terminal, anna: Series) -> None:
    for _ in range(3):
        sell(terminal, wallet=anna.wallet, code=WRONG)
        shop.clock.advance(10 * 60_000)
    locked = sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    assert locked.retry_ms == 30 * 60_000
    shop.clock.advance(30 * 60_000 - 1)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).retry_ms == 1
    shop.clock.advance(1)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).approved


def test_a_new_sale_may_be_said_but_the_customer_has_five_guesses_an_hour(terminal: Terminal, anna: Series) -> None:
    for number in range(5):
        answer = sell(terminal, wallet=anna.wallet, code=WRONG, new_sale=number == 3)
        assert answer.reasons == ("CODE_INVALID",)
    assert answer.guesses_left == 0
    assert sell(terminal, wallet=anna.wallet, code=WRONG, new_sale=True).retry_ms == HOUR
    assert sell(terminal, wallet=wallet_of(2), code=WRONG).reasons == ("CODE_INVALID",)  # another customer


def test_the_terminal_has_twenty_guesses_an_hour_of_any_wallets(shop: Shop, terminal: Terminal, anna: Series) -> None:
    for number in range(20):
        assert sell(terminal, wallet=wallet_of(100 + number), code=WRONG).retry_ms is None
        shop.clock.advance(1_000)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).retry_ms == HOUR - 20_000
    assert terminal.till.views.status().guesses_left == 0


def test_guesses_survive_a_restart_and_a_reboot(shop: Shop, anna: Series) -> None:
    for _ in range(3):
        with shop.terminal() as terminal:
            sell(terminal, wallet=anna.wallet, code=WRONG)
    shop.clock.reboot()
    with shop.terminal() as terminal:
        assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).retry_ms == HOUR


@pytest.mark.parametrize("turned", [-2 * HOUR, 2 * HOUR])
def test_setting_the_clock_does_not_shorten_a_lock(shop: Shop, terminal: Terminal, anna: Series, turned: int) -> None:
    for _ in range(3):
        sell(terminal, wallet=anna.wallet, code=WRONG)
    shop.clock.wall += turned
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).retry_ms == HOUR


def test_a_right_code_takes_its_guess_back_whatever_else_refuses_it(terminal: Terminal, anna: Series) -> None:
    sell(terminal, "60.00", wallet=anna.wallet, code=WRONG)
    for _ in range(4):
        assert sell(terminal, "60.00", wallet=anna.wallet, code=anna.codes[0]).reasons == ("OVER_CAP",)
    assert terminal.store.value("SELECT count(*) FROM guess") == 1


def test_after_an_approved_sale_the_same_wallet_and_amount_is_another_sale(terminal: Terminal, anna: Series) -> None:
    for _ in range(2):
        sell(terminal, wallet=anna.wallet, code=WRONG)
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).approved
    assert sell(terminal, wallet=anna.wallet, code=WRONG).guesses_left == 2
    assert sell(terminal, wallet=anna.wallet, code=WRONG).guesses_left == 1


def test_a_policy_of_no_guesses_takes_no_codes(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shop.publish(policy=Policy(guesses_customer_hour=0))
    assert sell(terminal, wallet=anna.wallet, code=anna.codes[0]).retry_ms == HOUR

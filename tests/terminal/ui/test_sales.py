"""Whole sales through the app, by keys and by a scanner's bursts."""

import pytest

from shared.policy import Policy
from tests.terminal.shop import Series, Shop, check_chain, wallet_of
from tests.terminal.ui.kit import Screen, run, till_app
from tests.terminal.ui.steps import begin_sale, open_shift, tender, type_wallet


@pytest.fixture
def anna(shop: Shop) -> Series:
    return shop.issue(wallet_of(1))


def payments(shop: Shop) -> list[tuple[str, int, str]]:
    with shop.terminal() as terminal:
        check_chain(terminal)
        return [(row.wallet, row.amount, row.state) for row in terminal.payments.latest(50)]


def test_an_amount_a_wallet_and_a_code_make_a_sale(shop: Shop, anna: Series) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await type_wallet(screen, "1250", anna.wallet)
            await screen.type("enter")
            await screen.write(anna.codes[0].lower())
            await screen.sees("Code", anna.codes[0][:4])
            await screen.type("enter")
            await screen.on("VerdictScreen")
            await screen.sees("A C C E P T E D   O F F L I N E", "not yet settled", "12.50 EUR")
            await screen.type("enter")
            await screen.on("SaleScreen")
            await screen.sees("0.00 EUR", "12.50 of 5000.00 EUR at risk")

    run(story)
    assert payments(shop) == [(anna.wallet, 1250, "PENDING")]


def test_a_scanned_voucher_tenders_wherever_the_focus_is_and_its_enter_confirms_nothing(
    shop: Shop, anna: Series
) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await screen.write("500")
            await screen.scan(anna.vouchers[0])
            await screen.sees("Voucher of ******", "5.00 EUR")
            assert screen.field("amount").has_focus  # the amount is still a person's to confirm
            await screen.type("enter")
            await screen.until(lambda: screen.field("code").display, "the code")
            await screen.scan(anna.codes[0])
            await screen.sees("Code scanned")
            assert payments_in(screen) == 0
            await screen.type("enter")
            await screen.on("VerdictScreen")

    run(story)
    assert payments(shop) == [(anna.wallet, 500, "PENDING")]


def payments_in(screen: Screen) -> int:
    status = screen.app.standing.status
    return status.queue.exposure.count if status else 0


def test_a_wrong_code_may_be_typed_again_and_says_which_of_the_two_to_nobody(shop: Shop, anna: Series) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await begin_sale(screen, "500")
            await tender(screen, anna.wallet, "00000000")
            await screen.sees("R E F U S E D", "The wallet number and code do not fit", "still be tried: 2")
            await screen.type("enter")
            await screen.write(anna.codes[1])
            await screen.type("enter")
            await screen.sees("A C C E P T E D")

    run(story)
    assert payments(shop) == [(anna.wallet, 500, "PENDING")]


def test_a_sale_that_one_code_does_not_cover_is_paid_with_two(shop: Shop, anna: Series) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await begin_sale(screen, "7000")
            await tender(screen, anna.wallet, anna.codes[0])
            await screen.sees("This code covers 50.00 EUR")
            await screen.type("enter")  # Enter takes no part of a sale
            await screen.sees("This code covers 50.00 EUR")
            await screen.type("plus")
            await screen.sees("50.00 of 70.00 EUR paid, 20.00 to go")
            await tender(screen, anna.wallet, anna.codes[1])
            await screen.on("VerdictScreen")
            await screen.sees("70.00 EUR")

    run(story)
    assert payments(shop) == [(anna.wallet, 2000, "PENDING"), (anna.wallet, 5000, "PENDING")]


def test_a_sale_above_the_limit_for_one_payment_goes_on_code_by_code(shop: Shop) -> None:
    shop.publish(policy=Policy(payment_limit=3_000))
    anna = shop.issue(wallet_of(7))

    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await begin_sale(screen, "5000")
            await tender(screen, anna.wallet, anna.codes[0])
            await screen.sees("One payment may be 30.00 EUR here")
            await screen.type("plus")
            await screen.sees("30.00 of 50.00 EUR paid, 20.00 to go")
            await tender(screen, anna.wallet, anna.codes[1])
            await screen.on("VerdictScreen")
            await screen.sees("50.00 EUR", "not yet settled")

    run(story)
    assert [amount for _wallet, amount, _state in payments(shop)] == [2_000, 3_000]


def test_escape_steps_back_and_out_of_a_sale_that_nobody_paid(shop: Shop, anna: Series) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await type_wallet(screen, "500", anna.wallet)
            await screen.type("enter")
            await screen.until(lambda: screen.field("code").display, "the code")
            await screen.type("escape")
            await screen.until(lambda: not screen.field("code").display, "the wallet")
            await screen.type("escape")
            await screen.sees("0.00 EUR", "Type the amount")

    run(story)
    assert payments(shop) == []


def test_a_mistyped_wallet_number_is_told_as_it_is_typed(shop: Shop, anna: Series) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await begin_sale(screen, "500")
            await screen.write("1234567890")
            await screen.sees("mistyped")
            await screen.type("backspace")
            await screen.sees("1234 5678 9")

    run(story)
    assert anna.codes


def test_a_restart_shows_the_finished_sale_that_nobody_saw(shop: Shop, anna: Series) -> None:
    async def pays() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await begin_sale(screen, "1250")
            await tender(screen, anna.wallet, anna.codes[0])
            await screen.on("VerdictScreen")

    async def starts_again() -> None:
        async with till_app(shop) as screen:
            await screen.on("VerdictScreen")
            await screen.sees("12.50 EUR", "before the till was started again")
            await screen.type("enter")
            await screen.on("SaleScreen")

    async def and_again() -> None:
        async with till_app(shop) as screen:
            await screen.on("SaleScreen")
            await screen.sees("0.00 EUR")

    run(pays)
    run(starts_again)
    run(and_again)
    assert payments(shop) == [(anna.wallet, 1250, "PENDING")]

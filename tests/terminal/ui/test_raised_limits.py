"""A limit that a supervisor raises once, through the app."""

from tests.terminal.shop import Shop, check_chain, wallet_of
from tests.terminal.ui.kit import Screen, run, till_app
from tests.terminal.ui.people_scenes import PINS, two_people
from tests.terminal.ui.steps import open_shift, type_code, type_pin, type_wallet


def staffed(shop: Shop) -> None:
    two_people(shop)
    shop.run("UPDATE book SET policy = json_set(policy, '$.streak_stop', 0)")


async def is_refused(screen: Screen, wallet: str, code: str) -> None:
    await screen.on("SignInScreen")
    await screen.sees("Jaan")
    await type_pin(screen, "2", PINS["jaan"])
    await screen.type("enter")
    await open_shift(screen)
    await type_wallet(screen, "1250", wallet)
    await type_code(screen, code)
    await screen.type("enter")
    await screen.sees("R E F U S E D", "Too many payments in a row", "a supervisor raises")


def test_a_supervisors_pin_raises_a_limit_once_with_the_same_code(shop: Shop) -> None:
    staffed(shop)
    anna = shop.issue(wallet_of(1))

    async def story() -> None:
        async with till_app(shop) as screen:
            await is_refused(screen, anna.wallet, anna.codes[0])
            await screen.type("plus")
            await screen.sees("Raise the limit once, for 12.50 EUR", "A supervisor must approve")
            await type_pin(screen, "1", "000000")
            await screen.type("plus")
            await screen.sees("does not fit this supervisor")
            await screen.type("enter")
            await screen.sees("a supervisor raises")
            await screen.type("plus")
            await screen.sees("A supervisor must approve")
            await type_pin(screen, "1", PINS["eva"])
            await screen.type("plus")
            await screen.sees("A C C E P T E D", "12.50 EUR", "STREAK")
            await screen.type("enter")
            await screen.on("SaleScreen")
            await screen.type("f2")
            await screen.on("HistoryScreen")
            await screen.sees("12.50")
            await screen.type("enter")
            await screen.sees("a limit was raised for it (eva)")

    run(story)
    with shop.terminal() as terminal:
        check_chain(terminal)
        assert len(terminal.payments.latest(5)) == 1


def test_who_steps_back_has_raised_nothing(shop: Shop) -> None:
    staffed(shop)
    anna = shop.issue(wallet_of(1))

    async def story() -> None:
        async with till_app(shop) as screen:
            await is_refused(screen, anna.wallet, anna.codes[0])
            await screen.type("plus")
            await screen.on("ApprovalScreen")
            await screen.type("escape")
            await screen.on("SaleScreen")
            await screen.sees("The customer's code, then Enter.")

    run(story)
    with shop.terminal() as terminal:
        assert terminal.payments.latest(5) == []

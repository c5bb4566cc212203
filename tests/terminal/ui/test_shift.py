"""A shift's reports and its close, through the app."""

import pytest

from terminal.preferences import Preferences
from terminal.service.printouts import FOLDER
from tests.terminal.shop import NO_APPROVAL, Shop, check_chain, supervisor
from tests.terminal.ui.kit import SIZES, Screen, run, till_app
from tests.terminal.ui.steps import type_pin
from tests.terminal.ui.test_history import take


def open_shifts(shop: Shop) -> int:
    with shop.terminal() as terminal:
        check_chain(terminal)
        return int(terminal.till.parts.shifts.open_one() is not None)


async def to_shift(screen: Screen) -> None:
    await screen.on("SaleScreen")
    await screen.type("f4")
    await screen.on("ShiftScreen")
    await screen.sees("X REPORT")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "ascii"])
def test_the_open_shift_shows_its_x_report(shop: Shop, size: tuple[int, int], theme: str) -> None:
    take(shop, ["1.00", "22.50"])

    async def story() -> None:
        look = Preferences(theme=theme, language="en", bell=False)
        async with till_app(shop, size=size, preferences=look) as screen:
            await to_shift(screen)
            await screen.sees("2 x 23.50 EUR", "+ closes this shift")
            assert theme != "ascii" or screen.text().isascii()

    run(story)


def test_a_close_names_what_it_carries_forward_and_shows_and_keeps_the_z_report(shop: Shop) -> None:
    take(shop, ["1.00", "22.50"])

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_shift(screen)
            await screen.type("plus")
            await screen.on("ConfirmScreen")
            await screen.sees("2 payments of 23.50 EUR are carried forward")
            await screen.type("enter")
            assert open_now(screen)
            await screen.type("plus")
            await screen.sees("Z REPORT", "2 x 23.50 EUR", "Saved:")
            await screen.type("escape")
            await screen.on("ShiftOpenScreen")

    run(story)
    assert not open_shifts(shop)
    kept = sorted((shop.home / FOLDER).iterdir())
    assert [path.suffix for path in kept] == [".png", ".txt"]
    assert "2 x 23.50 EUR" in kept[1].read_text()


def open_now(screen: Screen) -> bool:
    return type(screen.app.screen).__name__ == "ConfirmScreen"


def test_a_close_with_unsynced_payments_needs_a_supervisors_pin(shop: Shop) -> None:
    take(shop, ["1.00"])
    shop.publish(cashiers=[supervisor("eva", "471103"), {**supervisor("jaan", "582214"), "role": "cashier"}])

    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("SignInScreen")
            await screen.sees("Jaan")
            await type_pin(screen, "2", "582214")
            await screen.type("enter")
            await to_shift(screen)
            await screen.type("plus")
            await screen.on("ConfirmScreen")
            await screen.type("plus")
            await screen.on("ApprovalScreen")
            await screen.sees("Eva")
            await type_pin(screen, "1", "000000")
            await screen.type("plus")
            await screen.sees("does not fit this supervisor")
            await screen.type("plus")
            await screen.on("ConfirmScreen")
            await screen.type("plus")
            await screen.on("ApprovalScreen")
            await screen.sees("Eva")
            await type_pin(screen, "1", "471103")
            await screen.type("plus")
            await screen.sees("Z REPORT")

    run(story)
    assert not open_shifts(shop)


def test_earlier_shifts_have_their_reports(shop: Shop) -> None:
    take(shop, ["1.00"])
    with shop.terminal() as terminal:
        terminal.till.shifts.close(NO_APPROVAL)

    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            await screen.type("f4")
            await screen.sees("No shift is open.")
            await screen.type("enter")
            await screen.sees("1 x 1.00 EUR", "owner")
            await screen.type("enter")
            await screen.sees("Z REPORT", "1 x 1.00 EUR")

    run(story)

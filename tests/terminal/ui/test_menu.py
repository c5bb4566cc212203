"""The menu by a keypad alone: whatever it offers has a key there."""

import pytest

from tests.terminal.shop import Shop
from tests.terminal.ui.kit import run, till_app
from tests.terminal.ui.steps import open_shift


@pytest.mark.parametrize("key", [".", "decimal"])
def test_a_keypad_closes_the_till(shop: Shop, key: str) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await screen.type("asterisk")
            await screen.sees("Log out (the shift must be closed)", "Close the till's program")
            await screen.type(key)
            await screen.until(lambda: screen.app.return_value == 0, "the till is closed")

    run(story)


def test_a_keypad_logs_out(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await open_shift(screen)
            await screen.type("asterisk")
            await screen.sees("Log out (the shift must be closed)")
            await screen.type("0")
            await screen.sees("close the shift")

    run(story)

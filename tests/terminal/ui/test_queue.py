"""The queue and the sync, through the app."""

import pytest

from terminal.preferences import Preferences
from tests.terminal.shop import Shop
from tests.terminal.ui.kit import SIZES, run, till_app
from tests.terminal.ui.test_history import take


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "ascii"])
def test_what_waits_stands_there_the_oldest_first_with_why(shop: Shop, size: tuple[int, int], theme: str) -> None:
    take(shop, ["1.00", "22.50"])

    async def story() -> None:
        look = Preferences(theme=theme, language="en", bell=False)
        async with till_app(shop, size=size, preferences=look) as screen:
            await screen.on("SaleScreen")
            await screen.type("f3")
            await screen.on("QueueScreen")
            await screen.sees("3 records wait: 2 payments, 23.50 EUR", "22.50 EUR", "1.00 EUR")
            await screen.type("f5")
            await screen.sees("never succeeded", "The server can't be reached")
            text = screen.text()
            assert text.index(" 1.00 EUR") < text.index("22.50 EUR")
            assert theme != "ascii" or text.isascii()

    run(story)


def test_a_till_with_nothing_to_send_says_that_all_is_synced(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            await screen.type("f3")
            await screen.sees("All is synced: nothing waits.")

    run(story)

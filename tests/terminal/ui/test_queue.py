"""The queue and the sync, through the app."""

from functools import partial

import pytest

from terminal.journal.queries import SQL
from terminal.preferences import Preferences
from terminal.ui.widgets.paged_rows import PagedRows
from tests.terminal.shop import Shop
from tests.terminal.ui.kit import SIZES, run, till_app
from tests.terminal.ui.test_history import MANY, holds, leave_many, take


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


def test_ten_thousand_that_wait_come_page_by_page_and_stay_when_a_sync_fails(shop: Shop) -> None:
    leave_many(shop)

    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("SaleScreen")
            await screen.type("f3")
            await screen.on("QueueScreen")
            rows = screen.app.screen.query_one(PagedRows)
            for count in (50, 100, 150):
                await screen.until(partial(holds, rows, count), f"{count} payments")
                await screen.type("end")
            await screen.type("f5")
            await screen.sees("This sync did not succeed.")
            assert rows.option_count >= 150

    run(story)


def test_each_of_ten_thousand_that_wait_stands_on_one_page_in_order(shop: Shop) -> None:
    leave_many(shop)
    with shop.terminal() as terminal:
        views = terminal.till.views
        page = views.queue_page(most=700)
        found = [payment.seq for payment in page.payments]
        while page.after is not None:
            page = views.queue_page(page.after, most=700)
            found += [payment.seq for payment in page.payments]
        first = terminal.payments.unsynced()[0].seq
        assert found == list(range(first, first + MANY))
        bounds = {"epoch": 0, "seq": 0, "most": 50}
        plan = [row["detail"] for row in terminal.store.rows(f"EXPLAIN QUERY PLAN {SQL['unsynced_page']}", bounds)]
        assert [step for step in plan if not step.startswith("SEARCH")] == []

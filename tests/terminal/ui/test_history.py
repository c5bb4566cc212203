"""The history, a payment's life, and taking it back, through the app."""

import asyncio
from functools import partial

import pytest

from shared.lifecycles import TillState
from terminal.errors import ServerUnreachableError
from terminal.preferences import Preferences
from terminal.service.desk import SyncNews
from terminal.ui.app import Heard
from terminal.ui.screens.history import HistoryScreen
from terminal.ui.widgets.paged_rows import PagedRows
from tests.terminal.shop import Shop, check_chain, sell, supervisor, wallet_of
from tests.terminal.ui.kit import SIZES, Screen, run, till_app
from tests.terminal.ui.steps import type_pin

MANY = 10_000


def take(shop: Shop, amounts: list[str]) -> None:
    series = shop.issue(wallet_of(1), count=len(amounts))
    with shop.terminal() as terminal:
        for amount, code in zip(amounts, series.codes, strict=True):
            shop.clock.advance(120_000)
            assert sell(terminal, amount, wallet=series.wallet, code=code).approved


def leave_many(shop: Shop) -> None:
    """As an outage of a week leaves it: MANY payments that wait, behind one that was answered."""
    take(shop, ["1.00"])
    columns = "shift, wallet, series, amount, currency, taken, reasons"
    with shop.terminal() as terminal, terminal.store.transaction():
        row = terminal.payments.latest(1)[0]
        terminal.store.execute("PRAGMA defer_foreign_keys = ON")
        terminal.store.execute("UPDATE payment SET unsynced = 0, state = 'COMPLETED'")
        terminal.store.execute_each(
            f"INSERT INTO payment (id, epoch, seq, idx, at, state, {columns}) "  # noqa: S608 - names of columns
            f"SELECT ?, epoch, ?, ?, at + ?, 'PENDING', {columns} FROM payment WHERE id = ?",
            [(n.to_bytes(16, "big"), row.seq + n, 100 + n, n * 1_000, row.id) for n in range(1, MANY + 1)],
        )
        terminal.store.execute_each(
            "INSERT INTO unanswered VALUES (?, ?, ?)",
            [(row.epoch, row.seq + n, row.at + n * 1_000) for n in range(1, MANY + 1)],
        )


def states(shop: Shop) -> list[TillState]:
    with shop.terminal() as terminal:
        check_chain(terminal)
        return [row.state for row in terminal.payments.latest(50)]


async def to_history(screen: Screen) -> None:
    await screen.on("SaleScreen")
    await screen.type("f2")
    await screen.on("HistoryScreen")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "ascii"])
def test_the_newest_payment_stands_first_with_its_state_in_words(shop: Shop, size: tuple[int, int], theme: str) -> None:
    take(shop, ["1.00", "22.50"])
    shop.run("UPDATE payment SET state = 'COMPLETED', unsynced = 0 WHERE amount = 100")

    async def story() -> None:
        look = Preferences(theme=theme, language="en", bell=False)
        async with till_app(shop, size=size, preferences=look) as screen:
            await to_history(screen)
            await screen.sees("22.50", "ACCEPTED", "1.00", "SETTLED", "******")
            text = screen.text()
            assert text.index("22.50  ") < text.index("1.00  *")
            if theme == "ascii":
                assert text.isascii(), [letter for letter in text if not letter.isascii()]

    run(story)


def test_news_that_come_while_the_screen_comes_up_end_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            monkeypatch.setattr(screen.app, "look", lambda: asyncio.sleep(0))
            screen.app.push_screen(HistoryScreen())
            await screen.app.on_heard(Heard(SyncNews(ServerUnreachableError())))
            await screen.sees("No payment was taken at this till yet.")

    run(story)


def test_a_till_that_took_nothing_says_so(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            await screen.type("f2")
            await screen.sees("No payment was taken at this till yet.")

    run(story)


def test_more_payments_come_as_somebody_scrolls_and_no_more_than_that(shop: Shop) -> None:
    leave_many(shop)

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_history(screen)
            rows = screen.app.screen.query_one(PagedRows)
            await screen.until(lambda: rows.option_count == 50, "the first page alone")
            for count in (100, 150, 200, 250):
                await screen.type("end")
                await screen.until(partial(holds, rows, count), f"{count} payments")

    run(story)


def test_each_of_ten_thousand_stands_on_one_page_and_a_search_goes_to_the_end_of_them(shop: Shop) -> None:
    leave_many(shop)
    with shop.terminal() as terminal:
        history = terminal.till.history
        for search in ("", "1.00", "accepted"):
            page = history.page(search, most=200)
            found = [payment.seq for payment in page.payments]
            while page.before is not None:
                page = history.page(search, page.before, most=200)
                found += [payment.seq for payment in page.payments]
            first = 3 if search == "accepted" else 2  # the one that was answered
            assert found == list(range(MANY + 2, first - 1, -1)), search


def holds(rows: PagedRows, count: int) -> bool:
    return rows.option_count == count


def test_a_search_finds_by_amount_and_says_when_there_is_nothing(shop: Shop) -> None:
    take(shop, ["1.00", "22.50"])

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_history(screen)
            await screen.sees("22.50", " 1.00")
            await screen.type("slash")
            await screen.write("22.50")
            await screen.type("enter")
            await screen.until(lambda: " 1.00  *" not in screen.text(), "the other one is gone")
            await screen.type("slash", *["backspace"] * 5, "9", "9", "9", "enter")
            await screen.sees("Nothing was found for: 999")
            await screen.type("escape")
            await screen.sees("22.50", " 1.00")

    run(story)


def test_a_payments_life_says_why_and_what_to_check_it_by(shop: Shop) -> None:
    take(shop, ["22.50"])
    shop.run("""UPDATE payment SET state = 'FLAGGED', unsynced = 0, reasons = '["DISTANCE", "NEW_ONE"]'""")

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_history(screen)
            await screen.sees("FLAGGED")
            await screen.type("enter")
            await screen.on("PaymentScreen")
            await screen.sees("lives far from this shop", "does not know. (NEW_ONE)", "record 2, link", "taken (owner)")

    run(story)


def test_a_void_needs_a_reason_a_supervisors_pin_and_plus(shop: Shop) -> None:
    take(shop, ["22.50"])
    shop.publish(cashiers=[supervisor("eva", "471103")])

    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("SignInScreen")
            await screen.sees("Eva")
            await type_pin(screen, "1", "471103")
            await screen.type("enter")
            await to_history(screen)
            await screen.sees("22.50")
            await screen.type("enter")
            await screen.sees("taken (owner)")
            await screen.type("v")
            await screen.on("ReasonScreen")
            await screen.type("1")
            await screen.on("ApprovalScreen")
            await screen.sees("Eva")
            await type_pin(screen, "1", "471103")
            await screen.type("enter", "enter")
            assert states_of(screen) == "ApprovalScreen"  # Enter confirms nothing
            await screen.type("plus")
            await screen.on("PaymentScreen")
            await screen.sees("VOIDED", "because: Wrong amount")

    run(story)
    assert states(shop) == [TillState.VOIDED]


def states_of(screen: Screen) -> str:
    return type(screen.app.screen).__name__


def test_who_steps_back_voids_nothing(shop: Shop) -> None:
    take(shop, ["22.50"])

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_history(screen)
            await screen.sees("22.50")
            await screen.type("enter")
            await screen.sees("taken (owner)")
            await screen.type("v")
            await screen.on("ReasonScreen")
            await screen.type("1")
            await screen.on("ApprovalScreen")
            await screen.type("escape")
            await screen.sees("Nothing was voided.")

    run(story)
    assert states(shop) == [TillState.PENDING]


def test_a_refund_without_a_connection_is_refused_in_words(shop: Shop) -> None:
    take(shop, ["22.50"])
    shop.run("UPDATE payment SET state = 'COMPLETED', unsynced = 0")

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_history(screen)
            await screen.sees("SETTLED")
            await screen.type("enter")
            await screen.sees("taken (owner)")
            await screen.type("r")
            await screen.sees("A refund needs the server, and this till is offline.")

    run(story)

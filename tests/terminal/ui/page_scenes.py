"""What a cashier looks at beside the sales: history, queue, shifts, settings, and a till that does not open."""

from shared.errors import TallystickError
from shared.money import Money
from shared.policy import Policy
from terminal.errors import DiskFullError
from terminal.ui.screens.enrolling import EnrolScreen
from terminal.ui.screens.refund import RefundScreen
from terminal.ui.screens.trouble import TroubleScreen
from terminal.ui.screens.unlock import UnlockScreen
from tests.terminal.shop import Series, Shop, sell, wallet_of
from tests.terminal.ui.kit import Screen
from tests.terminal.ui.sale_scenes import accepted, begins
from tests.terminal.ui.steps import looks_at

_STATES = ("PENDING", "COMPLETED", "FLAGGED", "FAILED", "VOIDED")


def every_state(shop: Shop) -> None:
    """A payment in each state."""
    series = shop.issue(wallet_of(7), count=len(_STATES))
    with shop.terminal() as terminal:
        for number, code in enumerate(series.codes):
            shop.clock.advance(120_000)
            assert sell(terminal, f"{number + 1}.50", wallet=series.wallet, code=code).approved
    for number, state in enumerate(_STATES):
        amount = (number + 1) * 100 + 50
        unsynced = state in ("PENDING", "VOIDED")
        shop.run("UPDATE payment SET state = ?, unsynced = ? WHERE amount = ?", [state, unsynced, amount])


def in_trouble(shop: Shop) -> None:
    """A till near its limit, whose syncs fail."""
    every_state(shop)
    shop.publish(policy=Policy(exposure_limit=1_00))
    shop.run("INSERT INTO sync_state VALUES ('push', ?, NULL, 'the server refuses this')", [shop.clock.now()])


def refund_without_an_answer(shop: Shop) -> None:
    """A settled payment whose refund the server did not answer."""
    series = shop.issue(wallet_of(7))
    with shop.terminal() as terminal:
        answer = sell(terminal, "12.50", wallet=series.wallet, code=series.codes[0])
    shop.run("UPDATE payment SET state = 'COMPLETED', unsynced = 0")
    shop.run(
        "INSERT INTO refund (key, payment, amount, currency, approver, reason, asked_at)"
        " VALUES ('k', ?, 400, 'EUR', 'owner', 'cold', ?)",
        [answer.payment, shop.clock.now()],
    )


async def menu(screen: Screen, anna: Series) -> None:
    await begins(screen, anna)
    await looks_at(screen, "asterisk", "MenuScreen", "Log out")


async def help_page(screen: Screen, anna: Series) -> None:
    await begins(screen, anna)
    await looks_at(screen, "f1", "HelpScreen")


async def status(screen: Screen, anna: Series) -> None:
    await begins(screen, anna)
    await looks_at(screen, "f7", "StatusScreen", "0 of 500, 500 left")


async def history(screen: Screen, anna: Series) -> None:
    await accepted(screen, anna)
    await looks_at(screen, "f2", "HistoryScreen", "ACCEPTED", "12.50")


async def history_of_all_states(screen: Screen, _anna: Series) -> None:
    await screen.on("SaleScreen")
    await looks_at(screen, "f2", "HistoryScreen", "ACCEPTED", "SETTLED", "FLAGGED", "FAILED", "VOIDED")


async def payment(screen: Screen, anna: Series) -> None:
    await history(screen, anna)
    await looks_at(screen, "enter", "PaymentScreen", "taken (owner)")


async def reason(screen: Screen, anna: Series) -> None:
    await payment(screen, anna)
    await looks_at(screen, "v", "ReasonScreen", "Taken twice")


async def refund(screen: Screen, _anna: Series) -> None:
    await screen.on("ShiftOpenScreen")
    screen.app.push_screen(RefundScreen(Money(12_50, "EUR")))
    await screen.sees("12.50 EUR can be given back")


async def queue(screen: Screen, anna: Series) -> None:
    await accepted(screen, anna)
    await looks_at(screen, "f3", "QueueScreen", "12.50")


async def queue_with_a_refund(screen: Screen, _anna: Series) -> None:
    await screen.on("SaleScreen")
    await looks_at(screen, "f3", "QueueScreen", "Refund of 4.00 EUR")


async def payment_with_a_refund(screen: Screen, _anna: Series) -> None:
    await screen.on("SaleScreen")
    await looks_at(screen, "f2", "HistoryScreen", "12.50")
    await looks_at(screen, "enter", "PaymentScreen", "refund asked for, not answered yet")


async def queue_in_trouble(screen: Screen, _anna: Series) -> None:
    await screen.on("SaleScreen")
    await looks_at(screen, "f3", "QueueScreen", "the server refuses this", "1.50")


async def receipt(screen: Screen, anna: Series) -> None:
    await accepted(screen, anna)
    await looks_at(screen, "f6", "ReceiptScreen", "12.50 EUR", "OFFLINE, not yet settled")


async def shift(screen: Screen, anna: Series) -> None:
    await accepted(screen, anna)
    await looks_at(screen, "enter", "SaleScreen", "Type the amount")
    await looks_at(screen, "f4", "ShiftScreen", "X REPORT", "1 x 12.50 EUR")


async def past_shifts(screen: Screen, anna: Series) -> None:
    await shift(screen, anna)
    await looks_at(screen, "enter", "PastShiftsScreen", "open  owner")


async def shift_closes(screen: Screen, anna: Series) -> None:
    await shift(screen, anna)
    await looks_at(screen, "plus", "ConfirmScreen", "carried forward")


async def settings(screen: Screen, anna: Series) -> None:
    await begins(screen, anna)
    await looks_at(screen, "f8", "SettingsScreen", "Language: English")


async def key_settings(screen: Screen, anna: Series) -> None:
    await settings(screen, anna)
    await looks_at(screen, "7", "KeySettingsScreen", "What the keys do")


async def enrolment(screen: Screen, _anna: Series) -> None:
    await screen.on("ShiftOpenScreen")
    screen.app.push_screen(EnrolScreen())
    await screen.sees("Make this a till of a shop", "till")


async def unlock(screen: Screen, _anna: Series) -> None:
    await screen.on("ShiftOpenScreen")
    screen.app.push_screen(UnlockScreen())
    await screen.sees("Unlock this till")


async def trouble(screen: Screen, _anna: Series) -> None:
    await screen.on("ShiftOpenScreen")
    error: TallystickError = DiskFullError()
    screen.app.push_screen(TroubleScreen(error))
    await screen.sees("can't be opened")

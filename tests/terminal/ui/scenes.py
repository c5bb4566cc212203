"""Every screen of the till in the states that a cashier meets, for pictures of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.errors import TallystickError
from terminal.errors import DiskFullError
from terminal.ui.screens.approval import ApprovalScreen
from terminal.ui.screens.enrolling import EnrolScreen
from terminal.ui.screens.trouble import TroubleScreen
from terminal.ui.screens.unlock import UnlockScreen
from tests.terminal.shop import Series, Shop, supervisor, wallet_of
from tests.terminal.ui.kit import Screen

Play = Callable[[Screen, Series], Awaitable[None]]
PINS = {"eva": "471103", "jaan": "582214"}


@dataclass(frozen=True)
class Scene:
    """How a screen is reached; `people` where the shop's book names them."""

    play: Play
    people: bool = False


async def shift_open(screen: Screen, _anna: Series) -> None:
    await screen.on("ShiftOpenScreen")
    await screen.write("10000")
    await screen.sees("100.00 EUR")


async def sale_begins(screen: Screen, anna: Series) -> None:
    await shift_open(screen, anna)
    await screen.type("enter")
    await screen.on("SaleScreen")
    await screen.sees("Type the amount")


async def sale_asks_for_a_wallet(screen: Screen, anna: Series, amount: str = "1250") -> None:
    await sale_begins(screen, anna)
    await screen.write(amount)
    await screen.type("enter")
    await screen.until(lambda: screen.field("wallet").display, "the wallet")
    await screen.write(anna.wallet)
    await screen.sees(anna.wallet[4:8])


async def sale_asks_for_a_code(screen: Screen, anna: Series) -> None:
    await sale_asks_for_a_wallet(screen, anna)
    await screen.type("enter")
    await screen.until(lambda: screen.field("code").display, "the code")
    await screen.write(anna.codes[0])
    await screen.sees(anna.codes[0][4:])


async def sale_with_a_voucher(screen: Screen, anna: Series) -> None:
    await sale_begins(screen, anna)
    await screen.write("1250")
    await screen.scan(anna.vouchers[0])
    await screen.sees("Voucher of")


async def sale_accepted(screen: Screen, anna: Series) -> None:
    await sale_asks_for_a_code(screen, anna)
    await screen.type("enter")
    await screen.sees("next customer")
    await screen.until(lambda: screen.app.standing.status is not None, "the status")


async def sale_refused(screen: Screen, anna: Series) -> None:
    await sale_asks_for_a_wallet(screen, anna)
    await screen.type("enter")
    await screen.until(lambda: screen.field("code").display, "the code")
    await screen.write("00000000")
    await screen.type("enter")
    await screen.sees("give this sale up")


async def sale_offers_a_part(screen: Screen, anna: Series) -> None:
    await sale_asks_for_a_wallet(screen, anna, "7000")
    await screen.type("enter")
    await screen.until(lambda: screen.field("code").display, "the code")
    await screen.write(anna.codes[0])
    await screen.type("enter")
    await screen.sees("This code covers")


async def sale_paid_in_part(screen: Screen, anna: Series) -> None:
    await sale_offers_a_part(screen, anna)
    await screen.type("plus")
    await screen.sees("20.00 to go")


async def sale_given_up(screen: Screen, anna: Series) -> None:
    await sale_paid_in_part(screen, anna)
    await screen.type("escape")
    await screen.sees("Give up this sale?")


async def sign_in(screen: Screen, _anna: Series) -> None:
    await screen.on("SignInScreen")
    await screen.sees("Eva", "Jaan")


async def sign_in_asks_for_a_pin(screen: Screen, anna: Series) -> None:
    await sign_in(screen, anna)
    await screen.type("2")
    await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
    await screen.write("582")
    await screen.sees("***")


async def signed_in(screen: Screen, anna: Series) -> None:
    await sign_in(screen, anna)
    await screen.type("2")
    await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
    await screen.write(PINS["jaan"])
    await screen.type("enter")
    await screen.on("ShiftOpenScreen")


async def locked(screen: Screen, anna: Series) -> None:
    await signed_in(screen, anna)
    await screen.type("f9")
    await screen.sees("This till is locked")


async def approval(screen: Screen, anna: Series) -> None:
    await signed_in(screen, anna)
    screen.app.push_screen(ApprovalScreen("Void 12.50 EUR?"))
    await screen.sees("A supervisor must approve")
    await screen.type("1")
    await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
    await screen.write("4711")
    await screen.sees("****")


async def menu(screen: Screen, anna: Series) -> None:
    await sale_begins(screen, anna)
    await screen.type("asterisk")
    await screen.sees("Log out")


async def help_page(screen: Screen, anna: Series) -> None:
    await sale_begins(screen, anna)
    await screen.type("f1")
    await screen.on("HelpScreen")


async def history(screen: Screen, anna: Series) -> None:
    await sale_accepted(screen, anna)
    await screen.type("f2")
    await screen.sees("ACCEPTED", "12.50")


async def payment(screen: Screen, anna: Series) -> None:
    await history(screen, anna)
    await screen.type("enter")
    await screen.on("PaymentScreen")
    await screen.sees("taken (owner)")


async def queue(screen: Screen, anna: Series) -> None:
    await sale_accepted(screen, anna)
    await screen.type("f3")
    await screen.on("QueueScreen")
    await screen.sees("12.50")


async def receipt(screen: Screen, anna: Series) -> None:
    await sale_accepted(screen, anna)
    await screen.type("f6")
    await screen.on("ReceiptScreen")
    await screen.sees("12.50 EUR", "OFFLINE, not yet settled")


async def shift(screen: Screen, anna: Series) -> None:
    await sale_accepted(screen, anna)
    await screen.type("enter")
    await screen.on("SaleScreen")
    await screen.type("f4")
    await screen.sees("X REPORT", "1 x 12.50 EUR")


async def shift_closes(screen: Screen, anna: Series) -> None:
    await shift(screen, anna)
    await screen.type("plus")
    await screen.on("ConfirmScreen")
    await screen.sees("carried forward")


async def settings(screen: Screen, anna: Series) -> None:
    await sale_begins(screen, anna)
    await screen.type("f8")
    await screen.sees("Language: English")


async def key_settings(screen: Screen, anna: Series) -> None:
    await settings(screen, anna)
    await screen.type("7")
    await screen.on("KeySettingsScreen")
    await screen.sees("What the keys do")


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


SCENES: dict[str, Scene] = {
    "shift_open": Scene(shift_open),
    "sale_begins": Scene(sale_begins),
    "sale_asks_for_a_wallet": Scene(sale_asks_for_a_wallet),
    "sale_asks_for_a_code": Scene(sale_asks_for_a_code),
    "sale_with_a_voucher": Scene(sale_with_a_voucher),
    "sale_accepted": Scene(sale_accepted),
    "sale_refused": Scene(sale_refused),
    "sale_offers_a_part": Scene(sale_offers_a_part),
    "sale_paid_in_part": Scene(sale_paid_in_part),
    "sale_given_up": Scene(sale_given_up),
    "sign_in": Scene(sign_in, people=True),
    "sign_in_asks_for_a_pin": Scene(sign_in_asks_for_a_pin, people=True),
    "locked": Scene(locked, people=True),
    "approval": Scene(approval, people=True),
    "history": Scene(history),
    "payment": Scene(payment),
    "queue": Scene(queue),
    "receipt": Scene(receipt),
    "shift": Scene(shift),
    "shift_closes": Scene(shift_closes),
    "settings": Scene(settings),
    "key_settings": Scene(key_settings),
    "enrolment": Scene(enrolment),
    "menu": Scene(menu),
    "help": Scene(help_page),
    "unlock": Scene(unlock),
    "trouble": Scene(trouble),
}


def prepare(shop: Shop, *, people: bool) -> Series:
    """The shop of a scene, the same in each run."""
    if people:
        cashiers = [supervisor("eva", PINS["eva"]), {**supervisor("jaan", PINS["jaan"]), "role": "cashier"}]
        shop.publish(cashiers=cashiers)
    return shop.issue(wallet_of(20_261_121))

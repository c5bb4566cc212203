"""Who is at the till, and whose word something needs."""

from terminal.ui.screens.approval import ApprovalScreen
from tests.terminal.shop import Series, Shop, supervisor
from tests.terminal.ui.kit import Screen
from tests.terminal.ui.steps import type_pin

PINS = {"eva": "471103", "jaan": "582214"}


def two_people(shop: Shop) -> None:
    """A supervisor and a cashier."""
    shop.publish(cashiers=[supervisor("eva", PINS["eva"]), {**supervisor("jaan", PINS["jaan"]), "role": "cashier"}])


async def sign_in(screen: Screen, _anna: Series) -> None:
    await screen.on("SignInScreen")
    await screen.sees("Eva", "Jaan")


async def sign_in_asks_for_a_pin(screen: Screen, anna: Series) -> None:
    await sign_in(screen, anna)
    await type_pin(screen, "2", "582")


async def signed_in(screen: Screen, anna: Series) -> None:
    await sign_in(screen, anna)
    await type_pin(screen, "2", PINS["jaan"])
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
    await type_pin(screen, "1", "4711")

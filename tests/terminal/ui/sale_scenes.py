"""Sales, in the states that a cashier meets."""

from shared.policy import Policy
from tests.terminal.shop import Series, Shop
from tests.terminal.ui.kit import Screen
from tests.terminal.ui.steps import open_shift, type_code, type_wallet


async def shift_open(screen: Screen, _anna: Series) -> None:
    await screen.on("ShiftOpenScreen")
    await screen.write("10000")
    await screen.sees("100.00 EUR")


async def begins(screen: Screen, _anna: Series) -> None:
    await open_shift(screen)


async def asks_for_a_wallet(screen: Screen, anna: Series, amount: str = "1250") -> None:
    await open_shift(screen)
    await type_wallet(screen, amount, anna.wallet)


async def asks_for_a_code(screen: Screen, anna: Series, amount: str = "1250") -> None:
    await asks_for_a_wallet(screen, anna, amount)
    await type_code(screen, anna.codes[0])


async def with_a_voucher(screen: Screen, anna: Series) -> None:
    await open_shift(screen)
    await screen.write("1250")
    await screen.scan(anna.vouchers[0])
    await screen.sees("Voucher of")


async def accepted(screen: Screen, anna: Series) -> None:
    await asks_for_a_code(screen, anna)
    await screen.type("enter")
    await screen.sees("next customer")
    await screen.until(lambda: screen.app.standing.status is not None, "the status")


async def refused(screen: Screen, anna: Series) -> None:
    await asks_for_a_wallet(screen, anna)
    await type_code(screen, "00000000")
    await screen.type("enter")
    await screen.sees("give this sale up")


def strict(shop: Shop) -> None:
    """A till that takes nothing without a sync."""
    shop.publish(policy=Policy(streak_stop=0))


async def refused_by_a_limit(screen: Screen, anna: Series) -> None:
    await asks_for_a_code(screen, anna)
    await screen.type("enter")
    await screen.sees("a supervisor raises")


async def offers_a_part(screen: Screen, anna: Series) -> None:
    await asks_for_a_code(screen, anna, "7000")
    await screen.type("enter")
    await screen.sees("This code covers")


async def paid_in_part(screen: Screen, anna: Series) -> None:
    await offers_a_part(screen, anna)
    await screen.type("plus")
    await screen.sees("20.00 to go")


async def given_up(screen: Screen, anna: Series) -> None:
    await paid_in_part(screen, anna)
    await screen.type("escape")
    await screen.sees("Give up this sale?")

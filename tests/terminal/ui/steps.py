"""What a person does at the till, step by step, as several tests and pictures need it."""

from tests.terminal.ui.kit import Screen


async def open_shift(screen: Screen) -> None:
    """With 100.00 in the drawer."""
    await screen.on("ShiftOpenScreen")
    await screen.write("10000")
    await screen.sees("100.00 EUR")
    await screen.type("enter")
    await screen.on("SaleScreen")
    await screen.sees("Type the amount")


async def begin_sale(screen: Screen, amount: str) -> None:
    """An amount in minor units; the till asks for a wallet."""
    await screen.write(amount)
    await screen.type("enter")
    await screen.until(lambda: screen.field("wallet").display, "the wallet")


async def type_wallet(screen: Screen, amount: str, wallet: str) -> None:
    """An amount in minor units, and whose wallet pays it."""
    await begin_sale(screen, amount)
    await screen.write(wallet)
    await screen.sees(wallet[4:8])


async def type_code(screen: Screen, code: str) -> None:
    """The customer's code, behind the wallet."""
    await screen.type("enter")
    await screen.until(lambda: screen.field("code").display, "the code")
    await screen.write(code)
    await screen.sees(code[4:])


async def tender(screen: Screen, wallet: str, code: str) -> None:
    """A wallet and its code, for what is to be paid."""
    await screen.until(lambda: screen.field("wallet").display, "the wallet")
    await screen.write(wallet)
    await type_code(screen, code)
    await screen.type("enter")


async def looks_at(screen: Screen, key: str, page: str, *words: str) -> None:
    """Another screen by its key, and what it says."""
    await screen.type(key)
    await screen.on(page)
    await screen.sees(*words)


async def type_pin(screen: Screen, number: str, pin: str) -> None:
    """Somebody of a list by number, and a PIN or a part of it."""
    await screen.type(number)
    await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
    await screen.write(pin)
    await screen.sees("*" * len(pin))

"""A cashier who sells with the app until the plug is pulled, and writes down what the screen showed.

Runs in a process of its own (`sell_on`), which somebody kills at any moment.
"""

import asyncio
import os
import sys
from pathlib import Path

from shared.codes import grouped
from terminal.store import vault
from tests.terminal.shop import FakeClock, Shop
from tests.terminal.ui.kit import Screen, till_app

AMOUNT = 125
_ALL = 100_000


def sell_on(home: Path, notes: Path, cards: list[tuple[str, list[str]]]) -> None:
    """Open the till and sell, one code after the other, for as long as this process lives.

    Args:
        home: the terminal's folder.
        notes: gets a line for each thing that the screen showed: found, nothing, or seen, with the payments so far.
        cards: wallets and their codes.
    """
    # 64 MiB for each opening would make a thousand of them slow.
    vault._T, vault._M_KIB = 1, 8
    # What an app that is killed leaves on the screen is nobody's.
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
    asyncio.run(_sell(home, notes, cards))


async def _sell(home: Path, notes: Path, cards: list[tuple[str, list[str]]]) -> None:
    shop = Shop(home, clock=FakeClock.of_now())
    shop.dice.seed = os.urandom(8).hex()
    async with till_app(shop, size=(66, 20)) as screen:
        await screen.until(
            lambda: type(screen.app.screen).__name__ in ("VerdictScreen", "SaleScreen", "ShiftOpenScreen")
        )
        if type(screen.app.screen).__name__ == "ShiftOpenScreen":
            await screen.type("enter")
            await screen.until(lambda: type(screen.app.screen).__name__ == "SaleScreen")
        # The sale screen asks first whether a sale is in hand; with one that is paid the verdict comes by itself.
        await screen.until(lambda: "Type the amount" in screen.text() or "before the till was" in screen.text())
        if "before the till was" in screen.text():
            await _note(screen, notes, "found")
            await screen.type("enter")
            await screen.sees("Type the amount")
        else:
            await _note(screen, notes, "nothing")
        rows = await screen.app.ask(lambda terminal: terminal.payments.latest(_ALL))
        taken = {(row.wallet, row.idx) for row in rows}
        for wallet, codes in cards:
            for index, code in enumerate(codes):
                if (wallet, index) not in taken:
                    await _one_sale(screen, notes, wallet, code)


async def _one_sale(screen: Screen, notes: Path, wallet: str, code: str) -> None:
    await screen.write(str(AMOUNT))
    await screen.type("enter")
    await screen.until(lambda: screen.field("wallet").display, "the wallet")
    await screen.write(wallet)
    await screen.type("enter")
    await screen.until(lambda: screen.field("code").display, "the code")
    await screen.write(grouped(code))
    await screen.type("enter")
    await screen.on("VerdictScreen")
    await _note(screen, notes, "seen")
    await screen.type("enter")
    await screen.sees("Type the amount")


async def _note(screen: Screen, notes: Path, what: str) -> None:
    count = len(await screen.app.ask(lambda terminal: terminal.payments.latest(_ALL)))
    with notes.open("a") as file:
        file.write(f"{what} {count}\n")

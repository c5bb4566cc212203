"""Which screen a till needs: to be unlocked, enrolled, signed in at, or sold at."""

from shared.errors import TallystickError
from terminal.composition import Terminal
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.enrolling import EnrolScreen
from terminal.ui.screens.sale import SaleScreen
from terminal.ui.screens.shift_open import ShiftOpenScreen
from terminal.ui.screens.sign_in import SignInScreen
from terminal.ui.screens.trouble import TroubleScreen
from terminal.ui.screens.unlock import UnlockScreen
from terminal.ui.surroundings import Surroundings


def unlocking() -> TillScreen:
    """Where nobody but a person has the unlock secret."""
    return UnlockScreen()


def enrolling() -> TillScreen:
    """Where no terminal lives yet."""
    return EnrolScreen()


def trouble(error: TallystickError) -> TillScreen:
    """Where the till can't be opened at all."""
    return TroubleScreen(error)


async def next_screen(till: Surroundings) -> TillScreen:
    """For an open till: a person first, then a shift, then sales."""

    def needs(terminal: Terminal) -> tuple[bool, bool]:
        return bool(terminal.till.sign_in.people()), terminal.till.parts.shifts.open_one() is None

    people, no_shift = await till.ask(needs)
    if till.signed_in is None and people:
        return SignInScreen()
    if till.signed_in is None:
        await till.begin_as_owner()
    return ShiftOpenScreen() if no_shift else SaleScreen()

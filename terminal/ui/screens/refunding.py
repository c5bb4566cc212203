"""Asking again for a refund that the server did not answer, from whatever screen shows it."""

import asyncio
from typing import TYPE_CHECKING

from shared.errors import TallystickError
from terminal.texts import _
from terminal.ui.screens.base import TillScreen

if TYPE_CHECKING:  # with httpx, which the first screen does without
    from terminal.sync import Refunded


async def ask_again(screen: TillScreen, payment: bytes) -> bool:
    """Whether the server has answered now; what came of it is said on the screen."""
    screen.say(_("Asking the server …"))
    try:
        done = await asyncio.wrap_future(screen.till.desk.aside(lambda terminal: terminal.refund_again(payment)))
    except TallystickError as error:
        screen.say_error(error)
        return False
    screen.say(refunded(done), kind="good")
    return True


def refunded(done: "Refunded") -> str:
    """What the server gave back."""
    return _("Refunded {amount}; {all} of this payment in all.").format(amount=done.amount, all=done.refunded)

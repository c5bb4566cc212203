"""One question that + alone says yes to."""

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from terminal.texts import _, marked
from terminal.ui.screens.base import TillScreen
from terminal.ui.surroundings import Surroundings


async def ask_confirmation(till: Surroundings, what: str) -> bool:
    """Whether somebody confirms it."""
    return await till.show(ConfirmScreen(what)) is True


class ConfirmScreen(TillScreen):
    """Dismissed with True, or None."""

    TITLE_TEXT = marked("Please confirm")
    ACTIONS: ClassVar[tuple[str, ...]] = ("confirm", "back", "help")

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def middle(self) -> Iterable[Widget]:
        """The question."""
        with VerticalScroll(can_focus=True):
            yield Static(self._what, id="what", markup=False)

    def on_mount(self) -> None:
        """Enter does nothing here."""
        self.say(_("+ confirms, Esc leaves everything as it is."))

    def action_confirm(self) -> None:
        """Yes."""
        self.dismiss(True)  # noqa: FBT003 - what a screen is dismissed with

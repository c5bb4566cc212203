"""Opening a shift: what is in the drawer."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.texts import _, marked
from terminal.till.shift_start import OWNER
from terminal.ui.entries import AmountEntry
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.entry_field import EntryField


class ShiftOpenScreen(TillScreen):
    """The float, then Enter; an empty drawer is 0.00."""

    TITLE_TEXT = marked("Open a shift")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "help", "history", "queue", "sync", "status", "menu")

    def middle(self) -> Iterable[Widget]:
        """One amount."""
        status = self.till.standing.status
        yield Static(_("Count the drawer and type what is in it (the float), then Enter."), markup=False)
        yield EntryField(_("Float"), AmountEntry(status.currency if status else "EUR"), id="float", classes="big")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(EntryField).focus()

    def action_next(self) -> None:
        """Open it."""
        self.start(self._open())

    async def _open(self) -> None:
        entry, who = self.query_one(EntryField).entry, self.till.signed_in
        if not isinstance(entry, AmountEntry):
            return
        cashier = None if who is None or who.role == OWNER else who.id
        try:
            await self.till.ask(lambda terminal: terminal.till.shifts.open(entry.money, cashier))
        except TallystickError as error:
            self.say_error(error)
            return
        self.end()

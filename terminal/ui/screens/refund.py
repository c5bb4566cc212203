"""How much of a payment is given back."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget
from textual.widgets import Static

from shared.money import Money
from terminal.texts import _, marked
from terminal.ui.entries import AmountEntry
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.entry_field import EntryField


class RefundScreen(TillScreen):
    """Dismissed with an amount, or None. `left` is what can be given back at most."""

    TITLE_TEXT = marked("Refund")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "back", "help")

    def __init__(self, left: Money) -> None:
        super().__init__()
        self._left = left

    def middle(self) -> Iterable[Widget]:
        """One amount."""
        yield Static(_("{left} can be given back. Enter alone: all of it.").format(left=self._left), markup=False)
        yield EntryField(_("Refund"), AmountEntry(self._left.currency), id="amount", classes="big")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(EntryField).focus()

    def action_next(self) -> None:
        """That much."""
        entry = self.query_one(EntryField).entry
        if not isinstance(entry, AmountEntry):
            return
        wanted = entry.money if entry.complete else self._left
        if wanted.minor > self._left.minor:
            self.say(_("Only {left} can be given back.").format(left=self._left), kind="warn")
        else:
            self.dismiss(wanted)

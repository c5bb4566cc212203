"""What the keys do, drawn from their one table."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from terminal.texts import _, marked
from terminal.ui.keys import help_rows
from terminal.ui.screens.base import EVERYWHERE, TillScreen


class HelpScreen(TillScreen):
    """The keys of the screen below, then those that work everywhere."""

    TITLE_TEXT = marked("Help")
    ACTIONS: ClassVar[tuple[str, ...]] = ("back",)

    def __init__(self, actions: tuple[str, ...]) -> None:
        super().__init__()
        self._actions = actions

    def middle(self) -> Iterable[Widget]:
        """Two lists, and how a sale goes."""
        with VerticalScroll(can_focus=True):
            yield Static(_("A sale: the amount and Enter; scan the voucher or type the wallet; the code and Enter."))
            yield Static(_("Here"), classes="heading")
            yield self._table([name for name in self._actions if name not in EVERYWHERE])
            yield Static(_("Everywhere"), classes="heading")
            yield self._table([*EVERYWHERE, "close"])

    def _table(self, actions: list[str]) -> Static:
        rows = help_rows(actions, self.till.preferences.keys)
        width = max((len(keys) for keys, _words in rows), default=0)
        return Static(Text("\n").join(Text.assemble((keys.ljust(width), "bold"), f"  {words}") for keys, words in rows))

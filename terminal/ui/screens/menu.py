"""Everything that has a key, by number: for a keypad that has no others."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList

from terminal.texts import _, marked
from terminal.ui.keys import KEYS
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.choices import Choices

OFFERED = ("history", "queue", "sync", "shift", "last", "status", "settings", "lock", "help", "sign_out", "close")


class MenuScreen(TillScreen):
    """Dismissed with the id of an action."""

    TITLE_TEXT = marked("Menu")
    ACTIONS: ClassVar[tuple[str, ...]] = ("back",)

    def middle(self) -> Iterable[Widget]:
        """The actions in words."""
        words = {"sign_out": marked("Log out (the shift must be closed)")}
        yield Choices([(name, _(words.get(name) or KEYS[name].long)) for name in OFFERED], id="menu")

    def on_mount(self) -> None:
        """Choose at once."""
        self.query_one(Choices).focus()
        self.hint(_("A number chooses, or the arrows and Enter."))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Do it, once this menu is gone."""
        self.dismiss(event.option.id)

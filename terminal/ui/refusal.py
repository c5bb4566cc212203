"""A page that has no till to show."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.texts import _, in_words


class RefusalApp(App[None]):
    """Why there is no till here, on a screen of its own."""

    CSS = "Screen { align: center middle; } Static { width: 60; height: auto; text-align: center; margin: 1; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,escape,ctrl+q,ctrl+c", "quit", show=False)]

    def __init__(self, error: TallystickError) -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        """The error's own words."""
        yield Static(in_words(self._error), markup=False)
        yield Static(_("Enter closes this page."), markup=False)

"""Running the till's app on whatever shows it: a console, or a page in a browser."""

import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.preferences import Preferences, read_preferences
from terminal.service.desk import Desk
from terminal.texts import _, language_of, speak
from terminal.ui.app import TillApp

# Set by whoever shows the screens elsewhere than on this console.
_DRIVER_VARIABLE = "TEXTUAL_DRIVER"


def run_till(
    home: Path, *, settle_seconds: float, app_of: Callable[[Desk, Preferences], TillApp] = TillApp
) -> int | None:
    """Run the till until somebody closes it; what its app ends with.

    Raises:
        TillOpenError: where another program has it. A page shows that as well: it has no line below the screen.
        DiskFullError: where its folder can't be made.
    """
    on_page = bool(os.environ.get(_DRIVER_VARIABLE))
    if on_page:
        Thread(target=_end_with_the_page, name="page", daemon=True).start()
    preferences = read_preferences(home).preferences
    desk = Desk(home, settle_seconds=settle_seconds)
    try:
        desk.claim()
        app = app_of(desk, preferences)
        app.run()
    except TallystickError as error:
        if on_page:
            speak(preferences.language or language_of())
            RefusalApp(error).run()
        raise
    finally:
        desk.close()
    return app.return_code


def _end_with_the_page() -> None:
    """Wait until whoever serves the page is gone, and end: a till that nobody sees must not keep others out."""
    page = select.poll()
    page.register(sys.__stdin__ or 0, 0)  # no event but that the other end has closed
    page.poll()
    os.kill(os.getpid(), signal.SIGTERM)


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
        yield Static(_(self._error.message), markup=False)
        yield Static(_("Enter closes this page."), markup=False)

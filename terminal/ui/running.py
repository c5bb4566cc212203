"""Running the till's app on whatever shows it: a console, or a page in a browser."""

import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from shared.errors import TallystickError
from terminal.preferences import Preferences, read_preferences
from terminal.service.desk import Desk
from terminal.texts import language_of, speak

if TYPE_CHECKING:
    from terminal.ui.app import TillApp

# Python's own 5 ms let the threads behind the screens keep a key waiting several times over.
_SWITCH_S = 0.0005
# Set by whoever shows the screens elsewhere than on this console.
_DRIVER_VARIABLE = "TEXTUAL_DRIVER"


def run_till(
    home: Path, *, settle_seconds: float, app_of: "Callable[[Desk, Preferences], TillApp] | None" = None
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
        desk.unlock_early()
        from terminal.ui.app import TillApp  # noqa: PLC0415 - once the vault's 64 MiB are given back

        sys.setswitchinterval(_SWITCH_S)
        app = (app_of or TillApp)(desk, preferences)
        app.run()
    except TallystickError as error:
        if on_page:
            speak(preferences.language or language_of())
            from terminal.ui.refusal import RefusalApp  # noqa: PLC0415 - rarely needed

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

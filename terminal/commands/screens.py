"""`tallystick terminal` by itself: the till's screens."""

from terminal.commands.answers import expected_errors
from terminal.commands.exits import Exit
from terminal.settings import home_folder, settle_seconds
from terminal.ui.running import run_till


@expected_errors
def open_screens() -> int:
    """Run the till's app until somebody closes it."""
    return Exit.FAILED if run_till(home_folder(), settle_seconds=settle_seconds()) else Exit.DONE

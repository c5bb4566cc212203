"""`tallystick terminal` by itself: the till's screens."""

from terminal.commands.answers import expected_errors
from terminal.commands.exits import Exit
from terminal.preferences import read_preferences
from terminal.service.desk import Desk
from terminal.settings import home_folder, settle_seconds
from terminal.ui.app import TillApp


@expected_errors
def open_screens() -> int:
    """Run the till's app until somebody closes it."""
    home = home_folder()
    desk = Desk(home, settle_seconds=settle_seconds())
    try:
        desk.claim()
        app = TillApp(desk, read_preferences(home).preferences)
        app.run()
    finally:
        desk.close()
    return Exit.DONE if not app.return_code else Exit.FAILED

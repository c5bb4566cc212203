"""The terminal's command line: `tallystick terminal …`, and `python -m terminal`."""

import sys

from cyclopts import App

from terminal.commands.exits import help_table
from terminal.commands.joining import enrol
from terminal.commands.locks import lift_lock
from terminal.commands.run_sales import run_sales
from terminal.commands.selling import sell, void
from terminal.commands.shifts import shift
from terminal.commands.syncing import pull, sync
from terminal.commands.views import export, queue, status

app = App(
    name="terminal",
    help=(
        "A till that takes payments offline, keeps a signed journal, and syncs when there is a network.\n\n"
        "It lives in TALLYSTICK_HOME. A first day: `enrol`, `pull`, then `sell`, and `sync` in the evening."
    ),
    help_epilogue=help_table(),
    version_flags=[],
)
app.command(enrol)
app.command(pull)
app.command(sell)
app.command(void)
app.command(shift)
app.command(queue)
app.command(sync)
app.command(status)
app.command(run_sales, name="run-sales")
app.command(export)
app.command(lift_lock, name="lift-lock")


def main() -> None:
    """Run one command and end with its exit code."""
    sys.exit(app())

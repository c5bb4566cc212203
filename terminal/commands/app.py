"""The terminal's command line: `tallystick terminal …`, and `python -m terminal`."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

from cyclopts import App, Parameter

from terminal.commands.exits import help_table

app = App(
    name="terminal",
    help=(
        "A till that takes payments offline, keeps a signed journal, and syncs when there is a network.\n\n"
        "It lives in TALLYSTICK_HOME. A first day: `enrol`, `pull`, then `sell`, and `sync` in the evening."
    ),
    help_epilogue=help_table(),
    version_flags=[],
)
_COMMANDS = {
    "enrol": "joining:enrol",
    "pull": "syncing:pull",
    "sell": "selling:sell",
    "void": "selling:void",
    "refund": "refunding:refund",
    "receipt": "receipts:receipt",
    "shift": "shifts:shift",
    "queue": "views:queue",
    "sync": "syncing:sync",
    "status": "views:status",
    "run-sales": "run_sales:run_sales",
    "export": "views:export",
    "lift-lock": "locks:lift_lock",
    "reset": "resetting:reset",
}


def _register(words: Sequence[str]) -> None:
    """Every command: the one that the words name is loaded alone, the screens load none, a help loads all."""
    alone = list(words) == ["terminal"] or not _COMMANDS.keys().isdisjoint(words)
    for name, where in _COMMANDS.items():
        module, _, function = f"terminal.commands.{where}".partition(":")
        app.command(f"{module}:{function}" if alone else getattr(import_module(module), function), name=name)


@app.default
def open_till(
    *,
    serve: Annotated[bool, Parameter(negative=())] = False,
    host: str = "127.0.0.1",
    port: int = 8100,
    anyone: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Open the till: sell, online or off, all day. One program at a time; Ctrl-Q closes it.

    Args:
        serve: Open it in a browser instead, at http://127.0.0.1:8100/, until Ctrl-C.
        host: Where the page is served.
        port: Where the page is served; 0 is any port that is free.
        anyone: Serve it to other machines too. Whoever reaches the page is at the till, and what is typed crosses the
            network as it is.
    """
    if serve:
        from terminal.commands.page import serve_page  # noqa: PLC0415 - with a web server, which a till does without

        return serve_page(host, port, anyone=anyone)
    from terminal.commands.screens import open_screens  # noqa: PLC0415 - with Textual, which other commands do without

    return open_screens()


_register(sys.argv[1:3])  # `python -m terminal sell` and `tallystick terminal sell`


def main() -> None:
    """Run one command and end with its exit code."""
    sys.exit(app())

"""The `tallystick` command. It joins two programs that never import each other, and loads only the one it runs."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from shared.errors import TallystickError
from tallystick.extras import advice, missing_extras

FAILED = 1
MISUSED = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE

_FLAGS = ("--help", "-h", "--version")
_HELP = """Offline-first payments at the till.

A terminal keeps a signed journal, the server keeps signed receipts: two halves that must fit.
Each program keeps its data in the folder that TALLYSTICK_HOME names (by default the user's data folder).

Exit codes: 0 all is well, 1 it is not and the answer says why, 2 the command was used wrongly. A program's own help
names those that it adds.
"""
# name, where it is, what it is for, the extras that it needs
_COMMANDS = (
    ("terminal", "terminal.commands.app:app", "The till: enrol, pull, sell, void, sync.", ("terminal",)),
    ("server", "syncserver.commands.app:app", "The sync server and its accounts.", ("server",)),
    ("demo", "tallystick.demo.day:demo", "A day in a shop, with the network going away.", ("terminal", "server")),
    ("bench", "tallystick.bench.command:bench", "How fast it is on this machine.", ("terminal", "server")),
    ("verify", "tallystick.verify_command:verify", "Check signed objects and journals offline.", ()),
)


def build_app(chosen: str | None = None) -> App:
    """The command with every program that is installed here, each loaded when it is first used.

    A program that is chosen speaks for itself; the others are only listed, each with its line, and never loaded.
    """
    app = App(name="tallystick", help=_HELP, help_format="markdown", version=_version)
    for name, path, purpose, extras in _COMMANDS:
        missing = missing_extras(*extras)
        if missing:
            app.command(_stand_in(name, purpose, missing))
        else:
            app.command(path, name=name, help=None if name == chosen else purpose)
    return app


def _stand_in(name: str, purpose: str, missing: list[str]) -> App:
    """A command that says what is missing, whatever it is asked."""
    app = App(
        name=name,
        help=f"{purpose} (Not installed here: the extra {', '.join(missing)}.)",
        help_flags=(),
        version_flags=(),
    )

    @app.default
    def _say(*_: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> int:
        print(f"error: {advice(missing)}", file=sys.stderr)
        return FAILED

    return app


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow, and a sale asks for none

    try:
        return version("tallystick")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. What goes wrong as foreseen ends in one line on stderr."""
    try:
        code = _run(arguments)
        if sys.stdout is not None:  # a command may have let go of a pipe that nobody reads
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`). Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except TallystickError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)
        return FAILED
    return code


def _run(arguments: Sequence[str]) -> int:
    chosen = next(iter(arguments), None)
    names = sorted(name for name, *_ in _COMMANDS)
    if chosen not in {None, *names, *_FLAGS}:
        # Said here, because cyclopts would load every program to say it.
        print(f"error: tallystick has no command {chosen!r}: it is one of {', '.join(names)}", file=sys.stderr)
        return MISUSED
    try:
        build_app(chosen)(arguments)
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
            return FAILED
        return leaving.code or 0
    return 0


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))

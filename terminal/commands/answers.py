"""Answering: words for people or one JSON object for scripts on stdout, trouble in one line on stderr."""

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ParamSpec, TextIO

from cyclopts import Parameter

from shared.errors import TallystickError
from terminal.commands.exits import exit_of

AsJson = Annotated[
    bool, Parameter(name="--json", negative=(), help="Answer with exactly one JSON object on stdout, for scripts.")
]

_Arguments = ParamSpec("_Arguments")


def say(text: str) -> None:
    """A line for people."""
    _write(text, sys.stdout)


def warn(text: str) -> None:
    """A line on stderr, beside whatever stdout holds."""
    _write(text, sys.stderr)


def answer(as_json: bool, value: Mapping[str, Any], words: Callable[[], None]) -> None:
    """One JSON object, or the same in words."""
    if as_json:
        say(json.dumps(value))
    else:
        words()


def _write(text: str, stream: TextIO) -> None:
    """Say it now, or not at all: what was done is done, and the exit code tells it also where nobody listens."""
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:
        print(text.encode("ascii", "replace").decode("ascii"), file=stream, flush=True)
    except OSError:
        # The pipe is closed, or the disk below the file is full. Python would try once more at its end, and fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def expected_errors(command: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """End a command with one clear line and its exit code, where an error is one that can be expected."""

    @functools.wraps(command)
    def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except TallystickError as error:
            if kwargs.get("as_json"):
                say(json.dumps({"error": {"code": error.code, "message": error.message}}))
            warn(f"error: {error.message}")
            return exit_of(error)

    return guarded

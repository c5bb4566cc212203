"""Answering: words for people or one JSON object for scripts on stdout, trouble in one line on stderr."""

import functools
import json
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ParamSpec

from cyclopts import Parameter

from shared.errors import TallystickError
from terminal.commands.exits import Exit, exit_of

AsJson = Annotated[
    bool, Parameter(name="--json", negative=(), help="Answer with exactly one JSON object on stdout, for scripts.")
]

_Arguments = ParamSpec("_Arguments")


def say(text: str) -> None:
    """A line for people."""
    print(text)


def warn(text: str) -> None:
    """A line on stderr, beside whatever stdout holds."""
    print(text, file=sys.stderr)


def answer(as_json: bool, value: Mapping[str, Any], words: Callable[[], None]) -> None:
    """One JSON object, or the same in words."""
    if as_json:
        print(json.dumps(value))
    else:
        words()


def expected_errors(command: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """End a command with one clear line and its exit code, where an error is one that can be expected."""

    @functools.wraps(command)
    def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except TallystickError as error:
            if kwargs.get("as_json"):
                print(json.dumps({"error": {"code": error.code, "message": error.message}}))
            warn(f"error: {error.message}")
            return exit_of(error)
        except BrokenPipeError:
            # Whoever read stdout is gone (`… | head`): nothing more can be said, and Python must not try at its end.
            sys.stdout = None
            return Exit.FAILED

    return guarded

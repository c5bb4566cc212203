"""Answering: words for people or one JSON object for scripts on stdout, trouble in one line on stderr.

Words are in the till's language, JSON is in English: whoever reads it is a program.
"""

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ParamSpec, TextIO

from cyclopts import Parameter

from shared.errors import TallystickError
from terminal.commands.exits import exit_of
from terminal.preferences import read_preferences
from terminal.settings import home_folder
from terminal.texts import _, in_words, language_of, speak

AsJson = Annotated[
    bool, Parameter(name="--json", negative=(), help="Answer with exactly one JSON object on stdout, for scripts.")
]

_Arguments = ParamSpec("_Arguments")
_LABEL = 8


def say(text: str) -> None:
    """A line for people."""
    _write(text, sys.stdout)


def say_row(label: str, value: str, width: int = _LABEL) -> None:
    """A fact below what was said: its label, then its value, in columns."""
    say(f"  {label:<{width}} {value}")


def warn(text: str) -> None:
    """A line on stderr, beside whatever stdout holds."""
    _write(text, sys.stderr)


def warn_of(error: TallystickError) -> None:
    """What went wrong, on stderr."""
    warn(_("error: {words}").format(words=in_words(error)))


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


def _language() -> str:
    return read_preferences(home_folder()).preferences.language or language_of()


def expected_errors(command: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """End a command with one clear line and its exit code, where an error is one that can be expected.

    It speaks the till's language; with --json English, whatever is said.
    """

    @functools.wraps(command)
    def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
        speak("en" if kwargs.get("as_json") else _language())
        try:
            return command(*args, **kwargs)
        except TallystickError as error:
            if kwargs.get("as_json"):
                say(json.dumps({"error": {"code": error.code, "message": error.message}}))
            warn_of(error)
            return exit_of(error)

    return guarded

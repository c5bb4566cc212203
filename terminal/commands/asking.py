"""What a command asks for when it was not said: codes in the clear, PINs hidden, never on stdout."""

import getpass
import sys
from pathlib import Path

from terminal.errors import InputError
from terminal.texts import _, system_words

_MOST_LINE = 4_096


def ask_line(prompt: str) -> str:
    """One line from stdin, with a prompt where a person sits there.

    Raises:
        InputError: where stdin has ended.
    """
    if sys.stdin.isatty():
        print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline(_MOST_LINE)
    if not line:
        raise InputError("there is nothing to read on stdin")
    return line.rstrip("\r\n")


def ask_pin(approver: str) -> str:
    """A PIN, hidden where a person types it."""
    if sys.stdin.isatty():
        return getpass.getpass(_("PIN of {approver}: ").format(approver=approver))
    return ask_line("")


def voucher_text(given: str) -> str:
    """A voucher's text: as given, from `@file`, or (`-`) a line of stdin.

    Raises:
        InputError: where it can't be read.
    """
    if given == "-":
        return ask_line(_("Voucher: "))
    if not given.startswith("@"):
        return given
    try:
        with Path(given[1:]).open(encoding="ascii", errors="replace") as file:
            return file.readline(_MOST_LINE).rstrip("\r\n")
    except OSError as error:
        raise InputError(
            "the voucher file {file} can't be read: {why}", file=given[1:], why=system_words(error)
        ) from error

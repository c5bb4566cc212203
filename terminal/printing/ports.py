"""What a way to a printer can do."""

import errno
import time
from typing import Protocol

from terminal.printing.errors import (
    PrinterDiskFullError,
    PrinterError,
    PrinterPermissionError,
    PrinterSilentError,
    PrinterUnpluggedError,
    PrinterUnreachableError,
)


class Deadline:
    """So many seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, 0 where none are."""
        return max(0.0, self._until - time.monotonic())


class Port(Protocol):
    """An open way to a printer. No method waits longer than it was told to."""

    def write(self, data: bytes) -> None:
        """All of the data, or a PrinterError."""

    def ask(self, question: bytes, seconds: float) -> bytes:
        """The few bytes that the printer answers, empty where it does not answer in time or never can."""

    def close(self) -> None:
        """Let go of it; raises nothing."""


_OPENING: dict[int, type[PrinterError]] = {
    errno.EACCES: PrinterPermissionError,
    errno.EPERM: PrinterPermissionError,
    errno.ENOSPC: PrinterDiskFullError,
    errno.EDQUOT: PrinterDiskFullError,
}
_WRITING: dict[int, type[PrinterError]] = {
    **_OPENING,
    errno.ETIMEDOUT: PrinterSilentError,
    errno.EAGAIN: PrinterSilentError,
}


def opening_error(error: BaseException) -> PrinterError:
    """What to say of a printer that could not be opened, by the operating system's error below `error`."""
    return _OPENING.get(_number(error), PrinterUnreachableError)()


def writing_error(error: BaseException) -> PrinterError:
    """What to say of a printer that stopped taking data."""
    if isinstance(error, TimeoutError):
        return PrinterSilentError()
    return _WRITING.get(_number(error), PrinterUnpluggedError)()


def _number(error: BaseException | None) -> int:
    """The errno of an error, or of the one that it came from."""
    while error is not None:
        number = getattr(error, "errno", None)
        if isinstance(number, int):
            return number
        error = error.__cause__ or error.__context__
    return 0

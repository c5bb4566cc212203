"""A file that jobs are added to, a pipe, or a device such as /dev/usb/lp0.

python-escpos' file back end would empty a file, and wait without end for a device that is out of paper.
"""

import contextlib
import os
import select
import stat

from terminal.printing.addresses import FilePrinter
from terminal.printing.errors import PrinterSilentError
from terminal.printing.ports import Deadline, opening_error, writing_error

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_ONLY_OWNER = 0o600


class FilePort:
    """An open file."""

    def __init__(self, printer: FilePrinter, seconds: float) -> None:
        self._seconds = seconds
        flags = _FLAGS if printer.path.startswith("/dev/") else _FLAGS | os.O_CREAT  # an unplugged device is none
        try:
            self._file = os.open(printer.path, flags, _ONLY_OWNER)
            status = os.fstat(self._file)
        except OSError as error:
            raise opening_error(error) from error
        self._size = status.st_size if stat.S_ISREG(status.st_mode) else None

    def write(self, data: bytes) -> None:
        """All of the data; of a file, none of it where not all can be written."""
        deadline, rest = Deadline(self._seconds), memoryview(data)
        try:
            while rest:
                rest = rest[self._write_some(rest, deadline) :]
            if self._size is not None:
                os.fsync(self._file)
        except OSError as error:
            if self._size is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._size)
            raise writing_error(error) from error

    def _write_some(self, rest: memoryview, deadline: Deadline) -> int:
        _, writable, _ = select.select([], [self._file], [], deadline.left())
        if not writable:
            raise PrinterSilentError
        try:
            return os.write(self._file, rest)
        except BlockingIOError:
            return 0

    def ask(self, question: bytes, seconds: float) -> bytes:  # noqa: ARG002 - a file answers nothing
        """Nothing."""
        return b""

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            os.close(self._file)

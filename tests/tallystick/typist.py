"""Somebody at a console: types into a program at a person's pace, and reads what it shows."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_CONTROL = re.compile(r"\x1b(?:\[[0-9;?<>=$]*[a-zA-Z~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])")
_BETWEEN_KEYS_S = 0.06
_PATIENCE_S = 150.0


class Typist:
    """Types into a program by its terminal's other end."""

    def __init__(self, terminal: int, program: subprocess.Popen[bytes]) -> None:
        self._terminal = terminal
        self.program = program
        self.shown = ""
        self._from = 0

    def type(self, *keys: str) -> None:
        """Keys one by one, slower than any scanner; what is waited for next has to come after them."""
        self._from = len(self.shown)
        for key in keys:
            os.write(self._terminal, key.encode())
            ends = time.monotonic() + _BETWEEN_KEYS_S
            while (left := ends - time.monotonic()) > 0:
                self._read(left)

    def sees(self, text: str) -> str:
        """Wait until something is shown since the last key; all that was."""
        ends = time.monotonic() + _PATIENCE_S
        while text not in (since := self.shown[self._from :]):
            left = ends - time.monotonic()
            assert left > 0, f"never came: {text}\n{since[-3_000:]}"
            assert self._read(left) or text in self.shown[self._from :], f"ended before: {text}\n{since[-3_000:]}"
        return since

    def ended(self) -> int:
        """Wait for the program to end; its exit code."""
        while self._read(_PATIENCE_S):
            pass
        return self.program.wait(_PATIENCE_S)

    def _read(self, seconds: float) -> bool:
        """What comes within so many seconds; False where the program has let go of its terminal."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return True
        try:
            came = os.read(self._terminal, 65_536)
        except OSError:  # EIO: nobody has the other end any more
            return False
        self.shown += _CONTROL.sub("", came.decode("utf-8", "replace"))
        return bool(came)


@contextmanager
def typing_into(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Typist]:
    """Run a program on a terminal of 100 columns and 40 lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    program = subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield Typist(ours, program)
    finally:
        if program.poll() is None:
            program.terminate()
            program.wait(_PATIENCE_S)
        os.close(ours)

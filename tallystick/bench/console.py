"""A till's app on a terminal of its own, typed into and read as a person would, with the moments that count."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallystick.bench.errors import BenchError
from tallystick.bench.processes import environment

_CONTROL = re.compile(rb"\x1b(?:\[[0-9;?<>=$]*[a-zA-Z~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])")
_LINES, _COLUMNS = 24, 80
_PATIENCE_S = 60.0
_AT_ONCE = 65_536


class TillConsole:
    """What is shown since it was last asked; `spawned` is when the app was started (s, monotonic)."""

    def __init__(self, terminal: int, process: subprocess.Popen[bytes], spawned: float) -> None:
        self._terminal = terminal
        self._shown = b""
        self.process = process
        self.spawned = spawned

    def press(self, keys: bytes, shows: str) -> float:
        """Press a key; how long until a text is shown (s).

        Raises:
            BenchError: it never is.
        """
        self._shown = b""
        begin = time.monotonic()
        os.write(self._terminal, keys)
        return self.until(shows) - begin

    def until(self, text: str) -> float:
        """Wait for a text; when it was there."""
        ends = time.monotonic() + _PATIENCE_S
        while not self.shows(text):
            if (left := ends - time.monotonic()) <= 0 or not self._read(left):
                raise BenchError(f"the till never shows {text!r}, but {self._shown[-300:]!r}")
        return time.monotonic()

    def watch(self, seconds: float) -> None:
        """Read what comes for a while, as a person who is about to press the next key."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and self._read(left):
            pass

    def shows(self, text: str) -> bool:
        """Whether a text was shown since the last key."""
        return text.encode() in _CONTROL.sub(b"", self._shown)

    def quit(self) -> None:
        """Close the till."""
        os.write(self._terminal, b"\x11")
        while self._read(_PATIENCE_S):
            pass
        self.process.wait(_PATIENCE_S)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return True
        try:
            came = os.read(self._terminal, _AT_ONCE)
        except OSError:  # EIO: the program is gone
            return False
        self._shown += came
        return bool(came)


@contextmanager
def till_console(home: Path) -> Iterator[TillConsole]:
    """`tallystick terminal` at 80 columns and 24 lines; it is gone afterwards."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    around = environment(home) | {"TERM": "xterm-256color", "LANGUAGE": "en"}
    spawned = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tallystick", "terminal"], env=around, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        yield TillConsole(ours, process, spawned)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)

"""Starts a terminal's process the way a shop does, and looks at it from outside: moments, memory, processor time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.bench.errors import BenchError
from tallystick.bench.machine import high_water_mib, resident_mib
from tallystick.demo.programs import COMMAND

_PROCESS = [sys.executable, "-P", "-m", "tallystick.bench.till_process"]
# Limits are told in MB of 10^6 bytes, /proc in KiB.
_MB_PER_MIB = 1.048576


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds now, and the most it ever held, in MB (10^6 bytes)."""

    resident: float
    peak: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A process of a terminal; `spawned` is when it was started (s, monotonic)."""

    process: subprocess.Popen[str]
    spawned: float

    def hear(self) -> dict[str, Any]:
        """What it says next.

        Raises:
            BenchError: where it ended instead, or refused a sale.
        """
        line = self.process.stdout.readline() if self.process.stdout is not None else ""
        said: dict[str, Any] = json.loads(line or "{}")
        if not said or "refused" in said:
            raise BenchError(f"a terminal's process stopped: {said or 'its last words are on stderr'}")
        return said

    def tell(self, words: list[list[object]]) -> None:
        """Let it go on."""
        if self.process.stdin is None:
            raise BenchError("a terminal's process can't be talked to")
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def memory(self) -> Memory:
        """What it takes, as the system counts it."""
        pid = self.process.pid
        return Memory(resident_mib(pid) * _MB_PER_MIB, high_water_mib(pid) * _MB_PER_MIB)


def environment(home: Path) -> dict[str, str]:
    """The environment of a program that lives in a folder, with its modules compiled as an installation has them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"TALLYSTICK_HOME": str(home)}


@contextmanager
def till_process(action: str, home: Path) -> Iterator[Watched]:
    """The process that does one thing at a terminal; it is gone afterwards."""
    spawned = time.monotonic()
    process = subprocess.Popen(
        [*_PROCESS, action], env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield Watched(process, spawned)
        except BaseException:
            process.kill()
            raise


def run_status(home: Path) -> float:
    """Run `tallystick terminal status` from its start to its end; how long that took (s).

    Raises:
        BenchError: where it failed.
    """
    begin = time.monotonic()
    done = subprocess.run(
        [*COMMAND, "terminal", "status", "--json"], env=environment(home), capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise BenchError(f"terminal status failed: {done.stderr.strip()}")
    return seconds

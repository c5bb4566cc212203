"""The clocks of a terminal: a wall clock that people may set, and one since boot that nobody can."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Random = Callable[[int], bytes]

BOOT_BYTES = 16
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NS_PER_MS = 1_000_000


class Clock(Protocol):
    """What the terminal knows of time; handed in, so that a test or a replay has its own."""

    @property
    def boot(self) -> bytes:
        """16 bytes that name the run of `tick`: another boot has others."""

    def now(self) -> int:
        """Wall clock: ms since the Unix epoch, UTC."""

    def tick(self) -> int:
        """Monotonic ms since boot, also through sleep."""


def _boot_of_this_machine() -> bytes:
    try:
        boot_id = _BOOT_ID.read_bytes().strip()
    except OSError:
        # No such file outside Linux: then a run of `tick` is as long as this process.
        return os.urandom(BOOT_BYTES)
    return hashlib.sha256(boot_id).digest()[:BOOT_BYTES]


class SystemClock:
    """The clocks of the machine that this runs on."""

    def __init__(self) -> None:
        self.boot = _boot_of_this_machine()

    def now(self) -> int:
        """Wall clock: ms since the Unix epoch, UTC."""
        return time.time_ns() // _NS_PER_MS

    def tick(self) -> int:
        """CLOCK_BOOTTIME counts through a suspended machine, as the server's reckoning of *when* needs it."""
        clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return time.clock_gettime_ns(clock) // _NS_PER_MS


@dataclass(frozen=True, slots=True)
class ReplayClock:
    """Both clocks as they stood at one moment: a sale that was taken then is recorded now."""

    moment: int
    ticks: int
    boot: bytes

    @classmethod
    def at(cls, moment: int, clock: Clock) -> "ReplayClock":
        """The clocks at a wall time (ms): the ticks that passed since then are taken off.

        A moment before the boot has a boot of its own, as that of a machine that was restarted since.
        """
        ticks = clock.tick() - (clock.now() - moment)
        if ticks >= 0:
            return cls(moment, ticks, clock.boot)
        boot = hashlib.sha256(b"before" + clock.boot).digest()[:BOOT_BYTES]
        return cls(moment, max(0, moment), boot)

    def now(self) -> int:
        """The moment, ms since the Unix epoch, UTC."""
        return self.moment

    def tick(self) -> int:
        """Ticks at the moment."""
        return self.ticks


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks, read once: what a record says of its time."""

    at: int
    tick: int
    boot: bytes

    @classmethod
    def of(cls, clock: Clock) -> "Moment":
        """The moment that it is now by a clock."""
        return cls(clock.now(), clock.tick(), clock.boot)

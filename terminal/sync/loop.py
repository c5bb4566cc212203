"""Syncing for as long as the terminal runs: at an even pace while it works, backing off while it does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import stamina
from stamina.instrumentation import set_on_retry_hooks

from shared.errors import TallystickError
from terminal.sync.errors import ServerBusyError
from terminal.sync.synchroniser import Synchroniser, SyncReport

Tell = Callable[[SyncReport | TallystickError], None]
_FRACTION_BYTES = 8
_FRACTIONS = float(1 << 8 * _FRACTION_BYTES)


class Stop(Protocol):
    """What ends the loop, like a `threading.Event`."""

    def is_set(self) -> bool:
        """Whether to end."""

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until it is set; whether it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two syncs, and the first and the longest pause after a failure. Each varies by up to a half."""

    interval: float = 30.0
    first_pause: float = 1.0
    longest_pause: float = 300.0


class SyncLoop:
    """The loop: `tell` hears of each sync, and of what kept one from running."""

    def __init__(self, synchroniser: Synchroniser, *, stop: Stop, tell: Tell, pace: Pace = Pace()) -> None:
        self._synchroniser = synchroniser
        self._stop = stop
        self._tell = tell
        self._pace = pace
        self._least_pause = 0.0

    def run(self) -> None:
        """Sync until told to stop; a sync that has begun is finished first."""
        # The loop tells of each failure itself; stamina would print each of them once more.
        set_on_retry_hooks(())
        while not self._stop.is_set():
            self._until_it_works()
            if not self._stop.is_set():
                self._stop.wait(self._varied(self._pace.interval))

    def _until_it_works(self) -> None:
        attempts = stamina.retry_context(
            on=self._pause,
            attempts=None,
            timeout=None,
            wait_initial=self._pace.first_pause,
            wait_max=self._pace.longest_pause,
            wait_jitter=0,
        )
        try:
            for attempt in attempts:
                with attempt:
                    self._least_pause = attempt.next_wait
                    self._sync()
        except TallystickError:
            if not self._stop.is_set():
                raise

    def _sync(self) -> None:
        try:
            report = self._synchroniser.sync_once()
        except TallystickError as error:
            self._tell(error)
            raise
        self._tell(report)
        if report.errors:
            raise _longest(report.errors)

    def _pause(self, error: Exception) -> bool | float:
        """Wait as stamina's back-off says, with our own jitter and clock, or as long as the server asks."""
        if not isinstance(error, TallystickError):
            return False
        pause = self._varied(self._least_pause)
        if isinstance(error, ServerBusyError) and error.retry_after is not None:
            # Never before that moment, and not all terminals at that very moment.
            pause = error.retry_after + self._varied(self._pace.first_pause)
        # Waited here, where a stop ends it: nothing is left for stamina to wait.
        return False if self._stop.wait(pause) else 0.0

    def _varied(self, seconds: float) -> float:
        fraction = int.from_bytes(self._synchroniser.random(_FRACTION_BYTES)) / _FRACTIONS
        return seconds * (0.5 + fraction)


def _longest(errors: tuple[TallystickError, ...]) -> TallystickError:
    """The error with the longest wait that the server asked for, else the first."""
    asked = [error for error in errors if isinstance(error, ServerBusyError) and error.retry_after is not None]
    return max(asked, key=lambda error: error.retry_after or 0.0, default=errors[0])

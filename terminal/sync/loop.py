"""Syncing for as long as the terminal runs: at an even pace while it works, backing off while it does not."""

from collections.abc import Callable
from typing import Protocol

from shared.errors import TallystickError
from terminal.sync.backoff import Pace, even_wait, first_wait, pause_after
from terminal.sync.errors import ServerBusyError
from terminal.sync.synchroniser import Synchroniser, SyncReport

Tell = Callable[[SyncReport | TallystickError], None]
_USUAL_PACE = Pace()
_FRACTION_BYTES = 8
_FRACTION_BITS = 53  # as many as a float holds, so that the fraction stays below 1


class Stop(Protocol):
    """What ends the loop, like a `threading.Event`."""

    def is_set(self) -> bool:
        """Whether to end."""

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until it is set; whether it is."""


class SyncLoop:
    """The loop: `tell` hears of each sync, and of what kept one from running."""

    def __init__(self, synchroniser: Synchroniser, *, stop: Stop, tell: Tell, pace: Pace = _USUAL_PACE) -> None:
        self._synchroniser = synchroniser
        self._stop = stop
        self._tell = tell
        self._pace = pace

    def run(self) -> None:
        """Sync until told to stop; a sync that has begun is finished first."""
        self._stop.wait(first_wait(self._pace, self._fraction()))
        failures = 0
        while not self._stop.is_set():
            errors = self._sync()
            failures = failures + 1 if errors else 0
            self._stop.wait(self._pause(failures, errors))

    def _sync(self) -> tuple[TallystickError, ...]:
        try:
            report = self._synchroniser.sync_once()
        except TallystickError as error:
            self._tell(error)
            return (error,)
        self._tell(report)
        return report.errors

    def _pause(self, failures: int, errors: tuple[TallystickError, ...]) -> float:
        if not errors:
            return even_wait(self._pace, self._fraction())
        asked = [error.retry_after for error in errors if isinstance(error, ServerBusyError)]
        longest = max((seconds for seconds in asked if seconds is not None), default=None)
        return pause_after(self._pace, failures, self._fraction(), longest)

    def _fraction(self) -> float:
        drawn = int.from_bytes(self._synchroniser.random(_FRACTION_BYTES))
        return (drawn >> (8 * _FRACTION_BYTES - _FRACTION_BITS)) / float(1 << _FRACTION_BITS)

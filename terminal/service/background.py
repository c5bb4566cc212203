"""Syncing behind the screens, and settling a sale at once while its customer waits."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from shared.errors import TallystickError
from terminal.composition import Terminal
from terminal.journal.payments import PaymentRow

if TYPE_CHECKING:  # with httpx, which the first screen does without: this thread loads it
    from terminal.sync import Pace, SyncReport

Tell = Callable[["SyncReport | TallystickError"], None]
_Job = Callable[[], None] | None
# One till that somebody opens is no fleet.
_FIRST_SPREAD_S = 1.0


class Background:
    """A thread with a connection of its own to the store. It is the `Stop` of its own `SyncLoop`, which waits here.

    Args:
        terminal: whose vault and folder it shares.
        tell: hears of each sync, on this thread.
        settle_seconds: how long a sale may wait for the server; 0 is not at all.
        pace: how often it syncs.
    """

    def __init__(self, terminal: Terminal, *, tell: Tell, settle_seconds: float, pace: "Pace | None" = None) -> None:
        self._terminal = terminal
        self._tell = tell
        self._settle_seconds = settle_seconds
        self._pace = pace
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._idle = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Begin to sync."""
        self._thread.start()

    def close(self, patience: float = 3.0) -> None:
        """End, after at most so many seconds.

        A question that is still under way on the network is left alone: what it brings is stored whole or not at all.
        """
        self._stopped.set()
        self._jobs.put(None)
        self._thread.join(patience)

    @property
    def syncing(self) -> bool:
        """Whether a sync is under way. What is loaded and opened before the first is none."""
        return self._thread.is_alive() and self._begun.is_set() and not self._idle.is_set()

    def sync_now(self) -> None:
        """Sync without waiting for the next time."""
        self._jobs.put(None)

    def settle(self, payment: bytes) -> Future[PaymentRow | None]:
        """Ask the server about a payment now; None where the answer is not known in time."""
        future: Future[PaymentRow | None] = Future()
        if self._settle_seconds <= 0 or not self._idle.is_set():
            # A sync that is under way may take long; the payment goes with the next one.
            future.set_result(None)
            return future

        def job() -> None:
            if future.set_running_or_notify_cancel():
                future.set_result(self._own.settle_now(payment, self._settle_seconds))

        self._jobs.put(job)
        return future

    def is_set(self) -> bool:
        """Whether to end: for the loop."""
        return self._stopped.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait for the next sync, settling meanwhile what is asked for: for the loop."""
        ends = time.monotonic() + timeout
        self._idle.set()
        while not self._stopped.is_set() and self._work(ends - time.monotonic()):
            pass
        self._begun.set()
        self._idle.clear()
        return self._stopped.is_set()

    def _work(self, seconds: float) -> bool:
        """Do the next job; False where it is time to sync."""
        try:
            job = self._jobs.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return False
        if job is not None:
            job()
        return job is not None

    def _run(self) -> None:
        from terminal.sync import Pace, SyncLoop  # noqa: PLC0415 - see the top

        pace = self._pace or Pace(first_spread=_FIRST_SPREAD_S)
        try:
            with self._terminal.beside() as self._own, self._own.synchroniser() as synchroniser:
                SyncLoop(synchroniser, stop=self, tell=self._heard, pace=pace).run()
        except TallystickError as error:
            self._tell(error)

    def _heard(self, told: "SyncReport | TallystickError") -> None:
        if not isinstance(told, TallystickError):
            self._own.publish_trust()
        self._tell(told)

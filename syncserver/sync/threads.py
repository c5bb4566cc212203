"""Work that only needs the processor: in a thread, unless it is little, so that no till keeps the others waiting.

Python runs one thread at a time, and threads that compete for that cost each other more than they gain. So there is one
worker for the whole process. It judges first, because locks are held meanwhile; it verifies what comes next while the
database is at work, and puts that aside between two records when there is something to judge.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

# Handing work to a thread and back costs as much as judging some payments does.
_WORTH_A_THREAD = 20
_LITTLE_BYTES = 16 * 1024
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    answer: "Future[Any]"

    def run(self) -> None:
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            found = self.work()
        except BaseException as error:  # noqa: BLE001 - whoever waits for it has to know
            self.answer.set_exception(error)
        else:
            self.answer.set_result(found)


class _Worker:
    """One thread for all of it, started when there is something to do."""

    def __init__(self) -> None:
        self._urgent: deque[_Job] = deque()
        self._patient: deque[_Job] = deque()
        self._waiting = threading.Semaphore(0)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], _T], *, urgent: bool) -> "Future[_T]":
        answer: Future[_T] = Future()
        (self._urgent if urgent else self._patient).append(_Job(work, answer))
        self._waiting.release()
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="beside the loop", daemon=True)
                self._thread.start()
        return answer

    def _work(self) -> None:
        while True:
            self._waiting.acquire()
            self.give_way()
            if self._patient:
                self._patient.popleft().run()

    def give_way(self) -> None:
        """Do first what is urgent."""
        while self._urgent:
            self._urgent.popleft().run()


_WORKER = _Worker()


def give_way() -> None:
    """For patient work, between two of its steps: let what is urgent be done first."""
    if threading.current_thread() is _WORKER._thread:  # noqa: SLF001 - this module's own
        _WORKER.give_way()


async def beside_the_loop(records: int, work: Callable[[], _T], *, size: int = 0, urgent: bool = True) -> _T:
    """Do what so many records need, of so many bytes in all where they are still to be decoded.

    Args:
        records: how many.
        work: what is to be done; patient work calls `give_way` between its steps.
        size: their bytes, where they are still to be decoded.
        urgent: whether locks are held meanwhile.
    """
    little = records < _WORTH_A_THREAD and size <= _LITTLE_BYTES
    return work() if little else await asyncio.wrap_future(_WORKER.submit(work, urgent=urgent))


async def meanwhile(waiting: Awaitable[_T], *tasks: "asyncio.Task[Any]") -> _T:
    """Wait for the database while tasks are at work beside the loop.

    They have the facts of a batch: whatever happens, nobody else may have them until they are done.
    """
    try:
        return await waiting
    except BaseException:
        await asyncio.gather(*tasks, return_exceptions=True)
        raise

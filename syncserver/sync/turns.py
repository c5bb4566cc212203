"""Whose turn it is at the database: a few at once, and nobody waits for longer than it makes sense to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from syncserver.database.errors import BusyError


class Turns:
    """Lets a few go on at once, in the order in which they came.

    Args:
        at_once: how many.
        most_waiting: how many wait at most; who comes later is turned away at once.
        seconds: how long anybody waits at most.
    """

    def __init__(self, at_once: int, *, most_waiting: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self.seconds = seconds
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Raises:
            BusyError: too many wait already, or none came in time; nothing was done.
        """
        await self._wait()
        try:
            yield
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._free.locked() and self.waiting >= self._most_waiting:
            raise BusyError
        self.waiting += 1
        try:
            async with asyncio.timeout(self.seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise BusyError from error
        finally:
            self.waiting -= 1

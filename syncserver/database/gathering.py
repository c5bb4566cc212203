"""Work that waits while all connections are busy is done together, in one transaction, when one is free.

A transaction costs a commit and a dozen statements beside what is in it; those who come together share them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from syncserver.database.errors import BusyError

# What is done together at most, and what waits at most, read and in memory.
MOST_RECORDS = 1_000
MOST_BYTES = 4 * 1024 * 1024

_Work = TypeVar("_Work")
_Answer = TypeVar("_Answer")

# Does some work together; the answer to each in their order, or why it has none.
Together = Callable[[Sequence[_Work]], Awaitable[Sequence[_Answer | Exception]]]


@dataclass(frozen=True, slots=True)
class Load:
    """How much one piece of work is, and whose: what is one owner's is done one after the other."""

    owner: bytes
    records: int
    size: int


@dataclass(slots=True, eq=False)
class _Waiting(Generic[_Work, _Answer]):
    work: _Work
    load: Load
    answer: "asyncio.Future[_Answer]"
    giving_up: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Sum:
    owners: set[bytes] = field(default_factory=set)
    records: int = 0
    size: int = 0

    def takes(self, load: Load) -> bool:
        """Whether so much more is not too much. The first never is."""
        return not self.owners or (self.records + load.records <= MOST_RECORDS and self.size + load.size <= MOST_BYTES)

    def add(self, load: Load) -> None:
        self.owners.add(load.owner)
        self.records += load.records
        self.size += load.size


class Gathering(Generic[_Work, _Answer]):
    """What waits in this process, in the order in which it came.

    Attributes:
        under_way: how much waits or is being done.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Waiting[_Work, _Answer]] = deque()
        self._at_work: set[asyncio.Task[None]] = set()
        self._room = asyncio.Condition()
        self.under_way = 0

    async def enter(
        self,
        work: _Work,
        load: Load,
        together: Together[_Work, _Answer],
        *,
        at_once: int,
        seconds: float | None = None,
    ) -> "asyncio.Future[_Answer]":
        """Wait until there is room among what waits, and add to it.

        Args:
            work: what is to be done.
            load: how much that is.
            together: how it is done, with others.
            at_once: how many groups are under way at the same time at most.
            seconds: how long it waits for room, and then for its turn, at most.

        Returns:
            What will have the answer, or the reason why there is none: BusyError where its turn did not come.

        Raises:
            BusyError: there was no room.
        """
        loop = asyncio.get_running_loop()
        one = _Waiting[_Work, _Answer](work, load, loop.create_future())
        try:
            async with asyncio.timeout(seconds), self._room:
                await self._room.wait_for(lambda: self._has_room(load))
        except TimeoutError as error:
            raise BusyError from error
        self._waiting.append(one)
        self.under_way += 1
        if len(self._at_work) < at_once:
            self._at_work.add(asyncio.create_task(self._keep_at_it(together)))
        if seconds is not None:
            one.giving_up = loop.call_later(seconds, self._give_up, one)
        return one.answer

    def _give_up(self, one: _Waiting[_Work, _Answer]) -> None:
        if one in self._waiting:
            self._waiting.remove(one)
            self.under_way -= 1
            if not one.answer.done():
                one.answer.set_exception(BusyError())

    def _has_room(self, load: Load) -> bool:
        waiting = _Sum()
        for one in self._waiting:
            waiting.add(one.load)
        return waiting.takes(load)

    async def _keep_at_it(self, together: Together[_Work, _Answer]) -> None:
        try:
            while self._waiting:
                await self._do(await self._take(), together)
        finally:
            # At once: whoever comes next must not count on a task that has looked for the last time.
            self._at_work = {task for task in self._at_work if task is not asyncio.current_task()}

    async def _do(self, group: Sequence[_Waiting[_Work, _Answer]], together: Together[_Work, _Answer]) -> None:
        answers: Sequence[Any]
        try:
            answers = await together([one.work for one in group])
        except Exception as error:  # noqa: BLE001 - it is those who wait that have to know
            answers = [error] * len(group)
        self.under_way -= len(group)
        for one, answer in zip(group, answers, strict=True):
            if one.answer.done():  # nobody waits for it any more
                continue
            if isinstance(answer, Exception):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)

    async def _take(self) -> list[_Waiting[_Work, _Answer]]:
        """The first that wait, as many as may go together."""
        taken, passed = _Sum(), set[bytes]()
        group: list[_Waiting[_Work, _Answer]] = []
        rest: deque[_Waiting[_Work, _Answer]] = deque()
        for one in self._waiting:
            if one.load.owner not in passed and taken.takes(one.load):
                taken.add(one.load)
                group.append(one)
                if one.giving_up is not None:
                    one.giving_up.cancel()  # else it would keep the work in memory
            else:
                rest.append(one)
            passed.add(one.load.owner)  # its later work waits for what its earlier work waits for
        self._waiting = rest
        async with self._room:
            self._room.notify_all()
        return group

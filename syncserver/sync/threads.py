"""Work that only needs the processor: in a thread, unless it is little, so that no till keeps the others waiting."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

# Handing work to a thread and back costs as much as judging some payments does.
_WORTH_A_THREAD = 20
_LITTLE_BYTES = 16 * 1024
_T = TypeVar("_T")


async def beside_the_loop(records: int, work: Callable[[], _T], *, size: int = 0) -> _T:
    """Do what so many records need, of so many bytes in all where they are still to be decoded."""
    little = records < _WORTH_A_THREAD and size <= _LITTLE_BYTES
    return work() if little else await asyncio.to_thread(work)

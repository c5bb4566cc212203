"""Work that only needs the processor: in a thread, unless it is little, so that no till keeps the others waiting."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

# Handing work to a thread and back costs as much as judging some payments does.
_WORTH_A_THREAD = 20
_T = TypeVar("_T")


async def beside_the_loop(records: int, work: Callable[[], _T]) -> _T:
    """Do what so many records need; libsodium, hashlib and OpenSSL release the GIL meanwhile."""
    return work() if records < _WORTH_A_THREAD else await asyncio.to_thread(work)

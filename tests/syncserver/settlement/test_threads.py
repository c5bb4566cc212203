"""What needs the processor is done by one worker, first of all what keeps locks."""

import asyncio
import threading

import pytest

from syncserver.sync.threads import beside_the_loop, give_way

pytestmark = pytest.mark.anyio

MANY = 1_000
LONGEST_SECONDS = 30


async def test_what_is_urgent_goes_first_between_two_steps_of_what_is_patient() -> None:
    done: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def verify() -> int:
        begun.set()
        assert go_on.wait(LONGEST_SECONDS)
        done.append("first step")
        give_way()
        done.append("second step")
        return threading.get_ident()

    def judge() -> int:
        done.append("judged")
        return threading.get_ident()

    def late() -> int:
        done.append("late")
        return threading.get_ident()

    verifying = asyncio.create_task(beside_the_loop(MANY, verify, urgent=False))
    assert await asyncio.to_thread(begun.wait, LONGEST_SECONDS)
    waiting = asyncio.create_task(beside_the_loop(MANY, late, urgent=False))
    judging = asyncio.create_task(beside_the_loop(MANY, judge))
    await asyncio.sleep(0)
    go_on.set()
    assert len({await verifying, await judging, await waiting}) == 1, "one thread"
    assert done == ["first step", "judged", "second step", "late"]


async def test_whoever_waits_is_told_what_went_wrong_and_the_worker_goes_on() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await beside_the_loop(MANY, fail)
    assert await beside_the_loop(MANY, lambda: 3) == 3


async def test_little_is_done_where_it_is_asked_for() -> None:
    assert await beside_the_loop(1, threading.get_ident) == threading.get_ident()
    assert await beside_the_loop(1, threading.get_ident, size=10**6) != threading.get_ident()

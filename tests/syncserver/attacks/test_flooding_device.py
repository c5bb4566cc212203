"""An enrolled device that signs and sends without an end: it fills its own day, not the disk."""

import os

import httpx
import pytest

from syncserver.sync.allowance import LONGEST_SECONDS
from tests.syncserver.kit import HOUR, SECOND, Shop
from tests.syncserver.rest.test_refunds import set_services

pytestmark = pytest.mark.anyio

DAY = 24 * HOUR


def refusal(answer: httpx.Response) -> tuple[int, str, int]:
    return answer.status_code, answer.json()["errorCode"], int(answer.headers["retry-after"])


async def kept(shop: Shop) -> int:
    """How many rows hold what devices sent."""
    return int(
        await shop.services.pool.fetchval(
            "SELECT (SELECT count(*) FROM journal_record) + (SELECT count(*) FROM fork_record)"
            " + (SELECT count(*) FROM stray_record)"
        )
    )


async def test_records_of_a_day_are_limited_for_one_device_and_for_no_other(shop: Shop) -> None:
    set_services(shop, device_records_a_day=3)
    rogue, honest = await shop.terminal(), await shop.terminal(name="till 2")
    raws = [rogue.open_shift() for _ in range(5)]
    await rogue.upload(*raws[:4])  # the batch that goes beyond it is taken whole
    answer = await rogue.send(rogue.batch([raws[4]]))
    assert refusal(answer) == (429, "DEVICE_ALLOWANCE", LONGEST_SECONDS)
    assert await kept(shop) == 4
    assert (await honest.upload(honest.open_shift())).through == 1
    shop.clock.now += DAY - shop.clock.now % DAY - 90 * SECOND
    await rogue.log_in()
    assert refusal(await rogue.send(rogue.batch([raws[4]]))) == (429, "DEVICE_ALLOWANCE", 91)
    shop.clock.forward(90 * SECOND)
    await rogue.log_in()
    assert (await rogue.upload(raws[4])).through == 5, "another day"
    await shop.assert_reconciled()


async def test_bytes_of_a_day_are_limited(shop: Shop) -> None:
    set_services(shop, device_bytes_a_day=1_000)
    rogue = await shop.terminal()
    await rogue.upload(os.urandom(1_000))
    assert refusal(await rogue.send(rogue.batch([os.urandom(10)])))[:2] == (429, "DEVICE_ALLOWANCE")


async def test_forks_and_strays_count_as_well(shop: Shop) -> None:
    set_services(shop, device_records_a_day=3)
    rogue = await shop.terminal()
    genesis = rogue.prev
    first = rogue.open_shift()
    rogue.seq, rogue.prev = 0, genesis
    fork = rogue.open_shift(1)
    await rogue.upload(first, fork, os.urandom(50))
    assert refusal(await rogue.send(rogue.batch([rogue.open_shift()])))[:2] == (429, "DEVICE_ALLOWANCE")


async def test_what_is_here_already_counts_nothing(shop: Shop) -> None:
    set_services(shop, device_records_a_day=3)
    till = await shop.terminal()
    raws = [till.open_shift() for _ in range(2)]
    for _ in range(3):
        assert (await till.upload(*raws)).through == 2, "an answer that was lost is asked for again"
    assert (await till.upload(till.open_shift())).through == 3

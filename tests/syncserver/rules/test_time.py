"""CLOCK and LATE: the server's own clock decides, and what a device's clock says is looked at."""

import os
from typing import Any

import pytest

from shared.lifecycles import Status
from syncserver.registry import vendors
from tests.syncserver.kit import HOUR, SECOND, Code, FakeTerminal, Shop

pytestmark = pytest.mark.anyio

TOLERANCE = 300 * SECOND


async def prepared(shop: Shop, count: int = 8) -> tuple[FakeTerminal, list[Code], str]:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=count, cap=500)
    till = await shop.terminal()
    shop.clock.forward(HOUR // 2)
    await till.log_in()
    return till, codes, wallet


async def test_a_clock_that_is_off_by_more_than_the_tolerance_is_flagged(shop: Shop) -> None:
    _, codes, wallet = await prepared(shop)
    now = shop.clock.now
    cases = ((TOLERANCE, ()), (TOLERANCE + 1, ("CLOCK",)), (-TOLERANCE, ()), (-TOLERANCE - 1, ("CLOCK",)))
    for code, (off, reasons) in zip(codes, cases, strict=False):
        fresh = await shop.terminal()  # nothing stands before it
        result = await fresh.result(fresh.pay(code, 100, at=now + off, tick=fresh.tick(now))[1])
        assert result.reasons == reasons, off
        assert result.status is (Status.FLAGGED if reasons else Status.SETTLED)
    # Without ticks to go by, its own clock is all there is, up to now.
    other: dict[str, Any] = {"boot": os.urandom(16), "tick": 0}
    fresh = await shop.terminal()
    assert (await fresh.result(fresh.pay(codes[4], 100, at=now - HOUR // 4, **other)[1])).reasons == ()
    assert (await fresh.result(fresh.pay(codes[5], 100, at=now + TOLERANCE, **other)[1])).reasons == ()
    assert (await fresh.result(fresh.pay(codes[6], 100, at=now + TOLERANCE + 1, **other)[1])).reasons == ("CLOCK",)
    assert await shop.balances(wallet) == (5_000, 11_000 + 7 * 400, 500, 300)
    await shop.assert_reconciled()


async def test_a_clock_that_steps_back_is_flagged_also_over_a_new_boot_and_another_record(shop: Shop) -> None:
    _, codes, wallet = await prepared(shop)
    start = shop.clock.now - HOUR // 4
    for step, reasons in ((TOLERANCE, ()), (TOLERANCE + 1, ("CLOCK",))):
        fresh = await shop.terminal()
        first = fresh.pay(codes.pop(), 100, at=start)[1]
        second = fresh.pay(codes.pop(), 100, at=start - step)[1]
        receipt = await fresh.upload(first, second)
        assert [result.reasons for result in receipt.results] == [(), reasons]
    fresh = await shop.terminal()
    await fresh.upload(fresh.pay(codes.pop(), 100, at=start)[1])
    fresh.boot = os.urandom(16)
    assert (await fresh.result(fresh.pay(codes.pop(), 100, at=start - TOLERANCE - 1)[1])).reasons == ("CLOCK",)
    # Forwards is no step back, and where the record before is not here, nothing is known of it.
    ahead = await shop.terminal()
    ahead.open_shift()
    assert (await ahead.result(ahead.pay(codes.pop(), 100, at=start - 2 * TOLERANCE)[1])).reasons == ()
    assert await shop.balances(wallet) == (5_000, 11_000 + 7 * 400, 500, 200)
    await shop.assert_reconciled()


async def test_what_comes_after_the_upload_window_is_flagged_and_never_discarded(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    taken = shop.clock.now
    on_time, late = till.pay(codes[0], 100, at=taken)[1], till.pay(codes[1], 100, at=taken - 1)[1]
    shop.clock.forward(72 * HOUR)
    await till.log_in()
    receipt = await till.upload(on_time, late)
    assert [result.reasons for result in receipt.results] == [(), ("LATE",)]
    assert receipt.results[1].status is Status.FLAGGED
    assert await shop.balances(wallet) == (5_000, 11_000 + 800, 3_000, 100)
    await shop.assert_reconciled()


async def test_the_window_and_the_tolerance_are_those_of_its_policy(shop: Shop) -> None:
    changes = {"upload_hours": 1, "clock_tolerance_s": 10}
    await vendors.change_policy(shop.services, shop.vendor, changes, actor="admin")
    till, codes, wallet = await prepared(shop)
    await till.pull()
    now = shop.clock.now
    within, beyond = (await shop.terminal(), await shop.terminal())
    for terminal in (within, beyond):
        terminal.book = till.book
    assert (await within.result(within.pay(codes[0], 100, at=now - 10_000, tick=till.tick(now))[1])).reasons == ()
    clock = await beyond.result(beyond.pay(codes[1], 100, at=now - 10_001, tick=till.tick(now))[1])
    assert clock.reasons == ("CLOCK",)
    raws = [till.pay(codes[2], 100, at=now + 1)[1], till.pay(codes[3], 100, at=now)[1]]
    shop.clock.forward(HOUR + 1)
    await till.log_in()
    assert [result.reasons for result in (await till.upload(*raws)).results] == [(), ("LATE",)]
    assert await shop.balances(wallet) == (5_000, 11_000 + 1_600, 2_000, 200)
    await shop.assert_reconciled()

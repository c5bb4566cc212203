"""What is written off moves once, only for what is really missing, and is taken back when it comes after all."""

import asyncio

import pytest

from shared.lifecycles import ShiftState
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.shifts import writing_off
from syncserver.shifts.deciding import Order
from syncserver.shifts.decisions import Action
from syncserver.shifts.errors import NothingToTakeBackError, NothingToWriteOffError, ShiftStateError
from syncserver.shifts.halves import Shift, Trouble
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.shifts.kit import Worked, operator, seen, work

pytestmark = pytest.mark.anyio


async def move(shop: Shop, worked: Worked, action: Action, reason: str | None = "lost") -> tuple[Shift, bool]:
    order = Order(action=action, device=worked.till.device, shift=worked.shift, reason=reason, actor="cli test")
    does = writing_off.write_off if action is Action.WRITE_OFF else writing_off.take_back
    async with shop.services.pool.acquire() as connection, connection.transaction():
        return await does(connection, shop.services, order)


async def with_a_gap(shop: Shop, close: tuple[int, int] | None = None) -> Worked:
    worked = await work(shop, await shop.codes(await shop.customer(), 3, 1_000), (100, 200, 400), close=close)
    await worked.till.upload(worked.raws[0], worked.raws[1], worked.raws[4])
    return worked


async def of_loss(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT coalesce(sum(amount), 0) FROM entry WHERE account = 'loss'"))


async def test_the_house_pays_once_what_the_close_proves_and_nobody_sent(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    with pytest.raises(ReasonRequiredError):
        await move(shop, worked, Action.WRITE_OFF, " ")
    assert await shop.vendor_balance() == 100
    shift, done = await move(shop, worked, Action.WRITE_OFF)
    assert (shift.state, done, await shop.vendor_balance()) == (ShiftState.RECONCILED, True, 700)
    async with shop.services.pool.acquire() as connection:
        assert await of_loss(connection) == -600
    with pytest.raises(ShiftStateError):
        await move(shop, worked, Action.WRITE_OFF)
    with pytest.raises(NothingToTakeBackError):
        await move(shop, worked, Action.TAKE_BACK)
    await shop.assert_reconciled()


async def test_what_comes_after_all_is_taken_back_piece_by_piece(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    await move(shop, worked, Action.WRITE_OFF)
    shop.clock.forward(1_000)
    await worked.till.upload(worked.raws[2])
    assert (await seen(shop, worked)).troubles(shop.clock()) == (Trouble.AFTER_RECONCILING,)
    assert await shop.vendor_balance() == 900, "credited twice, until it is taken back"
    shift, _ = await move(shop, worked, Action.TAKE_BACK)
    assert (shift.state, shift.troubles(shop.clock()), await shop.vendor_balance()) == (ShiftState.RECONCILED, (), 700)
    await shop.assert_reconciled()
    shop.clock.forward(1_000)
    await worked.till.upload(worked.raws[3])
    await move(shop, worked, Action.TAKE_BACK)
    with pytest.raises(NothingToTakeBackError):
        await move(shop, worked, Action.TAKE_BACK)
    assert await shop.vendor_balance() == 700
    async with shop.services.pool.acquire() as connection:
        assert await of_loss(connection) == 0
    await shop.assert_reconciled()


async def test_where_the_chain_is_whole_nothing_is_missing_whatever_the_close_says(shop: Shop) -> None:
    worked = await work(shop, await shop.codes(await shop.customer(), 2, 1_000), close=(3, 10_000))
    await worked.till.upload(*worked.raws)
    with pytest.raises(NothingToWriteOffError):
        await move(shop, worked, Action.WRITE_OFF)
    less = await with_a_gap(shop, close=(0, 50))
    with pytest.raises(NothingToWriteOffError):
        await move(shop, less, Action.WRITE_OFF)
    till = await shop.terminal()
    await till.upload(till.open_shift())
    with pytest.raises(ShiftStateError):
        await move(shop, Worked(till, [], []), Action.WRITE_OFF)
    await shop.assert_reconciled()


async def test_an_accepted_shift_is_not_written_off_and_of_many_at_once_one_is(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    results = await asyncio.gather(
        *(move(shop, worked, Action.WRITE_OFF) for _ in range(4)),
        operator(shop, worked, Action.ACCEPT, "as it is"),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    assert await shop.vendor_balance() in (100, 700)
    await shop.assert_reconciled()


async def test_what_came_and_was_credited_to_nobody_is_not_taken_back(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    await move(shop, worked, Action.WRITE_OFF)
    shop.clock.forward(73 * HOUR)
    await worked.till.log_in()
    await worked.till.upload(worked.raws[2])
    flagged = await shop.services.pool.fetchval("SELECT count(*) FROM payment WHERE state = 'FLAGGED'")
    assert (flagged, await shop.vendor_balance()) == (1, 700)
    with pytest.raises(NothingToTakeBackError):
        await move(shop, worked, Action.TAKE_BACK)
    assert await shop.vendor_balance() == 700
    await shop.assert_reconciled()

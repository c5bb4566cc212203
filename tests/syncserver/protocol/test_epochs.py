"""Epochs and the states of a device: what is judged as ever, and what waits for an admin."""

import os

import httpx
import pytest

from shared.geo import Place
from shared.keys import SigningKey
from shared.lifecycles import DeviceState, Status
from shared.messages.receipt import RecordResult
from syncserver.registry import devices, enrolment
from syncserver.registry.errors import DeviceStateError, UnknownDeviceError
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.protocol.admin import listed, next_epoch, state_of, status

pytestmark = pytest.mark.anyio

FAR = Place.from_degrees("58.378", "26.729")  # Tartu, 160 km from Tallinn


async def ask_book(shop: Shop, till: FakeTerminal) -> httpx.Response:
    return await shop.http.get("/api/sync/book", headers=till.headers)


async def test_records_of_an_earlier_epoch_are_judged_as_ever(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=4, cap=1_000)
    till = await shop.terminal()
    first = till.pay(codes[0], 100)[1]
    await till.upload(first)
    reborn = await next_epoch(shop, till, b"\x21" * 32)
    later, much_later = till.pay(codes[1], 200)[1], till.pay(codes[2], 300)[1]
    till.access = reborn.access
    receipt = await till.upload(later, first)
    assert (receipt.epoch, receipt.through, receipt.head) == (1, 2, receipt.head)
    assert [result.status for result in receipt.results] == [Status.SETTLED, Status.SETTLED]
    receipt = await reborn.upload(reborn.pay(codes[3], 400)[1])
    assert (receipt.epoch, receipt.through, receipt.head) == (2, 1, reborn.prev)
    assert (await till.result(much_later)).status is Status.SETTLED
    view = await listed(shop, till)
    assert (view.epoch, view.state, view.through) == (2, DeviceState.ENROLLED, 1)
    assert await shop.vendor_balance() == 1_000
    assert await shop.balances(wallet) == (5_000, 14_000, 0, 0)
    await shop.assert_reconciled()


async def test_they_are_judged_by_the_place_of_their_own_enrolment(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    before = till.pay(codes[0], 100)[1]
    token = await enrolment.make_token(shop.services, shop.vendor, device=till.device, place=FAR)
    reborn = FakeTerminal(shop, SigningKey.from_seed(b"\x22" * 32))
    await reborn.enrol(token)
    shop.clock.forward(3_600_000)
    await reborn.log_in()
    reborn_result = await reborn.result(reborn.pay(codes[1], 100)[1])
    assert reborn_result.reasons == ("DISTANCE",)
    till.access = reborn.access
    assert (await till.result(before)).reasons == ()
    assert await shop.balances(wallet) == (5_000, 14_800, 0, 100)
    await shop.assert_reconciled()


async def test_a_batch_of_several_epochs_is_refused_as_a_whole(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    old = till.pay(codes[0], 100)[1]
    reborn = await next_epoch(shop, till, b"\x23" * 32)
    new = reborn.pay(codes[1], 100)[1]
    answer = await reborn.send(reborn.batch([old, new]))
    assert (answer.status_code, answer.json()["errorCode"]) == (422, "SEVERAL_EPOCHS")
    assert await shop.services.pool.fetchval("SELECT count(*) FROM journal_record") == 0
    assert await shop.balances(wallet) == (5_000, 13_000, 2_000, 0)
    await shop.assert_reconciled()


async def test_a_key_speaks_for_its_own_epoch_alone(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    reborn = await next_epoch(shop, till, b"\x24" * 32)
    record = reborn.payment(code, 100)
    reborn.key = till.key
    assert await reborn.result(reborn.add(record)) == RecordResult(None, None, Status.REJECTED, ("WRONG_DEVICE",))
    assert await shop.balances(wallet) == (5_000, 14_000, 1_000, 0)
    await shop.assert_reconciled()


async def test_payments_of_a_compromised_epoch_are_flagged_and_the_next_ones_are_not(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till = await shop.terminal()
    settled, raw = till.pay(codes[0], 100)
    await till.upload(raw)
    reborn = await next_epoch(shop, till, b"\x25" * 32)
    await devices.close_epoch(shop.services, till.device, 1)
    till.access = reborn.access
    flagged, late = till.pay(codes[1], 200)
    assert await till.result(late) == RecordResult(2, flagged, Status.FLAGGED, ("BLOCKED",))
    assert (await till.result(raw)).status is Status.SETTLED
    assert await status(shop, settled) == "settled"
    assert (await reborn.result(reborn.pay(codes[2], 300)[1])).status is Status.SETTLED
    assert (await ask_book(shop, reborn)).status_code == 200
    assert await shop.balances(wallet) == (5_000, 14_400, 0, 200)
    await shop.assert_reconciled()
    with pytest.raises(UnknownDeviceError):
        await devices.close_epoch(shop.services, till.device, 1)


async def test_a_revoked_device_uploads_and_gets_no_book(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    first, raw = till.pay(codes[0], 100)
    await till.upload(raw)
    await devices.revoke(shop.services, till.device)
    assert await state_of(shop, till) is DeviceState.REVOKED
    await till.log_in()
    answer = await ask_book(shop, till)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "PULL_REFUSED")
    payment, second = till.pay(codes[1], 200)
    receipt = await till.upload(second, raw, till.open_shift())
    assert receipt.results == (
        RecordResult(2, payment, Status.FLAGGED, ("BLOCKED",)),
        RecordResult(1, first, Status.SETTLED),
        RecordResult(3, None, Status.RECORDED),
    )
    assert await shop.balances(wallet) == (5_000, 14_700, 0, 200)
    await shop.assert_reconciled()
    with pytest.raises(DeviceStateError):
        await devices.revoke(shop.services, till.device)
    with pytest.raises(UnknownDeviceError):
        await enrolment.make_token(shop.services, shop.vendor, device=till.device)
    with pytest.raises(UnknownDeviceError):
        await devices.revoke(shop.services, os.urandom(16))


async def test_a_gap_of_an_earlier_epoch_shows_until_it_is_filled(shop: Shop) -> None:
    till = await shop.terminal()
    missing, there = till.open_shift(), till.close_shift(0, 0)
    await till.upload(there)
    assert await state_of(shop, till) is DeviceState.INCOMPLETE
    reborn = await next_epoch(shop, till, b"\x26" * 32)
    assert await state_of(shop, till) is DeviceState.INCOMPLETE
    till.access = reborn.access
    await till.upload(missing)
    assert await state_of(shop, till) is DeviceState.ENROLLED
    await shop.assert_reconciled()


async def test_a_key_that_a_restored_database_does_not_have_is_forgotten(shop: Shop) -> None:
    """A server that was running when its database was put back must not go by keys that it remembers."""
    till = await shop.terminal()
    await till.upload(till.open_shift())
    owner = await shop.target.connect_owner()
    try:
        await owner.execute("UPDATE device_epoch SET public_key = $1, kid = $2", os.urandom(32), os.urandom(8))
    finally:
        await owner.close()
    raw = till.open_shift()
    assert (await till.send(till.batch([raw]))).status_code == 401
    assert (await till.result(raw)).reasons == ("BAD_SIGNATURE",)

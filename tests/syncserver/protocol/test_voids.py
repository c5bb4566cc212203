"""A void reverses a settled or flagged payment of its device, epoch and shift, once."""

import itertools
import os

import pytest

from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from tests.syncserver.kit import Shop
from tests.syncserver.protocol.admin import decide, next_epoch, status, updates_of

pytestmark = pytest.mark.anyio


async def test_it_reverses_once_however_often_it_is_signed(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(codes[0], 600)
    other = till.pay(codes[1], 300)[1]
    await till.upload(raw, other)
    receipt = await till.upload(till.void(payment), till.void(payment))
    assert receipt.results == (RecordResult(3, None, Status.RECORDED), RecordResult(4, None, Status.RECORDED))
    assert await till.result(till.void(payment)) == RecordResult(5, None, Status.RECORDED)
    assert await shop.balances(wallet) == (5_000, 14_700, 0, 0)
    assert await shop.vendor_balance() == 300
    await shop.assert_reconciled()


async def test_a_flagged_payment_is_reversed_out_of_review(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(codes[0], 600, flags=("SPEED",))
    second, again = till.pay(codes[0], 500)  # spent: nothing in review
    await till.upload(raw, again)
    assert await shop.balances(wallet) == (5_000, 13_400, 1_000, 600)
    await till.upload(till.void(payment), till.void(second))
    assert await shop.balances(wallet) == (5_000, 14_000, 1_000, 0)
    assert await updates_of(till) == {payment: ("voided", ("SPEED",)), second: ("voided", ("CODE_SPENT",))}
    await shop.assert_reconciled()


async def test_a_failed_or_refused_payment_has_nothing_to_reverse(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    failed, raw = till.pay(code, 1_001)
    assert (await till.result(raw)).status is Status.FAILED
    assert (await till.result(till.void(failed))) == RecordResult(2, None, Status.RECORDED)
    assert await status(shop, failed) == "failed"
    # Also where the void came first, and where an admin rejected it.
    late, raw = till.pay(code, 1_002)
    await till.upload(till.void(late))
    assert (await till.result(raw)).status is Status.FAILED
    rejected, raw = till.pay(code, 900, flags=("SPEED",))
    await till.upload(raw)
    await decide(shop, rejected, approve=False)
    await till.upload(till.void(rejected))
    assert await status(shop, rejected) == "failed"
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    await shop.assert_reconciled()


async def test_a_void_of_another_shift_has_no_effect_in_any_order(shop: Shop) -> None:
    wallet = await shop.customer()
    for order in itertools.permutations(range(3)):
        code, *_ = await shop.codes(wallet, count=1, cap=1_000)
        till = await shop.terminal()
        payment, raw = till.pay(code, 600)
        strange = till.void(payment, shift=os.urandom(16))
        right = till.void(payment)
        raws = [raw, strange, right]
        for place in order[:2]:
            await till.upload(raws[place])
        if 2 not in order[:2]:
            assert await status(shop, payment) == "settled", order
        await till.upload(raws[order[2]])
        assert await status(shop, payment) == "voided", order
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_nobody_voids_another_devices_or_epochs_payment(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    payment, raw = till.pay(codes[0], 600)
    await till.upload(raw)
    other.shift = till.shift
    assert await other.result(other.void(payment)) == RecordResult(1, None, Status.RECORDED)
    reborn = await next_epoch(shop, till, b"\x31" * 32)
    reborn.shift = till.shift
    assert await reborn.result(reborn.void(payment)) == RecordResult(1, None, Status.RECORDED)
    assert await other.result(other.void(os.urandom(16))) == RecordResult(2, None, Status.RECORDED)
    assert await status(shop, payment) == "settled"
    assert await shop.balances(wallet) == (5_000, 13_400, 1_000, 0)
    await shop.assert_reconciled()


@pytest.mark.parametrize("claimed", [True, False])
async def test_an_approved_payment_can_still_be_voided(shop: Shop, claimed: bool) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    if not claimed:
        await till.upload(till.pay(code, 100)[1])
    before = await shop.balances(wallet), await shop.vendor_balance()
    payment, raw = till.pay(code, 600, flags=("SPEED",))
    await till.upload(raw)
    assert await decide(shop, payment, approve=True) == "settled"
    assert await shop.vendor_balance() == before[1] + 600
    await till.upload(till.void(payment))
    assert await status(shop, payment) == "voided"
    assert await shop.vendor_balance() == before[1]
    assert sum(await shop.balances(wallet)) == sum(before[0])
    await shop.assert_reconciled()


async def test_a_void_in_front_of_its_payment_in_one_batch_is_the_same(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 600)
    receipt = await till.upload(till.void(payment), raw)
    assert receipt.results == (RecordResult(2, None, Status.RECORDED), RecordResult(1, payment, Status.VOIDED))
    assert (await till.upload(raw)).results == receipt.results[1:]
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    await shop.assert_reconciled()


async def test_a_voided_payments_code_stays_spent(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 600)
    await till.upload(raw, till.void(payment))
    assert (await till.result(till.pay(code, 100)[1])).reasons == ("CODE_SPENT",)
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    await shop.assert_reconciled()

"""A rogue till gives payments of two wallets one id, and voids by it."""

from dataclasses import replace

import pytest

from syncserver.registry import quarantine
from tests.syncserver.kit import Shop
from tests.syncserver.protocol.admin import decide, next_epoch, status

pytestmark = pytest.mark.anyio


async def test_a_void_is_written_for_the_stored_payment_beside_a_new_one_with_its_id(shop: Shop) -> None:
    first, second = await shop.customer(), await shop.customer()
    codes = await shop.codes(first, count=2, cap=1_000)
    [other] = await shop.codes(second, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(codes[0], 600, flags=("SPEED",))
    waiting, beside = till.pay(codes[1], 600, flags=("SPEED",))
    await till.upload(raw, beside)
    await till.upload(till.pay(other, 100, id=payment)[1], till.void(payment))
    # Its money went back once: an admin finds nothing to reject, and the other payment's money is still there.
    assert await status(shop, payment, first) == "voided"
    assert await status(shop, payment, second) == "settled"
    assert await decide(shop, waiting, approve=True) == "settled"
    assert await shop.balances(first) == (5_000, 14_400, 0, 0)
    await shop.assert_reconciled()


async def test_held_voids_of_two_epochs_are_each_of_their_own_payment(shop: Shop) -> None:
    first, second = await shop.customer(), await shop.customer()
    [code], [other] = await shop.codes(first, count=1, cap=1_000), await shop.codes(second, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 600)
    await till.upload(raw)
    reborn = await next_epoch(shop, till, b"\x71" * 32)
    till.access = reborn.access
    await reborn.upload(reborn.pay(other, 500, id=payment)[1])
    # A fork: from now on voids wait for an admin.
    await replace(till, seq=0, prev=bytes(32)).upload(replace(till, seq=0, prev=bytes(32)).open_shift())
    await till.upload(till.void(payment))
    await reborn.upload(reborn.void(payment))
    assert await quarantine.release(shop.services, till.device, "admin") == 2
    assert await shop.balances(first) == await shop.balances(second) == (5_000, 15_000, 0, 0)
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()

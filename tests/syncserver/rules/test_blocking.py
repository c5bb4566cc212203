"""Blocked wallets and vendors, and what the till itself noticed."""

import pytest

from shared.lifecycles import Status
from shared.reasons import Reason
from syncserver.registry import vendors
from syncserver.wallets import accounts
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio


async def test_a_blocked_wallet_fails_where_the_till_could_know_and_is_flagged_where_not(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=5, cap=500)
    till = await shop.terminal()
    before = (await till.pull()).version
    await accounts.block(shop.services, wallet, blocked=True)
    page = await till.pull(before)
    assert page.blocked == (wallet,)
    blocked = await shop.services.pool.fetchval("SELECT blocked_version FROM wallet")
    for book, expected in ((blocked - 1, Status.FLAGGED), (blocked, Status.FAILED), (0, Status.FLAGGED)):
        result = await till.result(till.pay(codes.pop(), 100, book=book)[1])
        assert (result.status, result.reasons) == (expected, ("BLOCKED",)), book
    await accounts.block(shop.services, wallet, blocked=False)
    assert (await till.pull(page.version)).blocked == ()
    assert (await till.result(till.pay(codes.pop(), 100)[1])).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 12_500 + 1_200, 1_000, 200)
    await shop.assert_reconciled()


async def test_a_blocked_vendor_is_the_same(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=4, cap=500)
    till = await shop.terminal()
    before = (await till.pull()).version
    await vendors.block_vendor(shop.services, shop.vendor, blocked=True)
    after = (await till.pull(before)).version
    assert after > before
    for book, expected in ((before, Status.FLAGGED), (after, Status.FAILED), (0, Status.FLAGGED)):
        result = await till.result(till.pay(codes.pop(), 100, book=book)[1])
        assert (result.status, result.reasons) == (expected, ("BLOCKED",)), book
    await vendors.block_vendor(shop.services, shop.vendor, blocked=False)
    assert (await till.result(till.pay(codes.pop(), 100)[1])).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 13_000 + 1_200, 500, 200)
    await shop.assert_reconciled()


async def test_a_tills_own_flags_flag_and_never_fail(shop: Shop) -> None:
    wallet = await shop.customer()
    till = await shop.terminal()
    known = [reason.value for reason in Reason]
    for start in range(0, len(known), 10):
        names = known[start : start + 10]
        codes = await shop.codes(wallet, count=len(names), cap=100)
        receipt = await till.upload(
            *(till.pay(code, 1, flags=(name,))[1] for code, name in zip(codes, names, strict=True))
        )
        for name, result in zip(names, receipt.results, strict=True):
            assert result.status is Status.FLAGGED, name
            assert set(result.reasons) - {"RATE_LIMIT"} == {name} - {"RATE_LIMIT"}, name
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_unknown_flags_flag_and_reasons_are_sorted_each_once(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=500)
    till = await shop.terminal()
    strange = ("ZEBRA", 'a "quoted", {braced} \\ text', "NULL", "", "ä" * 64, "ZEBRA", "DISTANCE")
    result = await till.result(till.pay(codes[0], 100, flags=strange)[1])
    assert (result.status, result.reasons) == (Status.FLAGGED, tuple(sorted(set(strange))))
    assert (await till.upload(*[])).through == 1
    sixteen = tuple(f"F{number:02}" for number in range(16))
    result = await till.result(till.pay(codes[1], 100, flags=sixteen)[1])
    assert (result.status, result.reasons) == (Status.FLAGGED, sixteen)
    result = await till.result(till.pay(codes[2], 501, flags=("ZEBRA",))[1])
    assert (result.status, result.reasons) == (Status.FAILED, ("OVER_CAP", "ZEBRA"))
    assert await shop.balances(wallet) == (5_000, 13_500 + 800, 500, 200)
    await shop.assert_reconciled()


async def test_a_policy_may_settle_what_is_only_flagged_and_never_what_nobody_proved(shop: Shop) -> None:
    changes = {"actions": {"DISTANCE": "settle", "BLOCKED": "settle", "PAYMENT_LIMIT": "flag"}, "payment_limit": 400}
    await vendors.change_policy(shop.services, shop.vendor, changes, actor="admin")
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=500)
    till = await shop.terminal()
    await till.pull()
    result = await till.result(till.pay(codes[0], 100, flags=("DISTANCE",))[1])
    assert (result.status, result.reasons) == (Status.SETTLED, ("DISTANCE",))
    result = await till.result(till.pay(codes[1], 401)[1])
    assert (result.status, result.reasons) == (Status.FLAGGED, ("PAYMENT_LIMIT",))
    result = await till.result(till.pay(codes[2], 100, typed="00000000", flags=("DISTANCE",))[1])
    assert (result.status, result.reasons) == (Status.FAILED, ("CODE_INVALID", "DISTANCE"))
    assert await shop.balances(wallet) == (5_000, 13_500 + 499, 500, 401)
    await shop.assert_reconciled()

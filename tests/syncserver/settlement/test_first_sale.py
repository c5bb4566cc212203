"""The main job: from a code to a settled payment, over HTTP."""

import pytest

from shared.lifecycles import Status
from syncserver.maintenance.rounds import one_round
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio


async def test_a_payment_settles_and_the_rest_of_the_cap_returns(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet)
    assert await shop.balances(wallet) == (5_000, 0, 15_000, 0)
    till = await shop.terminal()
    await till.pull()
    receipt = await till.upload(till.open_shift(), till.pay(code, 1_250)[1], till.close_shift(1, 1_250))
    assert [result.status for result in receipt.results] == [Status.RECORDED, Status.SETTLED, Status.RECORDED]
    assert (receipt.through, receipt.head, receipt.missing) == (3, till.prev, ())
    assert await shop.balances(wallet) == (5_000, 1_750, 12_000, 0)
    assert await shop.vendor_balance() == 1_250
    await one_round(shop.services)
    assert await shop.services.pool.fetchval("SELECT payable FROM vendor_balance") == 1_250
    await shop.assert_reconciled()


async def test_the_same_batch_again_changes_nothing_and_answers_the_same(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet)
    till = await shop.terminal()
    raws = [till.open_shift(), till.pay(code, 1_250)[1]]
    first = await till.upload(*raws)
    again = await till.upload(*raws)
    assert again.results == first.results
    assert await shop.vendor_balance() == 1_250
    await shop.assert_reconciled()


async def test_a_code_taken_by_two_tills_settles_once_and_flags_once(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet)
    one, two = await shop.terminal(), await shop.terminal()
    first = await one.result(one.pay(code, 1_000)[1])
    second = await two.result(two.pay(code, 1_000)[1])
    assert (first.status, first.reasons) == (Status.SETTLED, ())
    assert (second.status, second.reasons) == (Status.FLAGGED, ("CODE_SPENT",))
    assert await shop.balances(wallet) == (5_000, 2_000, 12_000, 0)
    await shop.assert_reconciled()


async def test_a_void_behind_its_payment_gives_the_money_back(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet)
    till = await shop.terminal()
    payment, raw = till.pay(code, 1_000)
    receipt = await till.upload(raw, till.void(payment))
    assert [result.status for result in receipt.results] == [Status.SETTLED, Status.RECORDED]
    assert await shop.balances(wallet) == (5_000, 3_000, 12_000, 0)
    assert await shop.vendor_balance() == 0
    assert (await till.pull()).updates[0].status is Status.VOIDED
    await shop.assert_reconciled()


async def test_a_void_that_arrives_first_waits_for_its_payment(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet)
    till = await shop.terminal()
    payment, raw = till.pay(code, 1_000)
    early = await till.upload(till.void(payment))
    assert early.missing == ((1, 1),)
    assert (await till.result(raw)).status is Status.VOIDED
    assert await shop.balances(wallet) == (5_000, 3_000, 12_000, 0)
    await shop.assert_reconciled()

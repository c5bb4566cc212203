"""The same bytes again are answered as the first time, whatever happened in between, and nothing is done twice."""

import os

import pytest

from shared import journal
from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from tests.syncserver.kit import Shop
from tests.syncserver.protocol.admin import decide, status, updates_of
from tests.syncserver.protocol.signing import altered

pytestmark = pytest.mark.anyio


async def test_a_record_that_comes_twice_in_one_batch_is_answered_twice_and_done_once(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 500)
    void = till.void(payment)
    receipt = await till.upload(raw, raw, void, raw, void)
    settled = RecordResult(1, payment, Status.SETTLED)
    recorded = RecordResult(2, None, Status.RECORDED)
    assert receipt.results == (settled, settled, recorded, settled, recorded)
    assert receipt.through == 2
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_a_settled_payment_keeps_its_first_answer_after_its_void(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 500)
    first = await till.upload(raw)
    await till.upload(till.void(payment))
    assert await status(shop, payment) == "voided"
    assert (await till.upload(raw)).results == first.results == (RecordResult(1, payment, Status.SETTLED),)
    assert await updates_of(till) == {payment: ("voided", ())}
    await shop.assert_reconciled()


@pytest.mark.parametrize("approve", [True, False])
async def test_a_flagged_payment_keeps_its_first_answer_after_its_review(shop: Shop, approve: bool) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    flagged, raw = till.pay(codes[0], 500, flags=("SPEED",))
    whole = [raw, till.pay(codes[1], 600)[1], altered(till, till.payment(codes[1], 1), amount=0)]
    first = await till.upload(*whole)
    assert first.results[0] == RecordResult(1, flagged, Status.FLAGGED, ("SPEED",))
    await decide(shop, flagged, approve=approve)
    again = await till.upload(*whole)
    assert again.results == first.results
    assert (await till.upload(*reversed(whole))).results == tuple(reversed(first.results))
    assert await updates_of(till) == {flagged: ("settled" if approve else "failed", ("SPEED",))}
    assert await shop.vendor_balance() == (1_100 if approve else 600)
    assert await shop.balances(wallet) == (5_000, 13_900 if approve else 14_400, 0, 0)
    await shop.assert_reconciled()


async def test_an_id_is_used_once_in_a_wallet_by_whomever(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=5, cap=1_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    payment, raw = till.pay(codes[0], 500)
    in_the_batch = till.pay(codes[1], 500, id=payment)[1]
    receipt = await till.upload(raw, in_the_batch)
    duplicate = ("DUPLICATE_ID",)
    assert receipt.results[1] == RecordResult(2, payment, Status.REJECTED, duplicate)
    across_batches = till.pay(codes[2], 500, id=payment)[1]
    assert await till.result(across_batches) == RecordResult(3, payment, Status.REJECTED, duplicate)
    across_devices = other.pay(codes[3], 500, id=payment)[1]
    assert await other.result(across_devices) == RecordResult(1, payment, Status.REJECTED, duplicate)
    assert (await till.upload(raw, in_the_batch, across_batches)).through == 3
    assert await other.result(across_devices) == RecordResult(1, payment, Status.REJECTED, duplicate)
    # Their codes are still good, and the same id is free in another wallet.
    assert (await other.result(other.pay(codes[3], 500)[1])).status is Status.SETTLED
    neighbour = await shop.customer()
    theirs = (await shop.codes(neighbour, count=1, cap=1_000))[0]
    assert (await till.result(till.pay(theirs, 100, id=payment)[1])).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 11_000, 3_000, 0)
    assert await shop.vendor_balance() == 1_100
    await shop.assert_reconciled()


async def test_an_id_is_used_up_by_a_payment_that_failed(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(codes[0], 1_001)
    assert await till.result(raw) == RecordResult(1, payment, Status.FAILED, ("OVER_CAP",))
    assert (await till.result(till.pay(codes[1], 500, id=payment)[1])).reasons == ("DUPLICATE_ID",)
    assert await shop.balances(wallet) == (5_000, 13_000, 2_000, 0)
    await shop.assert_reconciled()


async def test_a_wallet_that_nobody_has_fails_and_its_events_are_numbered(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    nobody = "0000000000" if wallet != "0000000000" else "0000000018"
    payment, raw = till.pay(code, 500, wallet=nobody)
    another = till.pay(code, 500, wallet=nobody)[1]
    receipt = await till.upload(raw, another)
    assert receipt.results[0] == RecordResult(1, payment, Status.FAILED, ("CODE_INVALID",))
    assert receipt.results[1].reasons == ("CODE_INVALID",)
    assert (await other.result(other.pay(code, 400, wallet=nobody)[1])).reasons == ("CODE_INVALID",)
    assert (await other.result(other.pay(code, 400, wallet=nobody, id=payment)[1])).reasons == ("DUPLICATE_ID",)
    numbers = await shop.services.pool.fetch("SELECT number FROM payment_event WHERE wallet = $1 ORDER BY 1", nobody)
    assert [row["number"] for row in numbers] == [1, 2, 3]
    assert await shop.balances(wallet) == (5_000, 14_000, 1_000, 0)
    await shop.assert_reconciled()


async def test_a_whole_batch_many_times_leaves_what_the_first_one_left(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till = await shop.terminal()
    raws = [till.open_shift(), *(till.pay(code, 500)[1] for code in codes), till.close_shift(3, 1_500), os.urandom(50)]
    body = till.batch(raws)
    first = await till.upload(*raws)
    for _ in range(30):
        assert (await till.send(body)).status_code == 200
    shop.clock.forward(100 * 3_600_000)
    await till.log_in()
    assert (await till.upload(*raws)).results == first.results
    assert await shop.services.pool.fetchval("SELECT count(*) FROM transfer WHERE cause = 'claim'") == 3
    assert await shop.services.pool.fetchval("SELECT count(*) FROM stray_record") == 1
    assert await shop.services.pool.fetchval("SELECT link FROM stray_record") == journal.link_of(raws[-1])
    assert await shop.vendor_balance() == 1_500
    await shop.assert_reconciled()

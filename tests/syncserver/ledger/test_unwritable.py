"""A record that the database does not take, and transactions that come in between, cost nobody else anything."""

import pytest

from shared.ids import uuid_text
from shared.lifecycles import Status
from tests.syncserver.kit import Shop, rejecting

pytestmark = pytest.mark.anyio

SETTLED, REJECTED = Status.SETTLED, Status.REJECTED


async def test_a_record_that_cannot_be_written_does_not_block_the_others(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet)
    till = await shop.terminal()
    payments = [till.pay(code, 100) for code in codes]
    raws = [till.open_shift(), *(raw for _, raw in payments)]
    unlucky = uuid_text(payments[2][0])
    async with rejecting(shop.target, f"NEW.payment = '{unlucky}'", "23514"):
        for _ in range(2):
            receipt = await till.upload(*raws)
            answers = [(result.seq, result.status, result.reasons) for result in receipt.results]
            assert answers[0] == (6, Status.RECORDED, ())
            assert answers[1:] == [
                (1, SETTLED, ()),
                (2, SETTLED, ()),
                (None, REJECTED, ("BAD_RECORD",)),
                (4, SETTLED, ()),
                (5, SETTLED, ()),
            ]
            assert (receipt.through, receipt.missing) == (2, ((3, 3),))
            assert await shop.vendor_balance() == 400
            await shop.assert_reconciled()
    # The cause is mended: the same upload settles what was left.
    receipt = await till.upload(*raws)
    assert [result.status for result in receipt.results[1:]] == [SETTLED] * 5
    assert (receipt.through, receipt.missing) == (6, ())
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_a_transaction_that_another_came_between_is_tried_again(shop: Shop, sqlstate: str) -> None:
    codes = await shop.codes(await shop.customer())
    till = await shop.terminal()
    async with rejecting(shop.target, "{n} <= 3", sqlstate):
        receipt = await till.upload(*(till.pay(code, 100)[1] for code in codes))
    assert [result.status for result in receipt.results] == [SETTLED] * 5
    await shop.assert_reconciled()


async def test_where_others_always_come_between_the_terminal_is_asked_to_come_back(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer())
    till = await shop.terminal()
    raws = [till.pay(code, 100)[1] for code in codes]
    body = till.batch(raws)
    async with rejecting(shop.target, "true", "40001"):
        answer = await till.send(body)
    assert (answer.status_code, answer.json()["errorCode"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"].isdecimal()
    assert await shop.services.pool.fetchval("SELECT count(*) FROM journal_record") == 0
    assert await shop.services.pool.fetchval("SELECT count(*) FROM stray_record") == 0
    assert (await till.send(body)).status_code == 200
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()


async def test_a_record_beside_an_unwritable_one_is_not_rejected_for_what_passes(shop: Shop) -> None:
    """While the batch is split, a transaction of one record may still be told to try again."""
    codes = await shop.codes(await shop.customer(), count=2)
    till = await shop.terminal()
    (good, first), (bad, second) = till.pay(codes[0], 100), till.pay(codes[1], 100)
    passing = f"NEW.payment = '{uuid_text(good)}' AND {{n}} IN (2, 3)"
    async with rejecting(shop.target, passing, "40001"):
        owner = await shop.target.connect_owner()
        await owner.execute(f"ALTER TABLE payment ADD CONSTRAINT unlucky CHECK (payment <> '{uuid_text(bad)}')")
        await owner.close()
        receipt = await till.upload(first, second)
    assert [result.status for result in receipt.results] == [SETTLED, REJECTED]
    await shop.assert_reconciled()

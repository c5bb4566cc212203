"""A journal arrives in pieces: gaps, any order, and what the receipt and the device list say of it."""

import itertools
import os

import pytest

from shared import journal
from shared.lifecycles import DeviceState, Status
from shared.messages.receipt import RecordResult
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.protocol.admin import listed, state_of
from tests.syncserver.protocol.signing import altered, go_on_from

pytestmark = pytest.mark.anyio


def openings(till: FakeTerminal, count: int) -> list[bytes]:
    raws = []
    for _ in range(count):
        till.shift = os.urandom(16)
        raws.append(till.open_shift())
    return raws


async def test_nothing_is_through_at_first(shop: Shop) -> None:
    till = await shop.terminal()
    receipt = await till.upload()
    assert (receipt.through, receipt.head, receipt.missing, receipt.results) == (0, till.prev, (), ())
    assert (receipt.device, receipt.epoch, receipt.server_time) == (till.device, 1, shop.clock.now)
    assert await state_of(shop, till) is DeviceState.ENROLLED


async def test_a_gap_is_named_and_its_neighbours_are_processed_as_usual(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till = await shop.terminal()
    raws = [till.open_shift(), *(till.pay(code, 500)[1] for code in codes), till.close_shift(3, 1_500)]
    head_of_1 = journal.link_of(raws[0])
    first = await till.upload(raws[0], raws[2], raws[4])
    assert [result.status for result in first.results] == [Status.RECORDED, Status.SETTLED, Status.RECORDED]
    assert (first.through, first.head, first.missing) == (1, head_of_1, ((2, 2), (4, 4)))
    view = await listed(shop, till)
    assert (view.state, view.through, view.missing) == (DeviceState.INCOMPLETE, 1, ((2, 2), (4, 4)))
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()
    second = await till.upload(raws[3])
    assert (second.through, second.head, second.missing) == (1, head_of_1, ((2, 2),))
    third = await till.upload(raws[1])
    assert (third.through, third.head, third.missing) == (5, till.prev, ())
    assert await state_of(shop, till) is DeviceState.ENROLLED
    assert await shop.vendor_balance() == 1_500
    assert await shop.balances(wallet) == (5_000, 13_500, 0, 0)
    await shop.assert_reconciled()


async def test_the_beginning_may_be_missing(shop: Shop) -> None:
    till = await shop.terminal()
    genesis = till.prev
    raws = openings(till, 10)
    receipt = await till.upload(raws[9], raws[4])
    assert (receipt.through, receipt.head, receipt.missing) == (0, genesis, ((1, 4), (6, 9)))
    receipt = await till.upload(*raws[5:9])
    assert (receipt.through, receipt.head, receipt.missing) == (0, genesis, ((1, 4),))
    receipt = await till.upload(*raws[:4])
    assert (receipt.through, receipt.head, receipt.missing) == (10, till.prev, ())
    await shop.assert_reconciled()


async def test_every_order_of_batches_and_of_records_ends_in_the_same_head(shop: Shop) -> None:
    for order in itertools.permutations(range(4)):
        till = await shop.terminal()
        raws = openings(till, 4)
        one = await till.upload(*(raws[place] for place in order[:2]))
        two = await till.upload(*(raws[place] for place in order[2:]))
        assert {result.status for result in (*one.results, *two.results)} == {Status.RECORDED}
        assert (two.through, two.head, two.missing) == (4, till.prev, ())
        assert await state_of(shop, till) is DeviceState.ENROLLED
    await shop.assert_reconciled()


async def test_the_largest_seq_leaves_one_gap_before_it(shop: Shop) -> None:
    till = await shop.terminal()
    till.seq = 2**53 - 2
    last = till.open_shift()
    receipt = await till.upload(last)
    assert (receipt.through, receipt.missing) == (0, ((1, 2**53 - 2),))
    assert receipt.results == (RecordResult(2**53 - 1, None, Status.RECORDED),)
    assert (await till.upload(last)).results == receipt.results
    await shop.assert_reconciled()


async def test_many_gaps_are_named_one_by_one_and_filled_quickly(shop: Shop) -> None:
    till = await shop.terminal()
    raws = openings(till, 2_000)
    receipt = await till.upload(*raws[1::2])
    assert receipt.missing == tuple((seq, seq) for seq in range(1, 2_000, 2))
    receipt = await till.upload(*raws[0::2])
    assert (receipt.through, receipt.head, receipt.missing) == (2_000, till.prev, ())
    await shop.assert_reconciled()


async def test_a_batch_of_records_that_are_all_bad_leaves_the_journal_where_it_was(shop: Shop) -> None:
    till = await shop.terminal()
    raw = till.open_shift()
    await till.upload(raw)
    receipt = await till.upload(b"\x01", b"")
    assert (receipt.through, receipt.head, receipt.epoch) == (1, journal.link_of(raw), 1)
    await shop.assert_reconciled()


async def test_the_same_batch_id_with_other_records_is_answered_for_those(shop: Shop) -> None:
    till = await shop.terminal()
    one, two = openings(till, 2)
    ident = os.urandom(16)
    assert (await till.send(till.batch([one], ident))).status_code == 200
    assert (await till.send(till.batch([two], ident))).status_code == 200
    assert (await till.upload()).through == 2
    await shop.assert_reconciled()


async def test_a_refused_record_holds_its_place_for_those_that_follow(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    refused = go_on_from(till, altered(till, till.payment(code, 500), amount=0))
    good = till.pay(code, 700)[1]
    assert (await till.result(good)).status is Status.SETTLED
    assert (await till.result(refused)).reasons == ("BAD_RECORD",)
    assert await state_of(shop, till) is DeviceState.ENROLLED
    assert (await till.upload()).through == 2
    assert await shop.balances(wallet) == (5_000, 14_300, 0, 0)
    await shop.assert_reconciled()

"""A record whose own signature fails is authentic where a later authentic record commits to it."""

import itertools

import pytest

from shared import journal
from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from tests.syncserver.kit import Shop
from tests.syncserver.protocol.admin import state_of
from tests.syncserver.protocol.signing import altered, damaged, go_on_from, sign

pytestmark = pytest.mark.anyio

BAD_SIGNATURE = RecordResult(None, None, Status.REJECTED, ("BAD_SIGNATURE",))


async def test_a_later_record_of_the_batch_vouches_for_one_whose_signature_fails(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=3_000)
    till = await shop.terminal()
    payment = till.payment(code, 1_000)
    broken = go_on_from(till, damaged(journal.sign_record(payment, till.key)))
    receipt = await till.upload(broken, till.open_shift())
    assert receipt.results[0] == RecordResult(1, payment.id, Status.SETTLED)
    assert (receipt.through, receipt.head) == (2, till.prev)
    assert await shop.services.pool.fetchval("SELECT raw FROM journal_record WHERE seq = 1") == broken
    assert await shop.balances(wallet) == (5_000, 14_000, 0, 0)
    await shop.assert_reconciled()


async def test_it_is_answered_the_same_again_also_where_nobody_vouches_for_it_any_more(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=3_000)
    till = await shop.terminal()
    broken = go_on_from(till, damaged(journal.sign_record(till.payment(code, 1_000), till.key)))
    first = await till.upload(broken, till.open_shift())
    again = await till.upload(broken)
    assert again.results == first.results[:1]
    assert again.through == 2
    assert await shop.services.pool.fetchval("SELECT count(*) FROM stray_record") == 0
    await shop.assert_reconciled()


async def test_a_whole_run_needs_one_signature_in_whatever_order_it_comes(shop: Shop) -> None:
    for order in itertools.permutations(range(4)):
        till = await shop.terminal()
        raws = []
        for _ in range(3):
            opening = journal.ShiftOpen(**till.common(), opening_float=1)
            raws.append(go_on_from(till, damaged(journal.sign_record(opening, till.key))))
        raws.append(till.close_shift(0, 0))
        receipt = await till.upload(*(raws[place] for place in order))
        assert [result.seq for result in receipt.results] == [place + 1 for place in order]
        assert {result.status for result in receipt.results} == {Status.RECORDED}
        assert receipt.through == 4
    await shop.assert_reconciled()


async def test_nobody_vouches_across_batches(shop: Shop) -> None:
    till = await shop.terminal()
    opening = journal.sign_record(journal.ShiftOpen(**till.common(), opening_float=1), till.key)
    broken = go_on_from(till, damaged(opening))
    later = till.close_shift(0, 0)
    assert (await till.upload(broken)).results == (BAD_SIGNATURE,)
    assert (await till.upload(later)).missing == ((1, 1),)
    assert (await till.upload(broken)).results == (BAD_SIGNATURE,)
    # Together with the one that commits to it, it takes its place after all.
    assert (await till.upload(broken, later)).through == 2
    await shop.assert_reconciled()


async def test_a_run_is_broken_by_a_missing_link_or_seq(shop: Shop) -> None:
    till = await shop.terminal()
    first = journal.ShiftOpen(**till.common(), opening_float=1)
    broken = go_on_from(till, damaged(journal.sign_record(first, till.key)))
    # The next one commits to it by its prev, and claims a seq that does not follow.
    skipping = altered(till, journal.ShiftOpen(**till.common(), opening_float=2), seq=3)
    assert (await till.upload(broken, skipping)).results[0] == BAD_SIGNATURE
    # One that is not authentic itself vouches for nobody.
    unsigned = damaged(journal.sign_record(journal.ShiftOpen(**till.common(), opening_float=3), till.key))
    assert (await till.upload(broken, unsigned)).results == (BAD_SIGNATURE, BAD_SIGNATURE)
    await shop.assert_reconciled()


async def test_two_that_commit_to_it_by_different_seqs_do_not_harm_it(shop: Shop) -> None:
    for order in itertools.permutations(range(3)):
        till = await shop.terminal()
        first = journal.ShiftOpen(**till.common(), opening_float=1)
        broken = go_on_from(till, damaged(journal.sign_record(first, till.key)))
        follows = journal.ShiftOpen(**till.common(), opening_float=2)
        raws = [broken, journal.sign_record(follows, till.key), altered(till, follows, seq=9)]
        receipt = await till.upload(*(raws[place] for place in order))
        assert receipt.results[order.index(0)] == RecordResult(1, None, Status.RECORDED), order
    await shop.assert_reconciled()


async def test_a_refused_record_vouches_for_the_one_before_it(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=3_000)
    till = await shop.terminal()
    payment = till.payment(code, 1_000)
    broken = go_on_from(till, damaged(journal.sign_record(payment, till.key)))
    refused = altered(till, journal.ShiftOpen(**till.common(), opening_float=1), float=-1)
    receipt = await till.upload(broken, refused)
    assert receipt.results == (
        RecordResult(1, payment.id, Status.SETTLED),
        RecordResult(2, None, Status.REJECTED, ("BAD_RECORD",)),
    )
    assert await shop.balances(wallet) == (5_000, 14_000, 0, 0)
    await shop.assert_reconciled()


async def test_a_thousand_damaged_records_in_reverse_are_answered_at_once(shop: Shop) -> None:
    till = await shop.terminal()
    raws = []
    for _ in range(999):
        opening = journal.ShiftOpen(**till.common(), opening_float=1)
        raws.append(go_on_from(till, damaged(journal.sign_record(opening, till.key))))
    receipt = await till.upload(till.close_shift(0, 0), *reversed(raws))
    assert receipt.through == 1_000
    await shop.assert_reconciled()


async def test_a_stored_record_is_not_answered_to_others_bytes_at_its_seq(shop: Shop) -> None:
    till = await shop.terminal()
    opening = journal.ShiftOpen(**till.common(), opening_float=1)
    till.add(opening)
    await till.upload(journal.sign_record(opening, till.key))
    forged = damaged(altered(till, opening, float=2))
    assert (await till.upload(forged)).results == (BAD_SIGNATURE,)
    assert (await till.upload(damaged(sign(till, b"\x01")))).results == (BAD_SIGNATURE,)
    assert (await state_of(shop, till)).value == "enrolled"
    await shop.assert_reconciled()

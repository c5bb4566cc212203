"""A large batch is judged in pieces while the last one is written; nobody can tell."""

import os
from collections.abc import Sequence

import pytest

from shared.lifecycles import Status
from syncserver.judge.authenticity import Arrival
from syncserver.judge.batch import Judgement, judge_batch
from syncserver.judge.facts import BatchFacts
from syncserver.registry import vendors
from syncserver.sync import pieces
from syncserver.sync.history import Paid
from syncserver.sync.tenders import Noting, Tenders
from tests.syncserver.kit import Code, FakeTerminal, Shop

pytestmark = pytest.mark.anyio

CUSTOMERS = 26
SETTLED, FLAGGED, FAILED, REJECTED, VOIDED = (
    Status.SETTLED,
    Status.FLAGGED,
    Status.FAILED,
    Status.REJECTED,
    Status.VOIDED,
)


async def day(shop: Shop) -> tuple[FakeTerminal, list[bytes], list[Code]]:
    """A till with 130 payments of customers who pay five times each, all over the batch."""
    codes = [code for _ in range(CUSTOMERS) for code in await shop.codes(await shop.customer(), 5, 1_000)]
    mixed = [code for first in range(5) for code in codes[first::5]]
    till = await shop.terminal()
    return till, [till.pay(code, 700)[1] for code in mixed], mixed


async def test_a_batch_of_many_records_is_judged_in_more_than_one_piece(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, raws, _ = await day(shop)
    seen: list[int] = []

    def counted(arrivals: Sequence[Arrival], facts: BatchFacts, judgement: Judgement) -> None:
        seen.append(len(arrivals))
        judge_batch(arrivals, facts, judgement)

    monkeypatch.setattr(pieces, "judge_batch", counted)
    assert {answer.status for answer in (await till.upload(*raws)).results} == {SETTLED}
    assert len(seen) > 1
    assert sum(seen) == len(raws)
    assert await shop.vendor_balance() == len(raws) * 700
    await shop.assert_reconciled()


async def test_a_code_or_an_id_of_an_earlier_piece_is_known_in_a_later_one(shop: Shop) -> None:
    till, raws, codes = await day(shop)
    payment, first = till.pay(codes[0], 500)  # its code was taken by the first record
    again = till.add(till.payment(codes[1], 500, id=payment))  # another wallet may have the same id
    twice = till.add(till.payment(codes[0], 500, id=payment))
    receipt = await till.upload(*raws, first, again, twice)
    assert [answer.status for answer in receipt.results[-3:]] == [FLAGGED, FLAGGED, REJECTED]
    assert receipt.results[-1].reasons == ("DUPLICATE_ID",)
    assert receipt.through == len(raws) + 3
    await shop.assert_reconciled()


async def test_a_void_reverses_a_payment_of_the_same_large_batch(shop: Shop) -> None:
    till, raws, _ = await day(shop)
    other, *_ = await shop.codes(await shop.customer())
    payment, paid = till.pay(other, 900)
    receipt = await till.upload(*raws, paid, till.void(payment), *(till.open_shift() for _ in range(5)))
    assert receipt.results[len(raws)].status is SETTLED
    assert (await till.upload(paid)).results[0].status is SETTLED, "its first answer"
    assert await shop.services.pool.fetchval("SELECT count(*) FROM payment WHERE state = 'REVERSED'") == 1
    assert await shop.vendor_balance() == len(raws) * 700
    await shop.assert_reconciled()


async def test_a_record_that_fails_in_one_piece_leaves_those_of_the_others_alone(shop: Shop) -> None:
    till, raws, codes = await day(shop)
    wrong = till.add(till.payment(codes[0], 500, series=os.urandom(16)))
    receipt = await till.upload(*raws[:70], *raws[70:], wrong)
    assert receipt.results[-1].status is FAILED
    assert {answer.status for answer in receipt.results[:-1]} == {SETTLED}
    await shop.assert_reconciled()


async def test_what_a_customer_paid_before_counts_in_every_piece(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who pays in later pieces alone is looked up while the first is judged; who pays in several, before all of it."""
    await vendors.change_policy(shop.services, shop.vendor, {"daily_limit": 5_000}, actor="admin")
    till = await shop.terminal()
    others = [code for _ in range(130) for code in await shop.codes(await shop.customer(), 1)]
    throughout, late = [await shop.customer(funds="1000.00", offline="1000.00") for _ in range(2)]
    by_customer = {wallet: await shop.codes(wallet, 4, 2_500) for wallet in (throughout, late)}
    await till.pull()
    for codes in by_customer.values():
        assert (await till.upload(till.pay(codes[0], 2_500)[1])).results[0].status is SETTLED
    seen: list[set[str]] = []
    read_ahead = Tenders.read_ahead

    async def noted(tenders: Tenders, payments: Sequence[Paid]) -> Noting:
        seen.append({record.wallet for _, record in payments})
        return await read_ahead(tenders, payments)

    monkeypatch.setattr(Tenders, "read_ahead", noted)
    first, second = by_customer[throughout], by_customer[late]
    receipt = await till.upload(
        till.pay(first[1], 2_000)[1],
        *(till.pay(code, 700)[1] for code in others),
        till.pay(second[0], 100)[1],
        till.pay(second[1], 2_000)[1],
        till.pay(second[2], 1_000)[1],
        till.pay(first[0], 100)[1],
        till.pay(first[2], 1_000)[1],
    )
    assert throughout not in seen[0]
    assert late in seen[0]
    assert receipt.results[0].status is SETTLED
    assert [answer.reasons for answer in receipt.results[-5:]] == [
        ("CODE_SPENT",),
        (),
        ("DAILY_LIMIT",),
        ("CODE_SPENT",),
        ("DAILY_LIMIT",),
    ]
    assert await shop.vendor_balance() == 2 * 2_500 + 130 * 700 + 2 * 2_000
    await shop.assert_reconciled()

"""A rogue till opens and closes shifts by the hundred, with totals as large as they can be."""

import os

import pytest
from msgspec.structs import replace

from shared.fields import MAX_INTEGER
from shared.journal import Payment, ShiftClose
from shared.lifecycles import Status
from syncserver.reconcile.checks import reconcile
from syncserver.reconcile.totals import count
from tests.syncserver.kit import TALLINN, FakeTerminal, Shop

pytestmark = pytest.mark.anyio

SHIFTS = 400


def guess(till: FakeTerminal, wallet: str) -> bytes:
    """A payment that fails, in the till's shift."""
    return till.add(
        Payment(
            **till.common(),
            id=os.urandom(16),
            wallet=wallet,
            series=bytes(16),
            index=0,
            proof=bytes(32),
            amount=1,
            currency="EUR",
            lat=TALLINN.lat,
            lon=TALLINN.lon,
            book=0,
            flags=(),
        )
    )


async def test_shifts_that_span_the_whole_journal_cost_one_reading_of_it(shop: Shop) -> None:
    wallet = await shop.customer()
    till = await shop.terminal()
    shifts = [os.urandom(16) for _ in range(SHIFTS)]
    opens, closes = [], []
    for shift in shifts:
        till.shift = shift
        opens.append(till.open_shift())
    await till.upload(*opens)
    for _ in range(5):
        await till.upload(*(guess(till, wallet) for _ in range(1_000)))
    for shift in shifts:
        till.shift = shift
        closes.append(till.close_shift(5_000 if shift == shifts[-1] else 0, 5_000 if shift == shifts[-1] else 0))
    await till.upload(*closes[:-1])
    await till.upload(closes[-1])
    await shop.assert_reconciled()
    states = await shop.services.pool.fetch("SELECT state, count(*) FROM shift GROUP BY state")
    assert {row["state"]: row["count"] for row in states} == {"closed": SHIFTS}


async def test_totals_beyond_a_bigint_are_summed_all_the_same(shop: Shop) -> None:
    till = await shop.terminal()
    closes = []
    for _ in range(1_200):
        till.shift = os.urandom(16)
        closes.append(till.close_shift(0, MAX_INTEGER))
    for part in (closes[:600], closes[600:]):
        assert {result.status for result in (await till.upload(*part)).results} == {Status.RECORDED}
    assert (await reconcile(shop.services)).ok  # each of them is marked as disputed
    assert (await count(shop.services)).differences == {"EUR": 1_200 * MAX_INTEGER}


async def test_a_close_in_a_currency_that_is_not_the_shops_is_disputed(shop: Shop) -> None:
    wallet = await shop.customer()
    [code] = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    close = replace(ShiftClose(**till.common(), count=1, total=700, currency="QQQ"), seq=3)
    opened, paid = till.open_shift(), till.pay(code, 700)[1]
    await till.upload(opened, paid, till.add(replace(close, prev=till.prev)))
    assert await shop.services.pool.fetchval("SELECT state FROM shift") == "disputed"
    totals = await count(shop.services)
    assert totals.differences == {"EUR": -700}
    assert str(totals).endswith("difference -7.00 EUR")
    await shop.assert_reconciled()

"""Lists of payments: any filter, page by page, and looking at a bounded number of rows by an index."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.geo import Place
from shared.lifecycles import PaymentState
from shared.money import Money
from syncserver.maintenance.rounds import one_round
from syncserver.payments import listing, online, views
from syncserver.payments.listing import MOST_LOOKED_AT, STATEMENTS, Filter, Found, arguments, count, in_pages, page_of
from syncserver.payments.review import review
from syncserver.registry import vendors
from tests.syncserver.kit import TALLINN, Shop

pytestmark = pytest.mark.anyio
PARIS = Place.from_degrees("48.8566", "2.3522")


async def _lived(shop: Shop) -> dict[str, Any]:
    """Payments of each kind, of two wallets, two devices and two vendors."""
    ada, eve = await shop.customer(), await shop.customer()
    first, second = await shop.terminal(name="one"), await shop.terminal(name="two")
    other = await vendors.add_vendor(shop.services, name="Other", place=TALLINN, currency="EUR")
    for till, wallet in ((first, ada), (second, eve), (first, eve)):
        for number, code in enumerate(await shop.codes(wallet, 4, cap=2_000)):
            shop.clock.forward(20_000)
            # More than the code covers: refused.
            _, raw = till.pay(code, 2_500 if number == 3 else 1_000 + number)
            await till.upload(raw)
    async with shop.services.pool.acquire() as connection, connection.transaction():
        for amount, place, vendor in ((300, PARIS, other), (200, None, other), (100, None, shop.vendor)):
            shop.clock.forward(20_000)
            await online.pay(connection, shop.services, online.Order(ada, vendor, Money(amount, "EUR"), place, "test"))
    await one_round(shop.services)
    return {"ada": ada, "eve": eve, "first": first.device, "second": second.device, "other": other}


def _fits(filter_: Filter, row: Any) -> bool:
    """The filter once more, written as plainly as it can be."""
    wanted = (
        (filter_.state, row["state"]),
        (filter_.vendor, row["vendor"].bytes),
        (filter_.device, row["device"].bytes if row["device"] is not None else None),
        (filter_.wallet, row["wallet"]),
        (filter_.channel, row["channel"]),
        (filter_.currency, row["currency"]),
    )
    return (
        all(one is None or one == there for one, there in wanted)
        and (filter_.reason is None or filter_.reason in row["reasons"])
        and filter_.least <= row["amount"] <= filter_.most
        and filter_.since <= row["received_at"] < filter_.until
    )


def _filters(there: dict[str, Any], now: int) -> Iterator[Filter]:
    yield Filter()
    for state in PaymentState:
        yield Filter(state=state)
        yield Filter(state=state, vendor=there["other"])
    yield Filter(reason="OVER_CAP")
    yield Filter(reason="DISTANCE", channel="online")
    yield Filter(vendor=there["other"])
    yield Filter(device=there["first"])
    yield Filter(device=there["second"], least=1_001, most=1_002)
    yield Filter(wallet=there["ada"])
    yield Filter(wallet=there["eve"], device=there["first"], reason="OVER_CAP")
    yield Filter(channel="online")
    yield Filter(channel="offline", least=1_002)
    yield Filter(currency="USD")
    yield Filter(since=now - 200_000, until=now - 40_000)
    yield Filter(vendor=there["other"], since=now, until=now + 1)
    yield Filter(least=300, most=300)


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_each_filter_gives_what_fits_and_each_once(shop: Shop, limit: int) -> None:
    there = await _lived(shop)
    rows = await shop.services.pool.fetch("SELECT * FROM payment ORDER BY received_at DESC, wallet DESC, payment DESC")
    assert len(rows) == 15
    for filter_ in _filters(there, shop.clock.now):
        wanted = [row["payment"].bytes for row in rows if _fits(filter_, row)]
        found: list[bytes] = []
        behind = None
        while True:
            page = await page_of(shop.services, filter_, behind=behind, limit=limit)
            found += [one.payment for one in page.payments]
            assert page.looked_until is None
            if page.following is None:
                break
            behind = page.following
        assert found == wanted, filter_
        counted = await count(shop.services, filter_)
        assert (counted.found, counted.whole) == (len(wanted), True)
        whole = [one.payment async for some in in_pages(shop.services, filter_) for one in some]
        assert whole == wanted


async def test_a_page_looks_no_further_once_its_patience_is_over_and_the_next_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _lived(shop)
    monkeypatch.setattr(listing, "FIRST_LOOKED_AT", 3)
    late = itertools.count(shop.clock.now, listing.PATIENCE_MS + 1)
    hurried = replace(shop.services, clock=late.__next__)
    filter_ = Filter(least=2_000, channel="offline")
    wanted = [one.payment for one in (await page_of(shop.services, filter_, limit=50)).payments]
    pages, found, behind = list[Found](), list[bytes](), None
    while not pages or behind is not None:
        pages.append(await page_of(hurried, filter_, behind=behind, limit=1))
        found += [one.payment for one in pages[-1].payments]
        behind = pages[-1].following
    assert found == wanted
    assert len(wanted) == 3
    told = [one.looked_until for one in pages if not one.payments]
    assert told
    assert None not in told[:-1]


async def test_a_decision_moves_a_payment_from_one_list_to_another(shop: Shop) -> None:
    there = await _lived(shop)
    (flagged,) = (await page_of(shop.services, Filter(state=PaymentState.FLAGGED), limit=5)).payments
    await review(shop.services, flagged, approve=True, reason=None, actor="test")
    await one_round(shop.services)
    assert (await page_of(shop.services, Filter(state=PaymentState.FLAGGED), limit=5)).payments == []
    settled = Filter(state=PaymentState.SUCCESSFUL, vendor=there["other"])
    assert flagged.payment in [one.payment for one in (await page_of(shop.services, settled, limit=5)).payments]
    assert (await views.find(shop.services, flagged.payment)).state is PaymentState.SUCCESSFUL


# What no payment is, so that all that may be looked at is looked at.
NONE = Filter(least=1, most=1)


async def _many(owner: Any, payments: int) -> None:
    """As many payments of years as a table needs for its plans to be those of a large one."""
    await owner.execute(
        "INSERT INTO payment SELECT wallet, gen_random_uuid(), device, epoch, seq, link, shift, vendor, series, idx,"
        " 1000 + n % 1000, currency, at, taken_at, uncertainty, lat, lon, book, sale, false, reasons, score, batch,"
        " received_at - n * 1000, state, NULL, NULL, NULL, channel"
        " FROM (SELECT * FROM payment WHERE state = 'SUCCESSFUL' AND channel = 'offline' LIMIT 1) AS p,"
        " generate_series(1, $1::integer) AS n",
        payments,
    )
    await owner.execute("ANALYZE payment")


def _parts(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _parts(part)


async def test_each_filter_looks_at_a_bounded_number_of_payments_by_an_index(shop: Shop) -> None:
    there = await _lived(shop)
    owner = await shop.target.connect_owner()
    try:
        await _many(owner, 3 * MOST_LOOKED_AT)
        filters = [*_filters(there, shop.clock.now), NONE]
        wide = [replace(one, least=1, most=1) for one in filters]
        for filter_ in filters + wide:
            for kind, more in (("page_of", 51), ("end_of", None), ("count_of", None)):
                async with owner.transaction():
                    await owner.execute(listing._SETTINGS)
                    statement = f"EXPLAIN (ANALYZE, FORMAT JSON) {STATEMENTS[filter_.looks_at][kind]}"
                    given = arguments(filter_, None, MOST_LOOKED_AT, more)
                    plan = json.loads(await owner.fetchval(statement, *given))[0]["Plan"]
                for part in _parts(plan):
                    is_payments = part.get("Relation Name") == "payment"
                    assert not (is_payments and part["Node Type"] == "Seq Scan"), (filter_, kind)
                    read = (part["Actual Rows"] + part.get("Rows Removed by Filter", 0)) * part["Actual Loops"]
                    assert read <= 1.1 * MOST_LOOKED_AT, (filter_, kind, part["Node Type"])
        found = await page_of(shop.services, NONE, limit=50)
        assert found.payments == []
        assert found.looked_until is not None
        assert not (await count(shop.services, NONE)).whole
        everything = await count(shop.services, Filter())
        assert (everything.found, everything.whole) == (listing.MOST_COUNTED, False)
        # Going on, all is looked at, and what fits is found however far back it is.
        oldest = await owner.fetchrow("SELECT received_at, amount FROM payment ORDER BY received_at LIMIT 1")
        assert oldest is not None
        last = Filter(least=oldest["amount"], most=oldest["amount"], until=oldest["received_at"] + 1)
        assert len([one async for some in in_pages(shop.services, last) for one in some]) == 1
        assert [one async for some in in_pages(shop.services, NONE) for one in some] == []
    finally:
        await owner.close()

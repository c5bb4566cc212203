"""What a terminal's book holds, page by page, and that no change is ever missed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from shared.geo import MAX_LON, UNITS_PER_DEGREE, Place, haversine_m
from shared.keys import SigningKey
from shared.messages.book import Book
from shared.policy import Policy
from syncserver.maintenance.rounds import one_round
from syncserver.registry import enrolment, vendors
from syncserver.services import Services
from syncserver.sync import books
from syncserver.sync.grid import cell_of, cells_around
from syncserver.sync.numbering import number_changes
from syncserver.wallets import accounts, issuing, releasing
from tests.syncserver.kit import HOUR, TALLINN, FakeTerminal, Shop
from tests.syncserver.protocol.admin import decide

pytestmark = pytest.mark.anyio

METRE = UNITS_PER_DEGREE / 111_195.08


def north(place: Place, metres: float) -> Place:
    return Place(place.lat + round(metres * METRE), place.lon)


async def customers_at(shop: Shop, *homes: Place) -> list[str]:
    wallets = []
    for home in homes:
        wallets.append(wallet := await shop.customer(home=home))
        await shop.codes(wallet, count=1, cap=1_000)
    return wallets


def wallets_of(page: Book) -> set[str]:
    return {entry.wallet for entry in page.series}


async def test_a_book_holds_what_a_terminal_needs(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    await vendors.add_cashier(shop.services, shop.vendor, cashier="ada", name="Ada", role="cashier", pin="481516")
    till = await shop.terminal()
    page = await till.pull()
    (entry,) = page.series
    assert (entry.series, entry.wallet, entry.name) == (codes[0].series, wallet, "M. T.")
    assert (entry.caps, entry.spent, len(entry.verifiers)) == ((1_000,) * 3, (), 3)
    assert (entry.kdf, entry.expires_at) == (codes[0].kdf, shop.clock.now + 72 * HOUR)
    assert (page.device, page.since, page.more, page.generation) == (till.device, 0, False, 1)
    assert (page.issued_at, page.expires_at) == (shop.clock.now, shop.clock.now + 24 * HOUR)
    assert (page.policy, page.blocked, page.closed, page.updates) == (Policy(), (), (), ())
    (cashier,) = page.cashiers
    assert (cashier.id, cashier.name, cashier.role) == ("ada", "Ada", "cashier")
    assert cashier.pin.startswith("$argon2id$")
    assert [(key.kid, key.key) for key in page.server_keys] == list(till.server_keys.items())
    again = await till.pull(page.version)
    assert (again.series, again.since, again.version) == ((), page.version, page.version)
    assert again.cashiers == page.cashiers


async def test_it_holds_the_customers_within_the_radius_to_the_metre(shop: Shop) -> None:
    inside, outside = north(TALLINN, 19_999), north(TALLINN, 20_001)
    assert haversine_m(inside, TALLINN) <= 20_000 < haversine_m(outside, TALLINN)
    near, far, here = await customers_at(shop, inside, outside, TALLINN)
    till = await shop.terminal()
    assert wallets_of(await till.pull()) == {near, here}
    await vendors.change_policy(shop.services, shop.vendor, {"radius_m": 20_002}, actor="admin")
    page = await till.pull()
    assert wallets_of(page) == {near, far, here}
    assert page.generation == 2
    await vendors.change_policy(shop.services, shop.vendor, {"radius_m": 30_000_000}, actor="admin")
    abroad = await shop.customer(home=Place(-TALLINN.lat, TALLINN.lon - MAX_LON))
    await shop.codes(abroad, count=1)
    assert wallets_of(await till.pull()) == {near, far, here, abroad}
    other = await shop.customer(currency="SEK")
    await shop.codes(other, count=1)
    assert other not in wallets_of(await till.pull())


async def test_it_looks_over_the_antimeridian_and_the_poles(shop: Shop) -> None:
    fiji = Place(-16 * UNITS_PER_DEGREE, MAX_LON - 1_000)
    pole = Place(90 * UNITS_PER_DEGREE - 10_000, 0)
    over_the_line, over_the_pole = Place(fiji.lat, 1_000 - MAX_LON), Place(pole.lat, MAX_LON)
    west, beyond = await customers_at(shop, over_the_line, over_the_pole)
    for place, wallet in ((fiji, west), (pole, beyond)):
        till = await shop.terminal(place=place)
        assert wallets_of(await till.pull()) == {wallet}


async def test_changes_come_with_the_next_pull_and_no_other(shop: Shop) -> None:
    wallet = await shop.customer()
    codes, others = await shop.codes(wallet, count=2, cap=1_000), await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    first = await till.pull()
    await till.upload(till.pay(codes[1], 500)[1])
    second = await till.pull(first.version)
    (entry,) = second.series
    assert (entry.series, entry.spent, entry.caps) == (codes[0].series, (1,), (1_000, 1_000))
    await releasing.withdraw(shop.services, others[0].series)
    third = await till.pull(second.version)
    assert (third.series, third.closed) == ((), (others[0].series,))
    await accounts.block(shop.services, wallet, blocked=True)
    fourth = await till.pull(third.version)
    assert (fourth.series, fourth.closed, fourth.blocked) == ((), (), (wallet,))
    assert fourth.version > third.version
    shop.clock.forward(72 * HOUR + 1)
    await till.log_in()
    await one_round(shop.services)
    fifth = await till.pull(fourth.version)
    assert (fifth.series, fifth.closed) == ((), (codes[0].series,))
    fresh = await till.pull()
    assert (fresh.series, fresh.closed, fresh.blocked) == ((), (), (wallet,))
    await shop.assert_reconciled()


async def test_updates_are_a_terminals_own_and_say_how_a_payment_stands(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    (one, first), (two, second) = (till.pay(code, 500, flags=("LATE",)) for code in codes[:2])
    theirs, third = other.pay(codes[2], 500, flags=("LATE",))
    await till.upload(first, second)
    await other.upload(third)
    start = (await till.pull()).version
    # Approved and then voided before the next pull, by servers whose clocks differ: the last word counts.
    await decide(shop, one, approve=True)
    shop.clock.forward(-1_000)
    await till.upload(till.void(one))
    await decide(shop, two, approve=False)
    await decide(shop, theirs, approve=True)
    page = await till.pull(start)
    assert sorted((update.id, update.status.value, update.reasons) for update in page.updates) == sorted(
        [(one, "voided", ("LATE",)), (two, "failed", ("LATE",))]
    )
    assert [update.id for update in (await other.pull(start)).updates] == [theirs]
    assert (await till.pull(page.version)).updates == ()
    assert len((await till.pull()).updates) == 2
    await shop.assert_reconciled()


async def test_a_new_place_starts_the_book_over_and_the_same_place_does_not(shop: Shop) -> None:
    away = north(TALLINN, 100_000)
    here, there = await customers_at(shop, TALLINN, away)
    till = await shop.terminal()
    assert (await till.pull()).generation == 1
    for place, generation, wallets in ((None, 1, {here}), (away, 2, {there}), (None, 2, {there})):
        token = await enrolment.make_token(shop.services, shop.vendor, device=till.device, place=place)
        till = FakeTerminal(shop, SigningKey.from_seed(os.urandom(32)))
        await till.enrol(token)
        page = await till.pull()
        assert (page.generation, wallets_of(page)) == (generation, wallets)


async def test_thousands_of_series_come_in_pages_that_miss_none(shop: Shop) -> None:
    many = 5_003
    wallet = await shop.customer()
    await shop.services.pool.execute(
        """INSERT INTO series (wallet, series, masked_name, t, m_kib, issued_at, expires_at, release_at, state, lat,
                               lon, cell, version)
           SELECT $1, gen_random_uuid(), 'A. B.', 2, 19456, 0, $2, $2, 'open', $3, $4, $5, 0
             FROM generate_series(1, $6)""",
        wallet, shop.clock.now + HOUR, TALLINN.lat, TALLINN.lon, cell_of(TALLINN), many,
    )  # fmt: skip
    await shop.services.pool.execute(
        """INSERT INTO code (wallet, series, idx, cap, verifier, wrapped_proof_key, state)
           SELECT wallet, series, 0, 100, substr(sha256(series::text::bytea), 1, 16), '', 'released' FROM series"""
    )
    await shop.services.pool.execute("INSERT INTO series_change SELECT wallet, series FROM series")
    till = await shop.terminal()
    one = await till.pull()
    assert (len(one.series), one.more) == (5_000, True)
    # What changes between two pages comes with a later one.
    late, *_ = await shop.codes(await shop.customer(), count=1)
    two = await till.pull(one.version)
    assert (two.since, two.more) == (one.version, False)
    assert two.version > one.version
    seen = [entry.series for entry in (*one.series, *two.series)]
    assert len(seen) == len(set(seen)) == many + 1
    assert late.series in seen
    assert (await till.pull(two.version)).series == ()


async def add_series(shop: Shop, count: int, place: Place) -> None:
    """Series with no codes of one customer at a place, waiting to be numbered."""
    wallet = await shop.customer(home=place)
    await shop.services.pool.execute(
        """WITH new AS (
               INSERT INTO series (wallet, series, masked_name, t, m_kib, issued_at, expires_at, release_at, state, lat,
                                   lon, cell, version)
               SELECT $1, gen_random_uuid(), 'A. B.', 2, 19456, 0, $2, $2, 'open', $3, $4, $5, 0
                 FROM generate_series(1, $6) RETURNING wallet, series)
           INSERT INTO series_change SELECT wallet, series FROM new""",
        wallet, shop.clock.now + HOUR, place.lat, place.lon, cell_of(place), count,
    )  # fmt: skip


async def all_pages(till: FakeTerminal, since: int = 0) -> list[Book]:
    pages = [await till.pull(since)]
    while pages[-1].more:
        pages.append(await till.pull(pages[-1].version))
    return pages


async def test_customers_beyond_the_radius_take_no_place_in_a_page(shop: Shop) -> None:
    beyond = north(TALLINN, 20_001)
    assert cell_of(beyond) in (cells_around(TALLINN, 20_000) or ())
    await add_series(shop, 6_000, beyond)
    await add_series(shop, 10, TALLINN)
    await add_series(shop, 16_000, beyond)
    await add_series(shop, 10, TALLINN)
    pages = await all_pages(await shop.terminal())
    assert sum(len(page.series) for page in pages) == 20
    assert len({entry.series for page in pages for entry in page.series}) == 20
    assert len(pages) <= 2


async def test_changes_that_lie_far_apart_come_in_one_page(shop: Shop) -> None:
    wallets = await customers_at(shop, *[TALLINN] * 4)
    till = await shop.terminal()
    await till.pull()
    for number, wallet in enumerate(wallets):
        version = 10 ** (3 * number + 3)
        await shop.services.pool.execute("UPDATE series SET version = $2 WHERE wallet = $1", wallet, version)
        await shop.services.pool.execute("UPDATE book_clock SET version = $1", version)
    page = await till.pull(9)
    assert [entry.wallet for entry in page.series] == wallets
    assert (page.more, page.version) == (False, 10**12)


async def test_numbering_takes_a_lot_at_a_time_until_nothing_waits(shop: Shop) -> None:
    await add_series(shop, 10, TALLINN)
    async with shop.services.pool.acquire() as connection:
        await number_changes(connection, at_once=3)
        assert await connection.fetchval("SELECT count(*) FROM series_change") == 0
        versions = [row["version"] for row in await connection.fetch("SELECT version FROM series")]
        clock = await connection.fetchval("SELECT version FROM book_clock")
    assert len(set(versions)) == 10
    assert min(versions) > 0
    assert max(versions) < clock


async def test_updates_come_in_pages_that_miss_none(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MAX_UPDATES_PER_PAGE", 2)
    codes = await shop.codes(await shop.customer(), count=5, cap=1_000)
    till = await shop.terminal()
    paid = [till.pay(code, 500, flags=("LATE",)) for code in codes]
    await till.upload(*(raw for _, raw in paid))
    start = (await till.pull()).version
    for payment, _ in paid:
        await decide(shop, payment, approve=True)
    pages = await all_pages(till, start)
    assert [len(page.updates) for page in pages] == [2, 2, 1]
    assert {update.id for page in pages for update in page.updates} == {payment for payment, _ in paid}
    # What the cut-off page did not say of the series comes with the pages after it, once.
    listed = [entry.series for page in pages for entry in page.series]
    assert len(listed) == len(set(listed))


class HeldPool:
    """A pool of one connection, whose transaction ends when a test says so."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self.connection


async def test_a_version_never_passes_a_transaction_that_is_still_open(shop: Shop) -> None:
    slow, quick = await shop.customer(), await shop.customer()
    till = await shop.terminal()
    async with shop.services.pool.acquire() as connection:
        open_one = connection.transaction()
        await open_one.start()
        held: Services = replace(shop.services, pool=HeldPool(connection))  # type: ignore[arg-type]  # as much of one as issuing needs
        issued = await issuing.issue(held, slow, count=1, actor="test")
        await shop.codes(quick, count=1)
        before = await till.pull()
        assert wallets_of(before) == {quick}
        await open_one.commit()
    after = await till.pull(before.version)
    assert [entry.series for entry in after.series] == [issued.series]
    assert after.version > before.version
    await shop.assert_reconciled()


async def test_a_pull_waits_for_whoever_is_at_the_books_clock(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1)
    till = await shop.terminal()
    async with shop.services.pool.acquire() as connection:
        open_one = connection.transaction()
        await open_one.start()
        held: Services = replace(shop.services, pool=HeldPool(connection))  # type: ignore[arg-type]  # see above
        await releasing.withdraw(held, code.series)
        early = asyncio.create_task(till.pull())
        other = await shop.customer()
        await shop.codes(other, count=1)
        await open_one.commit()
    page = await early
    seen = {entry.series for entry in page.series} | set(page.closed)
    while True:
        following = await till.pull(page.version)
        if following.version == page.version:
            break
        seen |= {entry.series for entry in following.series} | set(following.closed)
        page = following
    assert code.series not in {entry.series for entry in (await till.pull()).series}
    assert len(seen) >= 1
    await shop.assert_reconciled()


async def test_pulls_amid_changes_miss_nothing(shop: Shop) -> None:
    wallets = [await shop.customer() for _ in range(6)]
    till = await shop.terminal()
    seen: set[bytes] = set()
    version = 0
    issuing_tasks = [
        asyncio.create_task(issuing.issue(shop.services, wallet, count=1, cap=100, actor="test"))
        for wallet in wallets
        for _ in range(4)
    ]
    while not all(task.done() for task in issuing_tasks):
        page = await till.pull(version)
        assert page.version >= version
        seen |= {entry.series for entry in page.series}
        version = page.version
    seen |= {entry.series for entry in (await till.pull(version)).series}
    assert seen == {(await task).series for task in issuing_tasks}
    await shop.assert_reconciled()

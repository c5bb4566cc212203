"""Lists of shifts: exceptions first, in pages that neither repeat nor leave out, whatever is filtered."""

import os

import pytest

from shared.lifecycles import ShiftState
from shared.rules.decision import MS_PER_DAY
from syncserver.database.arrays import uuid_of
from syncserver.registry import vendors
from syncserver.shifts.halves import ShiftKey, Trouble
from syncserver.shifts.listing import NEVER, Place, day_bounds
from syncserver.shifts.reading import QUERIES
from syncserver.shifts.records import Line, records
from tests.syncserver.kit import START, TALLINN, Shop
from tests.syncserver.shifts.kit import listing, seen

pytestmark = pytest.mark.anyio


async def test_exceptions_come_first_and_pages_neither_repeat_nor_leave_out(shop: Shop) -> None:
    till = await shop.terminal()
    odd: set[bytes] = set()
    for number in range(12):
        # Two at one moment: the order must not depend on the clock alone.
        shop.clock.forward(1_000 * (number % 2))
        till.shift = os.urandom(16)
        if number % 3 == 0:
            odd.add(till.shift)
        await till.upload(till.open_shift(), till.close_shift(0 if number % 3 else 1, 0))
    found: list[bytes] = []
    place: Place | None = None
    pages = 0
    while place is not None or not pages:
        page = await listing(shop, place, 5)
        found += [shift.key.shift for shift in page.shifts]
        assert {key.shift for key in page.marked} <= odd
        place, pages = page.following, pages + 1
    assert (len(found), len(set(found)), pages) == (12, 12, 3)
    assert set(found[:4]) == odd
    only = await listing(shop, marked_only=True)
    assert ({shift.key.shift for shift in only.shifts}, only.following) == (odd, None)
    assert all(shift.troubles(shop.clock()) == (Trouble.DIFFERS,) for shift in only.shifts)


async def test_filters_hold_by_themselves_and_together(shop: Shop) -> None:
    other = await vendors.add_vendor(shop.services, name="Other", place=TALLINN, currency="EUR")
    till, second = await shop.terminal(), await shop.terminal(name="till 2")
    await till.upload(till.open_shift(), till.close_shift(0, 0))
    await second.upload(second.open_shift())
    day, next_day = "2026-11-21", "2026-11-22"
    since, until = day_bounds(day)
    assert since <= START < until
    assert len((await listing(shop)).shifts) == 2
    assert len((await listing(shop, vendor=other)).shifts) == 0
    assert len((await listing(shop, vendor=shop.vendor)).shifts) == 2
    assert [one.key.device for one in (await listing(shop, device=second.device)).shifts] == [second.device]
    assert [one.state for one in (await listing(shop, state=ShiftState.CLOSED)).shifts] == [ShiftState.CLOSED]
    assert len((await listing(shop, since=since, until=until, vendor=shop.vendor)).shifts) == 2
    assert len((await listing(shop, since=until, until=until + MS_PER_DAY)).shifts) == 0
    assert day_bounds(next_day)[0] == until


async def test_an_empty_list_is_one(shop: Shop) -> None:
    page = await listing(shop)
    assert (list(page.shifts), page.following) == ([], None)


async def test_a_shift_record_by_record_shows_both_halves(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 3, 1_000)
    till = await shop.terminal()
    opening = till.open_shift()
    voided, raw = till.pay(codes[0], 500)
    raws = [opening, raw, till.void(voided), till.pay(codes[1], 100)[1], till.pay(codes[1], 100)[1]]
    raws += [till.close_shift(2, 200), till.pay(codes[2], 70)[1]]
    await till.upload(*raws)
    till.shift = os.urandom(16)
    await till.upload(till.open_shift())
    shift = next(one for one in (await listing(shop)).shifts if one.claim is not None)
    lines: list[Line] = []
    async with shop.services.pool.acquire() as connection:
        while page := await records(connection, shift, lines[-1].place if lines else None, 3):
            lines += page
    assert [line.raw for line in lines] == raws, "with the payment behind its close, and nothing of the next shift"
    assert [line.says["type"] for line in lines if line.says] == [
        "shift_open", "payment", "void", "payment", "payment", "shift_close", "payment",
    ]  # fmt: skip
    assert (lines[1].status, lines[1].now, lines[1].voided_by) == ("settled", "voided", 3), "answered before its void"
    assert (lines[4].status.value, lines[4].reasons, lines[4].now) == ("flagged", ("CODE_SPENT",), "flagged")
    says = lines[3].says
    assert says is not None
    assert (says["amount"], says["currency"], says["wallet"]) == (100, "EUR", codes[1].wallet)


async def test_the_other_half_of_a_fork_stands_behind_the_first(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 2, 1_000)
    till = await shop.terminal()
    await till.upload(till.open_shift())
    twin = till.payment(codes[0], 100)
    await till.upload(till.add(twin))
    till.seq, till.prev = twin.seq - 1, twin.prev
    await till.upload(till.pay(codes[1], 250)[1])
    shift = await seen(shop, till)
    async with shop.services.pool.acquire() as connection:
        lines = await records(connection, shift, None, 10)
    assert [(line.seq, line.other, line.now) for line in lines] == [
        (1, False, None), (2, False, "settled"), (2, True, "flagged"),
    ]  # fmt: skip


async def test_hundreds_of_shifts_over_one_journal_are_read_once(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 5, 1_000)
    till = await shop.terminal()
    ids = [os.urandom(16) for _ in range(100)]
    raws = []
    for till.shift in ids:
        raws.append(till.open_shift())
    raws += [till.pay(code, 100)[1] for code in codes]
    for till.shift in ids:
        raws.append(till.close_shift(5 if till.shift == ids[-1] else 0, 500 if till.shift == ids[-1] else 0))
    await till.upload(*raws)
    page = await listing(shop, limit=200)
    assert len(page.shifts) == 100
    totals = {shift.key.shift: shift.received.total for shift in page.shifts}
    assert (totals.pop(ids[-1]), set(totals.values())) == (500, {0})


def test_a_days_name_is_exact() -> None:
    assert day_bounds("1970-01-01") == (0, MS_PER_DAY)
    assert ShiftKey(b"", 1, b"") < ShiftKey(b"", 2, b"")


MANY = """
INSERT INTO shift (device, epoch, shift, state, cashier, opened_seq, opened_at, opening_float, closed_seq, closed_at,
                   count, total, currency, compared)
SELECT d.device, 1, gen_random_uuid(), 'closed', 'ada', 2 * n - 1, n * 60000::bigint, 0, 2 * n, n * 60000::bigint + 1,
       0, 0, 'EUR', true
  FROM device d, generate_series(1, 20000) AS n
"""


async def test_the_first_page_of_very_many_is_read_by_its_index(shop: Shop) -> None:
    await shop.terminal()
    owner = await shop.target.connect_owner()
    try:
        await owner.execute(MANY)
        await owner.execute("VACUUM (ANALYZE) shift")
        place = Place(marked=False)
        rows = await owner.fetch(
            f"EXPLAIN {QUERIES['plain_shifts']}",
            0, None, None, 0, NEVER, None, place.at, uuid_of(place.key.device), place.key.epoch,
            uuid_of(place.key.shift), 51,
        )  # fmt: skip
    finally:
        await owner.close()
    plan = "\n".join(row[0] for row in rows)
    assert "using shift_by_day on shift s" in plan, plan
    assert "Sort" not in plan.partition("shift_by_day")[0], plan
    page = await listing(shop)
    assert (len(page.shifts), page.following is not None) == (50, True)

"""A shift's close is held against its records once all of them are here; what differs is disputed."""

import itertools

import pytest

from tests.syncserver.kit import FakeTerminal, Shop

pytestmark = pytest.mark.anyio


async def shift_state(shop: Shop, till: FakeTerminal) -> tuple[str, bool]:
    row = await shop.services.pool.fetchrow(
        "SELECT state, compared FROM shift WHERE device = encode($1, 'hex')::uuid", till.device
    )
    assert row is not None
    return (row["state"], row["compared"])


async def test_a_close_that_fits_stays_closed_and_one_that_differs_is_disputed(shop: Shop) -> None:
    wallet = await shop.customer()
    for count, total, expected in ((2, 300, "closed"), (2, 301, "disputed"), (3, 300, "disputed"), (0, 0, "disputed")):
        codes = await shop.codes(wallet, count=3, cap=200)
        till = await shop.terminal(name=f"{count} {total}")
        opening = till.open_shift()
        voided, raw = till.pay(codes[2], 150)
        raws = [opening, raw, till.pay(codes[0], 100)[1], till.void(voided), till.pay(codes[1], 200)[1]]
        await till.upload(*raws, till.close_shift(count, total))
        assert await shift_state(shop, till) == (expected, True)
    await shop.assert_reconciled()


async def test_records_that_come_late_are_waited_for_in_any_order(shop: Shop) -> None:
    wallet = await shop.customer()
    for order, (total, expected) in itertools.product(
        ((0, 1, 2, 3), (3, 2, 1, 0), (2, 3, 0, 1), (1, 3, 0, 2)), ((300, "closed"), (299, "disputed"))
    ):
        codes = await shop.codes(wallet, count=2, cap=200)
        till = await shop.terminal()
        raws = [till.open_shift(), till.pay(codes[0], 100)[1], till.pay(codes[1], 200)[1], till.close_shift(2, total)]
        for place in order[:-1]:
            await till.upload(raws[place])
        if order[-1] != 3:
            assert (await shift_state(shop, till))[1] is False
        await till.upload(raws[order[-1]])
        assert await shift_state(shop, till) == (expected, True), order
    await shop.assert_reconciled()


async def test_what_a_till_accepted_counts_whatever_became_of_it(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=200)
    till = await shop.terminal()
    raws = [
        till.open_shift(),
        till.pay(codes[0], 100)[1],
        till.pay(codes[0], 100)[1],  # flagged: spent
        till.pay(codes[1], 201)[1],  # failed: over its cap
    ]
    await till.upload(*raws, till.close_shift(3, 401))
    assert await shift_state(shop, till) == ("closed", True)
    await shop.assert_reconciled()


async def test_a_void_after_the_close_changes_nothing_of_the_close(shop: Shop) -> None:
    wallet = await shop.customer()
    for together in (True, False):
        code, *_ = await shop.codes(wallet, count=1, cap=200)
        till = await shop.terminal()
        opening = till.open_shift()
        payment, raw = till.pay(code, 100)
        raws = [opening, raw, till.close_shift(1, 100), till.void(payment)]
        for batch in [raws] if together else [raws[3:], raws[:3]]:
            await till.upload(*batch)
        assert await shift_state(shop, till) == ("closed", True)
        await shop.assert_reconciled()
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)


async def test_a_second_opening_or_close_changes_nothing(shop: Shop) -> None:
    till = await shop.terminal()
    await till.upload(till.open_shift(100), till.open_shift(999), till.close_shift(0, 0), till.close_shift(5, 5))
    row = await shop.services.pool.fetchrow("SELECT opened_seq, opening_float, closed_seq, count, state FROM shift")
    assert row is not None
    assert tuple(row) == (1, 100, 3, 0, "closed")
    await shop.assert_reconciled()


async def test_a_close_without_an_opening_is_held_against_its_records_too(shop: Shop) -> None:
    wallet = await shop.customer()
    for total, expected in ((300, "closed"), (299, "disputed")):
        codes = await shop.codes(wallet, count=2, cap=200)
        till = await shop.terminal()
        await till.upload(till.pay(codes[0], 100)[1], till.pay(codes[1], 200)[1], till.close_shift(2, total))
        assert await shift_state(shop, till) == (expected, True)
        await till.upload(till.open_shift())
        assert await shift_state(shop, till) == (expected, True), "an opening behind its close says nothing of it"
        await shop.assert_reconciled()

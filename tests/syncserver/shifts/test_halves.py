"""What the till's close says beside what is here, and what makes a shift an exception."""

import os

import pytest
from msgspec import structs

from shared.journal import ShiftClose
from shared.keys import SigningKey
from shared.lifecycles import ShiftState
from syncserver.registry import enrolment
from syncserver.shifts.decisions import Action
from syncserver.shifts.errors import AmbiguousShiftError, UnknownShiftError
from syncserver.shifts.halves import Trouble, gaps_within
from syncserver.shifts.reading import look_up
from tests.syncserver.kit import HOUR, FakeTerminal, Shop
from tests.syncserver.shifts.kit import listing, operator, seen, work

pytestmark = pytest.mark.anyio


async def troubles(shop: Shop, till: FakeTerminal) -> set[Trouble]:
    return set((await seen(shop, till)).troubles(shop.clock()))


async def test_a_shift_that_matches_has_both_halves_and_no_trouble(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 3, 1_000)
    till = await shop.terminal(name="till 2")
    opening = till.open_shift()
    voided, raw = till.pay(codes[0], 500)
    raws = [opening, raw, till.void(voided), till.pay(codes[1], 100)[1], till.pay(codes[2], 250)[1]]
    await till.upload(*raws, till.close_shift(2, 350))
    shift = await seen(shop, till)
    assert shift.claim is not None
    assert (shift.claim.count, shift.claim.total, shift.claim.currency) == (2, 350, "EUR")
    assert (shift.received.count, shift.received.total, shift.received.voided) == (2, 350, 1)
    assert (shift.difference, shift.matches, shift.received.records, shift.received.missing) == (0, True, 6, ())
    assert (shift.device_name, shift.opening_float, shift.cashier) == ("till 2", 20_000, "ada")
    assert shift.troubles(shop.clock()) == ()


async def test_what_is_missing_is_named_and_so_is_the_difference(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 3, 1_000)
    worked = await work(shop, codes, (100, 200, 300))
    await worked.till.upload(worked.raws[0], worked.raws[2], worked.raws[4])
    shift = await seen(shop, worked)
    assert (shift.received.missing, shift.received.missing_records) == (((2, 2), (4, 4)), 2)
    assert (shift.difference, shift.stake, shift.matches) == (400, 400, False)
    assert shift.troubles(shop.clock()) == (Trouble.MISSING,)
    assert shift.state is ShiftState.CLOSED


async def test_a_shift_behind_a_gap_of_another_can_be_looked_at_by_itself(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 4, 1_000)
    first = await work(shop, codes[:2])
    first_shift, till = first.shift, first.till
    till.shift = os.urandom(16)
    second = await work(shop, codes[2:], till=till)
    await till.upload(*(raw for raw in (*first.raws, *second.raws) if raw != first.raws[1]))
    assert await troubles(shop, till) == {Trouble.GAP_BEFORE}
    after = await operator(shop, second, Action.RECONCILE)
    assert (after[0].state, after[1]) == (ShiftState.RECONCILED, True)
    till.shift = first_shift
    assert await troubles(shop, till) == {Trouble.MISSING}


async def test_differing_figures_dispute_a_shift(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 2, 1_000)
    worked = await work(shop, codes, close=(2, 290))
    await worked.till.upload(*worked.raws)
    shift = await seen(shop, worked)
    assert (shift.state, shift.difference, shift.troubles(shop.clock())) == (
        ShiftState.DISPUTED,
        -10,
        (Trouble.DIFFERS,),
    )


async def test_a_close_in_another_currency_has_no_difference_and_the_larger_half_is_at_stake(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 1, 1_000)
    till = await shop.terminal()
    raws = [till.open_shift(), till.pay(codes[0], 100)[1]]
    raws.append(till.add(ShiftClose(**till.common(), count=1, total=2**53 - 1, currency="XQZ")))
    await till.upload(*raws)
    shift = await seen(shop, till)
    assert (shift.difference, shift.stake, shift.matches) == (None, 2**53 - 1, False)
    assert shift.troubles(shop.clock()) == (Trouble.DIFFERS,)
    assert shift.said == f"close 1, {2**53 - 1} minor units of XQZ; here 1, 1.00 EUR"


async def test_forks_late_payments_refused_records_and_what_follows_a_close_are_exceptions(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 5, 1_000)
    forked, late, refused, behind = [await shop.terminal(name=name) for name in ("a", "b", "c", "d")]
    await forked.upload(forked.open_shift())
    twin = forked.payment(codes[0], 100)
    await forked.upload(forked.add(twin))
    forked.seq, forked.prev = twin.seq - 1, twin.prev
    await forked.upload(forked.pay(codes[1], 100)[1])
    assert await troubles(shop, forked) == {Trouble.FORK}

    opening = refused.open_shift()
    payment = refused.payment(codes[2], 100)
    raws = [opening, refused.add(payment)]
    raws += [refused.add(structs.replace(payment, seq=refused.seq + 1, prev=refused.prev)), refused.close_shift(1, 100)]
    await refused.upload(*raws)
    assert await troubles(shop, refused) == {Trouble.REFUSED}

    await behind.upload(behind.open_shift(), behind.close_shift(0, 0), behind.pay(codes[3], 100)[1])
    shift = await seen(shop, behind)
    assert (shift.received.outside, shift.received.count) == (1, 0)
    assert shift.troubles(shop.clock()) == (Trouble.OUTSIDE,)

    slow = await work(shop, codes[4:], (100,), till=late)
    shop.clock.forward(73 * HOUR)
    await late.log_in()
    await late.upload(*slow.raws)
    shift = await seen(shop, late)
    assert shift.troubles(shop.clock()) == (Trouble.LATE,)
    assert (shift.received.carried, shift.received.carried_total) == (1, 100), "it came after the close was signed"


async def test_an_open_shift_is_an_exception_once_it_is_open_for_too_long(shop: Shop) -> None:
    till = await shop.terminal()
    await till.upload(till.open_shift())
    assert await troubles(shop, till) == set()
    shop.clock.forward(24 * HOUR + 1)
    assert await troubles(shop, till) == {Trouble.UNCLOSED}
    page = await listing(shop)
    assert (page.marked, page.shifts[0].claim) == (frozenset({page.shifts[0].key}), None)
    assert (await listing(shop, unclosed_hours=48)).marked == frozenset()


async def test_a_shift_without_an_opening_is_an_exception(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 1, 1_000)
    till = await shop.terminal()
    await till.upload(till.pay(codes[0], 100)[1], till.close_shift(1, 100))
    assert await troubles(shop, till) == {Trouble.NO_OPENING}
    assert len((await listing(shop, marked_only=True)).shifts) == 1


async def test_a_shifts_id_in_two_epochs_needs_the_epoch(shop: Shop) -> None:
    till = await shop.terminal()
    await till.upload(till.open_shift(), till.close_shift(0, 0))
    till.key = SigningKey.from_seed(os.urandom(32))
    await till.enrol(await enrolment.make_token(shop.services, shop.vendor, device=till.device))
    async with shop.services.pool.acquire() as connection:
        assert (await look_up(connection, till.device, till.shift)).key.epoch == 1
        await till.upload(till.open_shift())
        with pytest.raises(AmbiguousShiftError):
            await look_up(connection, till.device, till.shift)
        states = [(await look_up(connection, till.device, till.shift, epoch)).state for epoch in (1, 2)]
        assert states == [ShiftState.CLOSED, ShiftState.OPEN]
        for shift, epoch in ((bytes(16), None), (till.shift, 3)):
            with pytest.raises(UnknownShiftError):
                await look_up(connection, till.device, shift, epoch)


def test_gaps_lie_between_the_ranges_that_are_here() -> None:
    ranges = ((1, 3), (5, 5), (9, 12))
    assert gaps_within(ranges, 1, 12) == ((4, 4), (6, 8))
    assert gaps_within(ranges, 4, 8) == ((4, 4), (6, 8))
    assert gaps_within(ranges, 10, 15) == ((13, 15),)
    assert gaps_within(ranges, 20, 22) == ((20, 22),)
    assert gaps_within((), 1, 2) == ((1, 2),)
    assert gaps_within(ranges, 2, 3) == ()

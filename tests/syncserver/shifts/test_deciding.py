"""Decisions about shifts: only from states that allow them, once, with reasons, and kept for good."""

import asyncio

import asyncpg
import pytest

from shared.lifecycles import ShiftState
from syncserver.payments.errors import ReasonRequiredError
from syncserver.registry import devices
from syncserver.shifts import resending
from syncserver.shifts.day import read_day, reconcile_day
from syncserver.shifts.decisions import Action, history
from syncserver.shifts.errors import (
    DayNotMatchingError,
    NothingMissingError,
    ShiftChangedError,
    ShiftHasExceptionsError,
    ShiftStateError,
    ShiftTillLivesError,
)
from syncserver.shifts.halves import Trouble
from tests.syncserver.kit import Shop
from tests.syncserver.shifts.kit import Worked, listing, operator, seen, stored_state, work

pytestmark = pytest.mark.anyio
DAY = "2026-11-21"


async def matching(shop: Shop, name: str = "till 1") -> Worked:
    worked = await work(shop, await shop.codes(await shop.customer(), 2, 1_000), name=name)
    await worked.till.upload(*worked.raws)
    return worked


async def with_a_gap(shop: Shop, name: str = "till 1") -> Worked:
    worked = await work(shop, await shop.codes(await shop.customer(), 2, 1_000), name=name)
    await worked.till.upload(worked.raws[0], worked.raws[1], worked.raws[3])
    return worked


async def test_what_matches_is_reconciled_without_a_reason_and_stays_so(shop: Shop) -> None:
    worked = await matching(shop)
    shift, done = await operator(shop, worked, Action.RECONCILE)
    assert (shift.state, done, shift.reconciled_at) == (ShiftState.RECONCILED, True, shop.clock.now)
    for action in Action.RECONCILE, Action.ACCEPT, Action.DISPUTE:
        with pytest.raises(ShiftStateError):
            await operator(shop, worked, action, "again")
    async with shop.services.pool.acquire() as connection:
        (one,) = await history(connection, shift.key)
    assert (one.action, one.before, one.after, one.actor, one.said) == (
        Action.RECONCILE,
        ShiftState.CLOSED,
        ShiftState.RECONCILED,
        "cli test",
        "close 2, 3.00 EUR; here 2, 3.00 EUR",
    )
    await shop.assert_reconciled()


async def test_an_exception_needs_a_reason_to_be_accepted(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    with pytest.raises(ShiftHasExceptionsError, match="MISSING"):
        await operator(shop, worked, Action.RECONCILE)
    for reason in (None, "", "  "):
        with pytest.raises(ReasonRequiredError):
            await operator(shop, worked, Action.ACCEPT, reason)
    assert (await operator(shop, worked, Action.ACCEPT, "the till burnt"))[0].state is ShiftState.RECONCILED
    await shop.assert_reconciled()


async def test_a_dispute_stays_until_somebody_accepts_it(shop: Shop) -> None:
    worked = await matching(shop)
    assert (await operator(shop, worked, Action.DISPUTE, "the shop denies it"))[0].state is ShiftState.DISPUTED
    assert (await seen(shop, worked)).troubles(shop.clock()) == (Trouble.DISPUTED,)
    with pytest.raises(ShiftHasExceptionsError):
        await operator(shop, worked, Action.RECONCILE)
    await operator(shop, worked, Action.DISPUTE, "and once more")
    await operator(shop, worked, Action.ACCEPT, "they found the paper")
    async with shop.services.pool.acquire() as connection:
        happened = await history(connection, (await seen(shop, worked)).key)
    assert [(one.number, one.action, one.reason) for one in happened] == [
        (1, Action.DISPUTE, "the shop denies it"),
        (2, Action.DISPUTE, "and once more"),
        (3, Action.ACCEPT, "they found the paper"),
    ]
    await shop.assert_reconciled()


async def test_an_open_shift_can_be_decided_by_nobody(shop: Shop) -> None:
    till = await shop.terminal()
    await till.upload(till.open_shift())
    worked = Worked(till, [], [])
    for action in Action.RECONCILE, Action.ACCEPT, Action.DISPUTE:
        with pytest.raises(ShiftStateError):
            await operator(shop, worked, action, "why not")


async def left_open(shop: Shop) -> Worked:
    """A shift of two payments whose close is at its till, which is lost, and a day later."""
    worked = await work(shop, await shop.codes(await shop.customer(), 2, 1_000))
    await worked.till.upload(*worked.raws[:3])
    shop.clock.forward(25 * 3_600_000)
    return worked


async def test_a_shift_of_a_till_that_lives_is_closed_by_its_till_alone(shop: Shop) -> None:
    worked = await left_open(shop)
    with pytest.raises(ShiftTillLivesError):
        await operator(shop, worked, Action.CLOSE, "the shop went home")
    assert await stored_state(shop, worked) is ShiftState.OPEN
    matched = await matching(shop, "another")
    await devices.revoke(shop.services, matched.till.device)
    with pytest.raises(ShiftStateError):
        await operator(shop, matched, Action.CLOSE, "closed already")


async def test_a_shift_of_a_lost_till_is_closed_with_a_reason_and_what_is_here(shop: Shop) -> None:
    worked = await left_open(shop)
    await devices.revoke(shop.services, worked.till.device)
    shift = await seen(shop, worked)
    assert (shift.troubles(shop.clock()), shift.till_gone) == ((Trouble.UNCLOSED,), True)
    with pytest.raises(ReasonRequiredError):
        await operator(shop, worked, Action.CLOSE)
    with pytest.raises(ShiftChangedError):
        await operator(shop, worked, Action.CLOSE, "lost", "what was seen before")
    closed, done = await operator(shop, worked, Action.CLOSE, "the till was stolen", shift.fingerprint)
    assert (closed.state, done, closed.claim, closed.troubles(shop.clock())) == (ShiftState.RECONCILED, True, None, ())
    assert (await listing(shop, marked_only=True)).shifts == []
    async with shop.services.pool.acquire() as connection:
        (one,) = await history(connection, closed.key)
    assert (one.action, one.before, one.after, one.reason, one.said, one.stake) == (
        Action.CLOSE,
        ShiftState.OPEN,
        ShiftState.RECONCILED,
        "the till was stolen",
        "not closed; here 2, 3.00 EUR",
        300,
    )
    for action in Action.CLOSE, Action.ACCEPT, Action.DISPUTE:
        with pytest.raises(ShiftStateError):
            await operator(shop, worked, action, "once more")
    await shop.assert_reconciled()


async def test_what_a_lost_till_sends_after_all_is_news_of_a_shift_that_was_closed_without_it(shop: Shop) -> None:
    worked = await left_open(shop)
    till, device, epoch, shift = worked.till, worked.till.device, worked.till.epoch, worked.shift
    key = till.key
    # It has begun anew, so its old journal ends where it is; and then the old disk is found.
    anchor = await resending.re_anchor(shop.services, device, shift, None, reason="its disk is gone", actor="admin 1")
    till.key = type(till.key).from_seed(shop.services.random(32))
    await till.enrol(anchor.token)
    assert (await seen(shop, worked)).till_gone
    await operator(shop, worked, Action.CLOSE, "its disk is gone")
    till.key, till.epoch = key, epoch
    await till.upload(worked.raws[3])
    found = await seen(shop, worked)
    assert (found.state, found.matches, found.claim is not None) == (ShiftState.RECONCILED, True, True)
    assert found.troubles(shop.clock()) == (Trouble.AFTER_RECONCILING,)
    assert [one.key for one in (await listing(shop, marked_only=True)).shifts] == [found.key]
    await shop.assert_reconciled()
    await operator(shop, worked, Action.ACCEPT, "its close says the same")
    assert (await listing(shop, marked_only=True)).shifts == []
    await shop.assert_reconciled()


async def test_what_comes_after_reconciling_is_seen_and_reopens_nothing(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    await operator(shop, worked, Action.ACCEPT, "lost")
    assert (await listing(shop, marked_only=True)).shifts == []
    # Not even the same moment hides it: an upload may have waited for whoever decided.
    await worked.till.upload(worked.raws[2])
    shift = await seen(shop, worked)
    assert (shift.state, shift.received.after, shift.matches) == (ShiftState.RECONCILED, 1, True)
    assert shift.troubles(shop.clock()) == (Trouble.AFTER_RECONCILING,)
    (listed,) = (await listing(shop, marked_only=True)).shifts
    assert listed.key == shift.key
    shop.clock.forward(1_000)
    again, _ = await operator(shop, worked, Action.ACCEPT, "its disk was found")
    assert (again.state, again.troubles(shop.clock())) == (ShiftState.RECONCILED, ())
    assert (await listing(shop, marked_only=True)).shifts == []
    await shop.assert_reconciled()


async def test_a_fork_of_a_reconciled_shift_is_seen_too(shop: Shop) -> None:
    worked = await matching(shop)
    await operator(shop, worked, Action.RECONCILE)
    shop.clock.forward(1_000)
    till = worked.till
    (code, *_) = await shop.codes(await shop.customer(), 1, 1_000)
    till.seq = 1
    await till.upload(till.pay(code, 100)[1])
    assert (await stored_state(shop, worked)) is ShiftState.RECONCILED
    assert (await seen(shop, worked)).troubles(shop.clock()) == (Trouble.AFTER_RECONCILING,)
    assert len((await listing(shop, marked_only=True)).shifts) == 1


async def test_a_decision_about_other_figures_than_those_that_were_seen_is_refused(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    looked_at = (await seen(shop, worked)).fingerprint
    await worked.till.upload(worked.raws[2])
    with pytest.raises(ShiftChangedError):
        await operator(shop, worked, Action.ACCEPT, "lost", looked_at)
    await operator(shop, worked, Action.RECONCILE, None, (await seen(shop, worked)).fingerprint)


async def test_of_many_decisions_at_once_one_is_made(shop: Shop) -> None:
    worked = await matching(shop)
    tries = [operator(shop, worked, action, "raced") for action in (Action.RECONCILE, Action.ACCEPT) for _ in range(3)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    assert sum(isinstance(one, ShiftStateError) for one in results) == 5
    async with shop.services.pool.acquire() as connection:
        assert len(await history(connection, (await seen(shop, worked)).key)) == 1


async def test_a_decision_and_the_records_that_it_is_about_never_cross(shop: Shop) -> None:
    for _ in range(3):
        worked = await with_a_gap(shop)
        looked_at = (await seen(shop, worked)).fingerprint
        decided, _ = await asyncio.gather(
            operator(shop, worked, Action.ACCEPT, "lost", looked_at),
            worked.till.upload(worked.raws[2]),
            return_exceptions=True,
        )
        shift = await seen(shop, worked)
        if isinstance(decided, BaseException):
            assert isinstance(decided, ShiftChangedError)
            assert shift.state is ShiftState.CLOSED
        else:
            assert shift.state is ShiftState.RECONCILED
        await shop.assert_reconciled()


async def test_history_can_be_added_to_and_not_changed(shop: Shop) -> None:
    worked = await matching(shop)
    await operator(shop, worked, Action.RECONCILE)
    for statement in ("UPDATE shift_decision SET reason = 'x'", "DELETE FROM shift_decision"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shop.services.pool.execute(statement)


async def test_asking_again_is_written_down_and_the_next_receipt_does_the_rest(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    till = worked.till
    async with shop.services.pool.acquire() as connection, connection.transaction():
        shift, missing = await resending.ask(connection, shop.services, till.device, till.shift, None, actor="admin 1")
    assert (shift.state, missing) == (ShiftState.CLOSED, ((3, 3),))
    receipt = await till.upload(worked.raws[0])
    assert receipt.missing == ((3, 3),), "which is how the protocol lets a till know"
    await till.upload(worked.raws[2])
    async with shop.services.pool.acquire() as connection, connection.transaction():
        with pytest.raises(NothingMissingError):
            await resending.ask(connection, shop.services, till.device, till.shift, None, actor="admin 1")


async def test_a_till_is_given_a_new_beginning(shop: Shop) -> None:
    worked = await with_a_gap(shop)
    till = worked.till
    anchor = await resending.re_anchor(
        shop.services, till.device, till.shift, None, reason="its disk is broken", actor="admin 1"
    )
    assert anchor.epoch == 2
    device = till.device
    till.key = type(till.key).from_seed(shop.services.random(32))
    await till.enrol(anchor.token)
    assert (till.device, till.epoch) == (device, 2)
    till.shift = bytes(15) + b"\1"
    await till.upload(till.open_shift(), till.close_shift(0, 0))
    assert (await seen(shop, till)).matches


async def on_day(shop: Shop) -> tuple[int, int]:
    async with shop.services.pool.acquire() as connection, connection.transaction():
        day, done = await reconcile_day(connection, shop.services, shop.vendor, DAY, actor="admin 1")
    return done, len(day.shifts)


async def test_a_day_is_reconciled_in_one_action_when_all_of_it_matches(shop: Shop) -> None:
    assert await on_day(shop) == (0, 0)
    for number in range(3):
        await matching(shop, f"till {number}")
    async with shop.services.pool.acquire() as connection:
        day = await read_day(connection, shop.vendor, DAY)
    assert (day.claimed, day.received, day.unfit(shop.clock())) == (900, 900, [])
    assert await on_day(shop) == (3, 3)
    assert await on_day(shop) == (0, 3)
    await shop.assert_reconciled()


async def test_a_day_with_one_exception_is_refused_and_names_it(shop: Shop) -> None:
    await matching(shop, "good till")
    worked = await with_a_gap(shop, "bad till")
    with pytest.raises(DayNotMatchingError, match=r"bad till .* \(MISSING\)") as refused:
        await on_day(shop)
    assert "good till" not in refused.value.message
    async with shop.services.pool.acquire() as connection:
        day = await read_day(connection, shop.vendor, DAY)
        assert {one.state for one in day.shifts} == {ShiftState.CLOSED}, "nothing was done"
    await operator(shop, worked, Action.ACCEPT, "lost")
    assert await on_day(shop) == (1, 2)


async def test_a_day_with_an_open_shift_is_refused(shop: Shop) -> None:
    till = await shop.terminal(name="open till")
    await till.upload(till.open_shift())
    with pytest.raises(DayNotMatchingError, match=r"open till .* \(open\)"):
        await on_day(shop)


async def test_two_reconcile_a_day_at_once_and_it_is_done_once(shop: Shop) -> None:
    for number in range(3):
        await matching(shop, f"till {number}")
    done = await asyncio.gather(*(on_day(shop) for _ in range(4)))
    assert sorted(done) == [(0, 3), (0, 3), (0, 3), (3, 3)]

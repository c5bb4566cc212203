"""Limits at the server, each to its cent, payment, metre and second, by the policy that its till had."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PolicyError
from shared.geo import EARTH_RADIUS_M, UNITS_PER_DEGREE, Place
from shared.lifecycles import Status
from shared.rules.decision import reach_ms
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.registry import vendors
from tests.syncserver.kit import HOUR, SECOND, TALLINN, Code, FakeTerminal, Shop

pytestmark = pytest.mark.anyio

DAY = 24 * HOUR


async def limits(shop: Shop, device: bytes | None = None, **changes: Any) -> None:
    await vendors.change_policy(shop.services, shop.vendor, changes, device=device, actor="admin")


async def reasons(till: FakeTerminal, code: Code, amount: int, **changes: Any) -> tuple[str, tuple[str, ...]]:
    result = await till.result(till.pay(code, amount, **changes)[1])
    return result.status.value, result.reasons


async def test_the_payment_limit_is_that_of_the_book_the_till_had(shop: Shop) -> None:
    wallet = await shop.customer()
    till = await shop.terminal()
    before = (await till.pull()).version
    codes = await shop.codes(wallet, count=6, cap=2_000)
    shop.clock.forward(1)
    await limits(shop, payment_limit=1_000)
    after = (await till.pull()).version
    changed = await shop.services.pool.fetchval("SELECT version FROM policy")
    assert before < changed <= after
    assert await reasons(till, codes[0], 1_001, book=changed - 1) == ("settled", ())
    assert await reasons(till, codes[1], 1_000, book=changed) == ("settled", ())
    assert await reasons(till, codes[2], 1_001, book=changed) == ("failed", ("PAYMENT_LIMIT",))
    assert await reasons(till, codes[2], 1_001, book=after) == ("failed", ("PAYMENT_LIMIT",))
    # A voucher goes by the policy at its issue, whatever is in force by now.
    assert await reasons(till, codes[3], 1_500, book=0) == ("settled", ())
    shop.clock.forward(1)
    newer = await shop.codes(wallet, count=1, cap=1_500)
    shop.clock.forward(1)
    await limits(shop, payment_limit=5_000)
    assert await reasons(till, newer[0], 1_001, book=0) == ("failed", ("PAYMENT_LIMIT",))
    assert await shop.vendor_balance() == 3_501
    await shop.assert_reconciled()


async def test_a_devices_own_limits_outrank_its_vendors(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=4, cap=2_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    await limits(shop, device=till.device, payment_limit=500)
    await limits(shop, payment_limit=1_500)
    for terminal in (till, other):
        await terminal.pull()
    assert (await till.pull()).policy.payment_limit == 500
    assert (await other.pull()).policy.payment_limit == 1_500
    assert await reasons(till, codes[0], 501) == ("failed", ("PAYMENT_LIMIT",))
    assert await reasons(other, codes[0], 1_501) == ("failed", ("PAYMENT_LIMIT",))
    assert await reasons(till, codes[0], 500) == ("settled", ())
    assert await reasons(other, codes[1], 1_500) == ("settled", ())
    await shop.assert_reconciled()


async def test_no_change_of_a_vendors_limits_makes_a_policy_that_nobody_can_read(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    await limits(shop, device=till.device, score_flag=80)
    with pytest.raises(PolicyError):
        await limits(shop, score_fail=60)
    await till.pull()
    assert await reasons(till, code, 500) == ("settled", ())
    await shop.assert_reconciled()


async def test_the_daily_limit_counts_a_customers_day_by_when(shop: Shop) -> None:
    wallet = await shop.customer(funds="1000.00", offline="1000.00")
    await limits(shop, daily_limit=3_000)
    codes = await shop.codes(wallet, count=10, cap=2_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    await till.pull()
    other.book = till.book
    start = shop.clock.now
    midnight = (start // DAY + 1) * DAY
    shop.clock.now = midnight + HOUR
    for terminal in (till, other):
        await terminal.log_in()
    assert await reasons(till, codes[0], 2_000, at=start) == ("settled", ())
    assert await reasons(other, codes[1], 1_001, at=midnight - 1) == ("flagged", ("DAILY_LIMIT",))
    # What is flagged counts too, what failed does not.
    assert await reasons(till, codes[2], 1, at=start) == ("flagged", ("DAILY_LIMIT",))
    assert await reasons(till, codes[3], 2_000, at=midnight) == ("settled", ())
    assert await reasons(till, codes[4], 2_001, at=midnight) == ("failed", ("DAILY_LIMIT", "OVER_CAP"))
    assert await reasons(other, codes[5], 1_000, at=midnight) == ("settled", ())
    assert await reasons(other, codes[6], 1, at=midnight) == ("flagged", ("DAILY_LIMIT",))
    # A void takes its amount off the day again, for later batches and for the same one.
    payment, raw = till.pay(codes[7], 1_000, at=midnight + DAY // 48)
    await till.upload(raw, till.void(payment))
    await shop.assert_reconciled()
    neighbour = await shop.customer()
    theirs = (await shop.codes(neighbour, count=1, cap=3_000))[0]
    assert await reasons(till, theirs, 3_000, at=shop.clock.now) == ("settled", ())
    await shop.assert_reconciled()


async def test_a_void_makes_room_in_the_day_also_within_its_batch(shop: Shop) -> None:
    wallet = await shop.customer()
    await limits(shop, daily_limit=1_000)
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till = await shop.terminal()
    await till.pull()
    first, raw = till.pay(codes[0], 1_000)
    receipt = await till.upload(raw, till.void(first), till.pay(codes[1], 1_000)[1], till.pay(codes[2], 1)[1])
    assert [result.reasons for result in receipt.results] == [(), (), (), ("DAILY_LIMIT",)]
    assert await shop.balances(wallet) == (5_000, 13_999, 0, 1)
    await shop.assert_reconciled()


async def test_more_payments_than_the_rate_allows_are_flagged(shop: Shop) -> None:
    wallet = await shop.customer()
    await limits(shop, rate_count=3, rate_seconds=60)
    codes = await shop.codes(wallet, count=8, cap=500)
    till = await shop.terminal()
    await till.pull()
    start = shop.clock.now
    shop.clock.forward(HOUR // 2)
    await till.log_in()
    for code, after in zip(codes, (0, 20, 60), strict=False):
        assert await reasons(till, code, 100, at=start + after * SECOND) == ("settled", ())
    assert await reasons(till, codes[3], 100, at=start + 60 * SECOND + 1) == ("settled", ())
    # One more between them: the fourth in the minute from 0 s to 60 s.
    assert await reasons(till, codes[4], 100, at=start + 10 * SECOND) == ("flagged", ("RATE_LIMIT",))
    # In one batch the later ones know of the earlier ones.
    receipt = await till.upload(*(till.pay(code, 100, at=start + 600 * SECOND)[1] for code in codes[5:8]))
    assert [result.reasons for result in receipt.results] == [()] * 3
    assert await shop.balances(wallet) == (5_000, 15_000 - 800, 0, 100)
    await shop.assert_reconciled()


async def test_payments_far_apart_in_one_batch_are_each_held_against_their_own_minute(shop: Shop) -> None:
    wallet = await shop.customer()
    await limits(shop, rate_count=2, rate_seconds=60)
    one, two = await shop.codes(wallet, count=10, cap=100), await shop.codes(wallet, count=7, cap=100)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    await till.pull()
    other.book = till.book
    start = shop.clock.now
    shop.clock.forward(10 * HOUR)
    for terminal in (till, other):
        await terminal.log_in()
    await till.upload(*(till.pay(code, 1, at=start + second * SECOND)[1] for second, code in enumerate(two[:2])))
    await till.upload(*(till.pay(code, 1, at=start + (1 + hour) * HOUR // 2)[1] for hour, code in enumerate(one)))
    await till.upload(
        *(till.pay(code, 1, at=start + 6 * HOUR + second * SECOND)[1] for second, code in enumerate(two[2:4]))
    )
    # The first and the second of these are the third in their minutes, however many lie between them.
    times = (start + 2 * SECOND, start + 6 * HOUR + 2 * SECOND, start + 9 * HOUR)
    receipt = await other.upload(*(other.pay(code, 1, at=at)[1] for code, at in zip(two[4:], times, strict=True)))
    assert [result.reasons for result in receipt.results] == [("RATE_LIMIT",), ("RATE_LIMIT",), ()]
    await shop.assert_reconciled()


async def test_who_pays_all_day_is_held_to_every_minute_and_to_the_day(shop: Shop) -> None:
    wallet = await shop.customer(funds="1000.00", offline="1000.00")
    await limits(shop, rate_count=2, rate_seconds=60, daily_limit=4_100)
    midnight = (shop.clock.now // DAY + 1) * DAY
    codes = [code for _ in range(4) for code in await shop.codes(wallet, count=10, cap=100)]
    more = await shop.codes(wallet, count=3, cap=100)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    await till.pull()
    other.book = till.book
    shop.clock.now = midnight + 12 * HOUR
    for terminal in (till, other):
        await terminal.log_in()
    times = [midnight, midnight + 20 * SECOND, *(midnight + number * HOUR // 4 for number in range(2, 40))]
    receipt = await till.upload(*(till.pay(code, 100, at=at)[1] for code, at in zip(codes, times, strict=True)))
    assert {result.reasons for result in receipt.results} == {()}
    assert await last_paid_at(shop, wallet) == times[-1]
    # Far behind the newest that are looked at first.
    assert await reasons(other, more[0], 100, at=midnight + 30 * SECOND) == ("flagged", ("RATE_LIMIT",))
    assert await reasons(other, more[1], 1, at=midnight + 11 * HOUR) == ("flagged", ("DAILY_LIMIT",))
    shop.clock.now = midnight + DAY
    for terminal in (till, other):
        await terminal.log_in()
    assert await reasons(other, more[2], 100) == ("settled", ())
    await shop.assert_reconciled()


async def last_paid_at(shop: Shop, wallet: str) -> int:
    return int(await shop.services.pool.fetchval("SELECT last_paid_at FROM wallet WHERE wallet = $1", wallet))


async def test_when_a_customer_last_paid_is_of_what_counts_alone_and_never_goes_back(shop: Shop) -> None:
    wallet = await shop.customer()
    first, second, third = await shop.codes(wallet, count=3, cap=100)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    start = shop.clock.now
    shop.clock.forward(HOUR)
    for terminal in (till, other):
        await terminal.log_in()
    assert await last_paid_at(shop, wallet) == 0
    assert await reasons(till, first, 100, at=start + HOUR // 2) == ("settled", ())
    assert await reasons(other, second, 100, at=start + HOUR // 4) == ("settled", ())
    assert await reasons(till, third, 101, at=start + HOUR) == ("failed", ("OVER_CAP",))
    assert await last_paid_at(shop, wallet) == start + HOUR // 2
    await shop.assert_reconciled()


async def test_limits_that_fit_together_alone_keep_nobody_from_paying(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=100)
    till = await shop.terminal()
    await limits(shop, score_flag=10)
    await limits(shop, score_fail=30)
    assert await reasons(till, code, 100) == ("settled", ())


CHANGES = st.lists(
    st.builds(
        PolicyChange,
        st.integers(1, 9),
        st.integers(0, 9),
        st.booleans(),
        st.dictionaries(st.sampled_from(("speed_kmh", "rate_seconds")), st.integers(0, 10_000)),
    ),
    max_size=5,
)


@given(CHANGES, st.integers(0, 10))
def test_no_policy_reaches_further_than_the_furthest(changes: list[PolicyChange], moment: int) -> None:
    history = PolicyHistory(changes)
    furthest = history.furthest_reach_ms()
    for policy in (history.at_version(moment), history.at_time(moment), history.latest()):
        reach = reach_ms(policy)
        assert furthest is None or (reach is not None and reach <= furthest)


async def test_distance_is_from_the_home_to_the_place_of_the_enrolment(shop: Shop) -> None:
    metre = UNITS_PER_DEGREE * 180 / (3.141592653589793 * EARTH_RADIUS_M)
    within, beyond = (Place(TALLINN.lat + round(metre * metres), TALLINN.lon) for metres in (19_999.9, 20_000.1))
    till = await shop.terminal()
    await till.pull()
    for home, expected in ((within, ("settled", ())), (beyond, ("flagged", ("DISTANCE",)))):
        wallet = await shop.customer(home=home)
        code, *_ = await shop.codes(wallet, count=1, cap=1_000)
        # Where the record says that it was taken makes no difference.
        assert await reasons(till, code, 500, lat=home.lat, lon=home.lon) == expected
    await limits(shop, radius_m=20_001)
    await till.pull()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    assert await reasons(till, code, 500) == ("settled", ())
    await shop.assert_reconciled()


async def test_two_payments_too_far_apart_for_the_time_between_are_flagged(shop: Shop) -> None:
    # 90 km to the south: 6 minutes at 900 km/h.
    south = Place(
        TALLINN.lat - round(UNITS_PER_DEGREE * 90_000 * 180 / (3.141592653589793 * EARTH_RADIUS_M)), TALLINN.lon
    )
    await limits(shop, radius_m=200_000)
    start = shop.clock.now
    shop.clock.forward(HOUR // 2)
    minute = 60 * SECOND
    unsure = {"boot": b"\x07" * 16, "tick": 0}  # given the benefit of the tolerance, 5 minutes
    cases: tuple[tuple[int, dict[str, Any], tuple[str, ...]], ...] = (
        (6 * minute + 100, {}, ()),
        (6 * minute - 100, {}, ("SPEED",)),
        (-6 * minute + 100, {}, ("SPEED",)),
        (-6 * minute - 100, {}, ()),
        (minute + 100, unsure, ()),
        (minute - 100, unsure, ("SPEED",)),
    )
    for after, changes, expected in cases:
        wallet = await shop.customer()
        one, two = await shop.codes(wallet, count=2, cap=1_000)
        await shop.services.pool.execute("UPDATE series SET issued_at = $1", start - HOUR)
        here, there = await shop.terminal(), await shop.terminal(place=south, name="till 2")
        there.book = here.book = (await here.pull()).version
        assert await reasons(here, one, 500, at=start + 10 * minute) == ("settled", ())
        result = await there.result(there.pay(two, 500, at=start + 10 * minute + after, **changes)[1])
        assert result.reasons == expected, after
        assert (await shop.balances(wallet))[3] == (500 if expected else 0)
    await shop.assert_reconciled()


async def test_limits_beyond_all_measure_do_no_harm(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    for field in ("clock_tolerance_s", "upload_hours", "book_hours", "rate_count", "rate_seconds", "radius_m"):
        changes: dict[str, Any] = {field: 2**53 - 1}
        try:
            await limits(shop, **changes)
        except PolicyError:
            continue
    await till.pull()
    raw = till.pay(code, 500, boot=b"\x07" * 16, tick=0)[1]
    assert (await till.result(raw)).status is Status.SETTLED
    await shop.codes(wallet, count=1, cap=1_000)
    await till.pull()
    await shop.assert_reconciled()

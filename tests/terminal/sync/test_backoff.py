"""Pauses: a fleet that fails or starts in the same second does not come back in the same second."""

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.sync.backoff import Pace, even_wait, first_wait, pause_after

FLEET = 2_000
BUCKETS = 10

fractions = st.floats(0, 1, exclude_max=True)
failures = st.integers(1, 10_000)
paces = st.builds(
    lambda first, factor: Pace(first_pause=first, longest_pause=first * factor),
    st.floats(0.01, 60),
    st.floats(1, 1_000),
)
asked = st.integers(0, 3_600).map(float)


@given(pace=paces, failed=failures, fraction=fractions)
def test_a_pause_lies_within_a_window_that_doubles_up_to_the_longest(pace: Pace, failed: int, fraction: float) -> None:
    pause = pause_after(pace, failed, fraction)
    assert 0 <= pause <= pace.longest_pause
    assert pause <= pace.first_pause * 2.0 ** min(failed - 1, 60)
    assert pause <= pause_after(pace, failed + 1, fraction)


@given(pace=paces, failed=failures, fraction=fractions, retry_after=asked)
def test_nobody_comes_before_the_server_asked_for_nor_much_later(
    pace: Pace, failed: int, fraction: float, retry_after: float
) -> None:
    pause = pause_after(pace, failed, fraction, retry_after)
    assert retry_after <= pause <= retry_after + max(min(pace.longest_pause, 30), retry_after / 2)


@settings(max_examples=50)
@given(dice=st.integers(0, 2**64).map(random.Random), failed=failures, retry_after=st.none() | asked)
def test_two_thousand_terminals_told_the_same_at_once_come_back_evenly_over_the_window(
    dice: random.Random, failed: int, retry_after: float | None
) -> None:
    pace = Pace()
    earliest = retry_after or 0.0
    window = pause_after(pace, failed, 1.0, retry_after) - earliest
    pauses = [pause_after(pace, failed, dice.random(), retry_after) for _ in range(FLEET)]
    assert min(pauses) >= earliest
    assert max(pauses) <= earliest + window
    assert window >= max(pace.first_pause, earliest / 2)
    by_tenth = [0] * BUCKETS
    for pause in pauses:
        by_tenth[min(BUCKETS - 1, int((pause - earliest) / window * BUCKETS))] += 1
    # 200 are expected in each, give or take 13.4: ten of those are more than chance has to offer.
    assert all(abs(count - FLEET / BUCKETS) < 134 for count in by_tenth)


@given(fraction=fractions)
def test_the_first_sync_is_put_off_by_a_few_seconds_at_most(fraction: float) -> None:
    assert 0 <= first_wait(Pace(), fraction) <= 5
    assert 15 <= even_wait(Pace(), fraction) <= 45


@given(drawn=st.lists(fractions, min_size=2, max_size=50, unique=True))
def test_who_draws_otherwise_comes_otherwise(drawn: list[float]) -> None:
    pauses = [pause_after(Pace(), 3, fraction, 7.0) for fraction in sorted(drawn)]
    assert all(one <= other for one, other in pairwise(pauses))

"""The clocks."""

import time

from terminal.clock import ReplayClock, SystemClock
from tests.terminal.shop import FakeClock


def test_the_machine_s_clocks_are_in_milliseconds_and_its_boot_is_the_same_for_all() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time() * 1_000) < 5_000
    assert clock.tick() <= clock.tick()
    assert clock.boot == SystemClock().boot
    assert len(clock.boot) == 16


def test_a_replayed_moment_takes_off_the_ticks_that_passed_since() -> None:
    clock = FakeClock(wall=1_000_000, ticks=400_000)
    now = ReplayClock.at(700_000, clock)
    assert (now.now(), now.tick(), now.boot) == (700_000, 100_000, clock.boot)
    before_boot = ReplayClock.at(500_000, clock)
    assert before_boot.boot != clock.boot
    assert (before_boot.now(), before_boot.boot) == (500_000, ReplayClock.at(400_000, clock).boot)

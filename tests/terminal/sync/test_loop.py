"""The loop: an even pace, back-off with jitter, the server's own wish, and one sync at a time."""

from dataclasses import dataclass, field

import pytest

from shared.errors import TallystickError
from terminal.errors import NotEnrolledError
from terminal.sync import Pace, SyncLoop, SyncReport
from terminal.sync.errors import SyncRunningError
from terminal.sync.running import only_one_sync
from tests.terminal.sync.fake_server import FakeServer, be_busy, refuse_connection
from tests.terminal.sync.till import Till


@dataclass
class Waits:
    """A stop that never waits, and is set after some waits."""

    most: int
    waited: list[float] = field(default_factory=list)

    def is_set(self) -> bool:
        return len(self.waited) >= self.most

    def wait(self, timeout: float) -> bool:
        self.waited.append(timeout)
        return self.is_set()


def run(till: Till, waits: int) -> tuple[list[float], list[SyncReport | TallystickError]]:
    stop = Waits(waits)
    heard: list[SyncReport | TallystickError] = []
    SyncLoop(till.sync, stop=stop, tell=heard.append, pace=Pace(interval=30, first_pause=1, longest_pause=20)).run()
    return stop.waited, heard


def test_a_working_loop_keeps_an_even_pace(till: Till) -> None:
    waited, heard = run(till, 4)
    assert len(heard) == 3
    assert all(15 <= pause <= 45 for pause in waited[1:])
    assert len(set(waited)) == 4  # terminals that started together do not stay together


def test_an_outage_is_waited_for_longer_each_time(till: Till, server: FakeServer) -> None:
    payment = till.sell()[0]
    server.faults.extend([refuse_connection] * 14)  # each sync asks for a token twice: to push and to pull
    waited, heard = run(till, 9)
    for number, pause in enumerate(waited[1:8]):
        assert 0 <= pause < min(20, 2**number)
    assert isinstance(heard[-1], SyncReport)
    assert heard[-1].errors == ()
    assert till.state(payment) == "COMPLETED"
    assert waited[8] >= 15


def test_the_servers_own_wish_is_honoured(till: Till, server: FakeServer) -> None:
    till.sell()
    server.fault_on = "/batches"
    server.faults.append(be_busy)
    waited, _ = run(till, 2)
    assert 17 <= waited[1] < 17 + 17 / 2


def test_the_first_sync_of_a_fleet_that_starts_at_once_is_spread(till: Till) -> None:
    firsts = [run(till, 1) for _ in range(50)]
    assert all(heard == [] for _, heard in firsts)  # it was stopped while it waited
    assert all(0 <= waited[0] < Pace().first_spread for waited, _ in firsts)
    assert len({int(waited[0]) for waited, _ in firsts}) == Pace().first_spread


def test_a_stop_ends_the_loop_in_the_middle_of_an_outage(till: Till, server: FakeServer) -> None:
    server.faults.extend([refuse_connection] * 100)
    waited, heard = run(till, 2)
    assert (len(waited), len(heard)) == (2, 1)


def test_a_second_sync_at_the_same_time_does_nothing(till: Till, server: FakeServer) -> None:
    till.sell()
    asked = len(server.requests)
    with only_one_sync(till.home), pytest.raises(SyncRunningError):
        till.sync.sync_once()
    assert len(server.requests) == asked
    assert till.sync.sync_once().errors == ()


def test_a_terminal_that_is_nobody_has_nothing_to_sync(fresh: Till) -> None:
    with pytest.raises(NotEnrolledError):
        fresh.sync.sync_once()

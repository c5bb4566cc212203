"""What a real terminal says of itself as it pulls, and what a real server shows of it."""

import pytest

from syncserver.people.access import Role
from terminal.composition import Terminal
from tests.syncserver.rest.kit import data, person
from tests.tallystick.test_settled_at_once import Till, till  # noqa: F401 - a fixture
from tests.terminal.sync.fake_server import refuse_connection

pytestmark = pytest.mark.anyio


async def test_a_till_tells_its_version_its_clock_and_what_waits(till: Till) -> None:  # noqa: F811 - the fixture
    till.wire.faults += [refuse_connection, refuse_connection]
    await till.sell()

    def pull(terminal: Terminal) -> None:
        with terminal.synchroniser() as synchroniser:
            assert synchroniser.pull_once().errors == ()

    await till.do(pull)
    (shown,) = data(await person(till.shop, Role.ADMIN).get("/api/devices"))["devices"]
    assert (shown["app"], shown["waiting"], shown["clockSkewMs"]) == ("0.1.0", 2, 0)  # the shift, and the sale
    assert shown["oldestWaitingAt"] == till.clock.now()
    assert shown["reportedAt"] == till.shop.clock.now

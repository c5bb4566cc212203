"""`server shifts …`, beside a running server or without one."""

import json

import pytest

from tests.syncserver.processes import Site

pytestmark = pytest.mark.anyio
NOBODY = "0192f0c1-a000-7000-8000-00000000f001"


def test_shifts_are_listed_and_decided_by_commands(site: Site) -> None:
    assert site.ask("shifts", "list", "--day", "1999-01-01") == {"shifts": [], "more": False}
    unknown, day, odd, reason, close = site.commands(
        ["shifts", "reconcile", NOBODY, NOBODY],
        ["shifts", "reconcile-day", NOBODY, "2026-11-26"],
        ["shifts", "list", "--day", "yesterday"],
        ["shifts", "dispute", NOBODY, NOBODY],
        ["shifts", "close", NOBODY, NOBODY, "--reason", "the till was stolen"],
    )
    assert (unknown[0], "UNKNOWN_SHIFT" in unknown[2]) == (1, True)
    assert (day[0], "UNKNOWN_VENDOR" in day[2]) == (1, True)
    assert odd[0] != 0
    assert (close[0], "UNKNOWN_SHIFT" in close[2]) == (1, True)
    assert reason[0] == 2, "a dispute needs its reason"
    shop = site.ask("vendor", "add", "--name", "Corner", "--lat", "59", "--lon", "24", "--currency", "EUR")["vendorId"]
    done = site.ask("shifts", "reconcile-day", shop, "2026-11-26")
    assert json.dumps(done) == json.dumps({"vendorId": shop, "day": "2026-11-26", "reconciled": 0})

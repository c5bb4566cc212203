"""`server audit …`: what commands did stands in it, and it verifies."""

import getpass

from tests.syncserver.processes import Site


def test_what_commands_do_is_listed_and_verifies(site: Site) -> None:
    vendor = site.ask("vendor", "add", "--name", "Audited", "--lat", "59.437", "--lon", "24.7536", "--currency", "EUR")[
        "vendorId"
    ]
    site.ask("vendor", "block", vendor)
    site.ask("vendor", "policy", vendor, "payment_limit=15000")
    site.ask("device", "token", "--vendor", vendor)
    done = site.ask("audit", "list", "--object", f"vendor {vendor}")["entries"]
    assert [one["action"] for one in done] == ["device.invite", "policy.change", "vendor.block", "vendor.create"]
    assert {one["actor"] for one in done} == {f"cli {getpass.getuser()}"}
    assert all(one["origin"].startswith("command on ") for one in done)
    assert done[1]["before"] == {"payment_limit": 5000} or done[1]["before"]["payment_limit"] != 15000
    assert done[1]["after"]["payment_limit"] == 15000
    assert site.ask("audit", "list", "--action", "vendor.block", "--until", "2000-01-01")["entries"] == []
    found = site.ask("audit", "verify")
    assert (found["ok"], found["breaks"]) == (True, [])
    (missing, wrong, day) = site.commands(
        ["audit", "verify", "--head", "00" * 32],
        ["audit", "verify", "--head", "xyz"],
        ["audit", "list", "--since", "yesterday"],
    )
    assert (missing[0], "HEAD MISSING" in missing[1]) == (1, True)
    assert (wrong[0], day[0]) == (1, 1)

"""`server payment list` and `server search`."""

from tests.syncserver.processes import Site


def test_lists_and_the_box_answer_at_the_command_line(site: Site) -> None:
    vendor = site.ask("vendor", "add", "--name", "Boxed", "--lat", "59.4", "--lon", "24.7", "--currency", "EUR")
    (hit,) = site.ask("search", "boxe")["hits"]
    assert (hit["kind"], hit["id"]) == ("vendor", vendor["vendorId"])
    listed = site.ask("payment", "list", "--vendor", vendor["vendorId"], "--state", "FLAGGED", "--since", "2026-11-01")
    assert listed == {"payments": [], "count": 0, "more": False}
    ((wrong, _, told),) = site.commands(["payment", "list", "--since", "soon"])
    assert wrong == 1
    assert "no day and no time" in told

"""Refused records on the console."""

import pytest

from tests.syncserver.console.kit import Browser
from tests.syncserver.console.test_home import counts
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio
RECORDS = "/console/records"


async def test_what_was_refused_is_counted_and_shown_page_by_page(shop: Shop, admin: Browser) -> None:
    assert "Nothing was refused" in (await admin.get(RECORDS)).text
    terminal = await shop.terminal(name="<b>till</b>")
    await terminal.upload(*(b"no record " + bytes([number]) for number in range(60)))
    assert counts((await admin.get("/console/")).html)[RECORDS] == "60"
    shown = await admin.get(RECORDS)
    assert "BAD_RECORD" in shown.text
    assert "<b>" not in shown.html
    (following,) = [link for link in shown.links if "cursor=" in link]
    rest = await admin.get(following)
    assert (shown.html.count("<tr data-row"), rest.html.count("<tr data-row")) == (50, 10)
    assert (await admin.get(RECORDS, cursor="x")).status == 422

"""Files for spreadsheets: whatever names terminals and customers chose, no cell runs."""

import csv
import io
import re

import pytest

from shared.ids import uuid_text
from tests.syncserver.console.kit import Browser, Shown
from tests.syncserver.kit import Shop
from tests.syncserver.payouts.kit import open_office
from tests.syncserver.shifts.kit import work

pytestmark = pytest.mark.anyio
FORMULA = '=HYPERLINK("http://evil.example","+1")'
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def cells(shown: Shown) -> list[str]:
    assert shown.answer.headers["content-type"].startswith("text/csv"), shown.text
    rows = list(csv.reader(io.StringIO(shown.answer.text)))
    assert len(rows) > 1, "there is something in it"
    return [cell for row in rows for cell in row]


async def test_no_cell_of_any_file_is_a_formula(shop: Shop, admin: Browser) -> None:
    await shop.services.pool.execute("UPDATE vendor SET name = $1", FORMULA)
    found = await work(shop, await shop.codes(await shop.customer(), 2, 2_000), (500, 700), name=FORMULA)
    await found.till.upload(*found.raws)
    async with open_office(shop) as office:
        await office.account(shop.vendor, holder=FORMULA[:40])
        await office.sent()
    device = uuid_text(found.till.device)
    reason = {"reason": "@SUM(1+1)*cmd"}
    await admin.do(f"/console/devices/{device}", f"/console/devices/{device}/quarantine", **reason)
    for path in (
        "/console/shifts?format=csv",
        "/console/payments?format=csv",
        "/console/payouts/all?format=csv",
        "/console/audit?format=csv",
    ):
        dangerous = [cell for cell in cells(await admin.get(path)) if cell[:1] in "=+-@" and cell[:1]]
        assert [cell for cell in dangerous if not _NUMBER.fullmatch(cell)] == [], path

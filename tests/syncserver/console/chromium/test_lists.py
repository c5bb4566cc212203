"""Lists in a real browser: what nobody waits for comes once the page is there."""

import pytest

from tests.syncserver.console.chromium.kit import Office
from tests.syncserver.kit import Shop
from tests.syncserver.rest.paying import flagged, rich

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


async def test_counts_and_sums_come_by_themselves(shop: Shop, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("payments", "flagged"):
        monkeypatch.setattr(f"syncserver.console.pages.{module}.ROWS", 2)
    payer, _ = await rich(shop)
    for _ in range(3):
        await flagged(shop, "5.00", payer)
    seat = await office.seat("ada")
    await seat.go("/console/payments?state=FLAGGED")
    await seat.page.get_by_text("3 payments", exact=True).wait_for()
    assert "Count them" not in await seat.text()
    await seat.go("/console/flagged")
    await seat.page.get_by_text("Decide all 3 together").wait_for()
    assert "15.00 EUR" in await seat.text()
    assert seat.said == []

"""Whole tasks of an admin, in a real browser."""

from pathlib import Path

import pytest

from tallystick.verification.check import check
from tallystick.verification.trust import Origin, Trust
from tests.syncserver.console.chromium.kit import Office
from tests.syncserver.console.test_shifts import worked
from tests.syncserver.kit import Shop

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]


async def test_a_day_with_one_exception_is_reconciled(shop: Shop, office: Office) -> None:
    await worked(shop, name="good till")
    await worked(shop, close=(2, 1_500), name="odd till")
    seat = await office.seat("ada")
    page = seat.page
    await page.locator("a.tile", has_text="shift with exceptions").click()
    await seat.keep_picture("task-exceptions")
    await page.get_by_role("link", name="odd till").click()
    await seat.keep_picture("task-odd-shift")
    await page.get_by_role("link", name="the shop's day").click()
    assert "1 of 2 stands in the way" in await seat.text()
    await page.get_by_role("link", name="odd till").click()
    await page.get_by_label("Reason").first.fill("the drawer was counted twice")
    await page.get_by_role("button", name="Accept as it is").click()
    assert "The shift is reconciled" in await seat.text()
    assert "the drawer was counted twice" in await seat.text()
    await page.get_by_role("link", name="the shop's day").click()
    await page.get_by_role("button", name="Reconcile 1 shift: it matches").click()
    assert "All of this day is reconciled" in await seat.text()
    await seat.keep_picture("task-day-reconciled")
    states = await shop.services.pool.fetch("SELECT state FROM shift")
    assert {row["state"] for row in states} == {"reconciled"}
    assert seat.said == []
    await shop.assert_reconciled()


async def test_evidence_of_a_shift_is_downloaded_and_verified_offline(
    shop: Shop, office: Office, tmp_path: Path
) -> None:
    found = await worked(shop)
    seat = await office.seat("ada")
    await seat.go("/console/shifts")
    await seat.page.get_by_role("link", name="till 1").click()
    async with seat.page.expect_download() as expected:
        await seat.page.get_by_role("link", name="Signed evidence").click()
    file = tmp_path / "evidence"
    await (await expected.value).save_as(file)
    report = check(file.read_bytes(), Trust(shop.services.keys.by_kid(), origin=Origin.GIVEN))
    assert (report.problems, report.kind) == ((), "evidence")
    broken = bytearray(file.read_bytes())
    broken[len(broken) // 2] ^= 1
    assert not check(bytes(broken), Trust(shop.services.keys.by_kid(), origin=Origin.GIVEN)).ok
    assert found.till.device.hex() in file.read_bytes().hex()

"""Flagged payments in real browsers: by the keyboard, from two of them at once, and many that go on by themselves."""

import pytest

from tests.syncserver.console.chromium.kit import Office
from tests.syncserver.kit import Shop
from tests.syncserver.rest.paying import flagged, rich
from tests.syncserver.rest.test_queue import spent_twice

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


async def test_a_double_spend_is_decided_by_keys_while_another_admin_looks_at_it(shop: Shop, office: Office) -> None:
    await spent_twice(shop)
    ada, bob = await office.seat("ada"), await office.seat("bob")
    for seat in (ada, bob):
        await seat.go("/console/flagged")
        await seat.page.keyboard.press("j")
    await bob.page.keyboard.press("r")
    await bob.page.wait_for_url("**#reject")
    assert "The same code, shown 2 times" in await bob.text()
    await bob.page.locator("#reject").fill("a thief")
    await ada.page.keyboard.press("a")
    await ada.page.wait_for_url("**#approve")
    await ada.page.locator("#approve").focus()
    await ada.page.keyboard.press("Enter")
    await ada.page.get_by_text("7.00 EUR was approved").wait_for()
    await bob.page.locator("#reject").press("Enter")
    await bob.page.get_by_text("It was approved by admin").wait_for()
    assert await shop.vendor_balance() == 1_300
    assert [*ada.said, *bob.said] == []
    await shop.assert_reconciled()


async def test_a_bulk_decision_goes_on_by_itself(shop: Shop, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncserver.people.bulk.go_on.__defaults__", (1,))
    payer, _ = await rich(shop)
    for _ in range(3):
        await flagged(shop, "5.00", payer)
    seat = await office.seat("ada")
    await seat.go("/console/flagged")
    await seat.page.get_by_role("link", name="Decide all 3 together").click()
    await seat.page.get_by_label("What is said of all of them").select_option("approve")
    await seat.page.get_by_label("How many are there?").fill("3")
    await seat.page.get_by_role("button", name="Decide them all").click()
    await seat.page.get_by_text("3 of 3").wait_for()
    assert await shop.vendor_balance() == 1_500
    assert seat.said == []

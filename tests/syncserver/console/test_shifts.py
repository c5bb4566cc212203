"""Shifts on the console: exceptions first, one page a shift, a day in one action."""

import os

import pytest

from shared.fields import MAX_INTEGER
from shared.ids import uuid_text
from shared.journal import ShiftClose
from shared.lifecycles import ShiftState
from syncserver.registry import devices
from tests.syncserver.console.kit import Browser
from tests.syncserver.kit import Shop
from tests.syncserver.shifts.kit import Worked, stored_state, work

pytestmark = pytest.mark.anyio
SHIFTS = "/console/shifts"


async def worked(
    shop: Shop, *, gap: bool = False, close: tuple[int, int] | None = None, name: str = "till 1"
) -> Worked:
    found = await work(shop, await shop.codes(await shop.customer(), 2, 2_000), (500, 700), close=close, name=name)
    await found.till.upload(*(raw for raw in found.raws if not gap or raw != found.raws[2]))
    return found


def page_of(found: Worked) -> str:
    return f"{SHIFTS}/{uuid_text(found.till.device)}/{uuid_text(found.shift)}"


async def test_exceptions_stand_first_and_what_matches_is_folded(shop: Shop, admin: Browser) -> None:
    assert "No shift like that needs anybody" in (await admin.get(SHIFTS)).text
    await worked(shop, name="good till")
    odd = await worked(shop, close=(2, 1_500), name="odd till")
    shown = await admin.get(SHIFTS)
    assert "both halves differ" in shown.text
    assert shown.html.index("odd till") < shown.html.index("<details>") < shown.html.index("good till")
    assert f"{page_of(odd)}?epoch=1" in shown.links
    only = await admin.get(SHIFTS, only="exceptions")
    assert ("odd till" in only.text, "good till" in only.text) == (True, False)
    for query in ({"state": "lost"}, {"day": "x"}, {"vendor": "x"}, {"cursor": "x"}):
        assert (await admin.get(SHIFTS, **query)).status == 422
    sheet = await admin.get(SHIFTS, format="csv")
    assert sheet.answer.headers["content-type"].startswith("text/csv")
    assert "odd till" in sheet.html


async def test_a_lost_tills_shift_is_closed_on_its_page_with_a_reason(shop: Shop, admin: Browser) -> None:
    found = await work(shop, await shop.codes(await shop.customer(), 2, 2_000), (500, 700))
    await found.till.upload(*found.raws[:3])
    assert "Where the till is lost, revoke it" in (await admin.get(page_of(found))).text
    await devices.revoke(shop.services, found.till.device)
    shown = await admin.get(page_of(found))
    assert "Close it with what is here: 2, 12.00 EUR" in shown.text
    blank = await admin.send(shown, f"{page_of(found)}/decide", reason=" ", verdict="close")
    assert (blank.status, "needs a reason" in blank.text) == (422, True)
    done = await admin.do(page_of(found), f"{page_of(found)}/decide", reason="it was stolen", verdict="close")
    for said in ("The shift is reconciled", "it was stolen", "open → reconciled", "in order", "That is for good"):
        assert said in done.text, said
    assert await stored_state(shop, found) is ShiftState.RECONCILED


async def test_one_shift_shows_both_halves_and_is_accepted_with_a_reason(shop: Shop, admin: Browser) -> None:
    found = await worked(shop, gap=True)
    shown = await admin.get(page_of(found))
    for said in ("12.00 EUR", "5.00 EUR", "7.00 EUR", "records are missing", "Missing: 3", "shift_close"):
        assert said in shown.text, said
    assert found.raws[1].hex() in shown.html
    blank = await admin.send(shown, f"{page_of(found)}/decide", reason=" ", verdict="accept")
    assert (blank.status, "needs a reason" in blank.text) == (422, True)
    asked = await admin.do(page_of(found), f"{page_of(found)}/resend")
    assert "learns what is missing with its next receipt" in asked.text
    done = await admin.do(page_of(found), f"{page_of(found)}/decide", reason="the till burnt", verdict="accept")
    assert "The shift is reconciled" in done.text
    assert "the till burnt" in done.text
    assert await stored_state(shop, found) is ShiftState.RECONCILED
    await shop.assert_reconciled()


async def test_of_two_admins_who_look_at_once_the_second_is_told(
    shop: Shop, admin: Browser, second_admin: Browser
) -> None:
    found = await worked(shop)
    one, two = await admin.get(page_of(found)), await second_admin.get(page_of(found))
    action = f"{page_of(found)}/decide"
    assert "The shift is reconciled" in (await admin.send(one, action, verdict="reconcile")).text
    late = await second_admin.send(two, action, verdict="dispute", reason="no")
    assert (late.status, "look again" in late.text) == (409, True)
    again = await admin.send(one, action, verdict="reconcile")
    assert again.status == 200, "the same form sent twice is done once"
    assert await stored_state(shop, found) is ShiftState.RECONCILED


async def test_a_day_is_reconciled_when_all_of_it_matches_and_not_before(shop: Shop, admin: Browser) -> None:
    day = f"{SHIFTS}/day/{uuid_text(shop.vendor)}"
    await worked(shop, name="good till")
    bad = await worked(shop, gap=True, name="bad till")
    query = {"day": "2026-11-21"}
    shown = await admin.get(day, **query)
    assert "1 of 2 stand in the way" in shown.text
    refused = await admin.post(f"{day}/reconcile?day=2026-11-21", {"once": "k"})
    assert (refused.status, "bad till" in refused.text) == (409, True)
    await admin.do(page_of(bad), f"{page_of(bad)}/decide", reason="lost", verdict="accept")
    ready = await admin.get(day, **query)
    assert "Reconcile all 1" in ready.text
    action = f"{day}/reconcile"
    done = await admin.post(f"{action}?day=2026-11-21", ready.form(action))
    assert "1 shifts were reconciled" in done.text
    assert "All of this day is reconciled" in done.text
    assert "No shift ended on this day" in (await admin.get(day, day="2026-11-20")).text
    assert (await admin.get(f"{SHIFTS}/day/{uuid_text(os.urandom(16))}")).status == 404


async def test_whatever_a_till_signs_is_shown_as_text(shop: Shop, admin: Browser) -> None:
    till = await shop.terminal(name="<script>alert(1)</script>")
    opening = till.open_shift()
    common = till.common() | {"at": MAX_INTEGER, "cashier": "<img src=x>"}
    await till.upload(opening, till.add(ShiftClose(**common, count=MAX_INTEGER, total=MAX_INTEGER, currency="XQZ")))
    found = Worked(till, [], [])
    for page in (await admin.get(SHIFTS), await admin.get(page_of(found))):
        assert page.status == 200
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.html
        assert "<img src=x>" not in page.html
        assert f"{MAX_INTEGER} minor units of XQZ" in page.text


async def test_a_new_epoch_has_its_token_on_one_page_alone(shop: Shop, admin: Browser) -> None:
    found = await worked(shop, gap=True)
    made = await admin.do(page_of(found), f"{page_of(found)}/re-anchor", reason="its disk is gone")
    assert made.status == 200
    assert shop.services.keys.active.kid.hex() in made.html
    assert shop.services.keys.active.kid.hex() not in (await admin.get(page_of(found))).html
    assert "re anchor" in (await admin.get(page_of(found))).text


async def test_what_is_lost_is_written_off_and_taken_back_when_it_comes(shop: Shop, admin: Browser) -> None:
    found = await worked(shop, gap=True)
    action = f"{page_of(found)}/decide"
    shown = await admin.get(page_of(found))
    assert "Write off: the house pays the shop 7.00 EUR" in shown.text
    done = await admin.send(shown, action, reason="the till burnt", verdict="write_off")
    assert "The shift is reconciled" in done.text
    assert await shop.vendor_balance() == 1_200
    await found.till.log_in()
    await found.till.upload(found.raws[2])
    late = await admin.get(page_of(found))
    assert "something of it came after it was reconciled" in late.text
    assert "Take back 7.00 EUR" in late.text
    await admin.send(late, action, reason="its disk was found", verdict="take_back")
    assert await shop.vendor_balance() == 1_200
    assert "Take back" not in (await admin.get(page_of(found))).text
    await shop.assert_reconciled()


async def test_a_days_report_and_a_shifts_evidence_are_files(shop: Shop, admin: Browser) -> None:
    found = await worked(shop)
    report = await admin.get(f"{SHIFTS}/day/{uuid_text(shop.vendor)}/report", day="2026-11-21")
    assert report.answer.headers["content-type"] == "application/pdf"
    evidence = await admin.get(f"{page_of(found)}/evidence")
    assert evidence.answer.headers["content-type"] == "application/cbor"

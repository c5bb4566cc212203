"""Paying vendors in the browser: accounts that two confirm, runs, the bank's file, and what became of each payout."""

from collections.abc import AsyncIterator

import pytest

from shared.ids import uuid_text
from syncserver.registry import vendors
from tests.syncserver.console.kit import Browser
from tests.syncserver.kit import Shop
from tests.syncserver.payouts.kit import IBAN, OTHER_IBAN, Office, back, open_office, out
from tests.syncserver.rest.kit import data

pytestmark = pytest.mark.anyio
PAYOUTS = "/console/payouts"


@pytest.fixture
async def office(shop: Shop) -> AsyncIterator[Office]:
    async with open_office(shop) as opened:
        yield opened


async def proposed(admin: Browser) -> str:
    """The address of a run that an admin has proposed."""
    shown = await admin.do(PAYOUTS, PAYOUTS, currency="eur")
    assert shown.status == 200, shown.text
    assert "waits to be approved" in shown.text
    return shown.answer.url.path


async def test_a_run_is_proposed_approved_sent_and_paid(office: Office, admin: Browser) -> None:
    assert "Nothing was paid out yet" in (await admin.get(PAYOUTS)).text
    await office.sell(1_250)
    run = await proposed(admin)
    shown = await admin.do(run, f"{run}/approve")
    assert "Approved." in shown.text
    shown = await admin.send(shown, f"{run}/send", schema="pain.001.001.09")
    assert "The file is made" in shown.text
    file = await admin.http.get(f"{run}/file")
    assert (file.headers["content-type"], file.content.count(b"<EndToEndId>")) == ("application/xml", 1)
    assert (await admin.http.get(f"{run}/file")).content == file.content
    (payout,) = data(await office.ada.get("/api/payouts"))["payouts"]
    await office.told(out(payout), back(payout))
    one = await admin.get(f"{PAYOUTS}/{payout['payoutId']}")
    for said in ("12.50 EUR to Corner Shop", "returned", "AC04 closed", "went out", "came back", IBAN):
        assert said in one.text
    assert "Say what became of it" not in one.text
    assert "done" in (await admin.get(PAYOUTS)).text
    assert payout["endToEndId"][-8:] in (await admin.get(f"{PAYOUTS}/all", state="returned")).text
    assert "There are none" in (await admin.get(f"{PAYOUTS}/all", state="paid")).text
    assert (await admin.get(f"{PAYOUTS}/all", state="gone")).status == 409


async def test_what_is_wrong_is_said_on_the_page_it_was_typed_at(office: Office, admin: Browser) -> None:
    shown = await admin.do(PAYOUTS, PAYOUTS, currency="EUR")
    assert (shown.status, "There is nothing to pay out" in shown.text) == (409, True)
    shown = await admin.do(PAYOUTS, PAYOUTS, currency="JPY", vendor="<b>x</b>")
    assert (shown.status, "<b>x</b>" in shown.html) == (422, False)
    account = f"{PAYOUTS}/accounts/{uuid_text(office.shop.vendor)}"
    shown = await admin.do(account, account, account="DE00", holder='"><script>alert(1)</script>')
    assert (shown.status, "is no IBAN that euro can be sent to" in shown.text) == (422, True)
    assert "<script>alert" not in shown.html
    assert shown.form(account)["account"] == "DE00"
    assert (await admin.get(f"{PAYOUTS}/runs/{uuid_text(bytes(16))}")).status == 404
    assert (await admin.get(f"{PAYOUTS}/{uuid_text(bytes(16))}")).status == 404


async def test_above_the_amount_another_admin_approves(office: Office, admin: Browser, second_admin: Browser) -> None:
    await office.sell(150_000)
    run = await proposed(admin)
    shown = await admin.do(run, f"{run}/approve")
    assert (shown.status, "only when another admin approves it" in shown.text) == (403, True)
    assert "Approved." in (await second_admin.do(run, f"{run}/approve")).text
    assert (await second_admin.do(run, f"{run}/send", schema="pain.001.001.03")).status == 200
    (payout,) = data(await office.ada.get("/api/payouts"))["payouts"]
    one = f"{PAYOUTS}/{payout['payoutId']}"
    shown = await admin.do(one, f"{one}/outcome", outcome="failed")
    assert (shown.status, "needs its reason" in shown.text or "needs a reason" in shown.text) == (422, True)
    shown = await admin.send(shown, f"{one}/outcome", outcome="failed", reason="pain.002: AC04")
    assert "Another admin must say the same" in shown.text
    shown = await second_admin.do(one, f"{one}/outcome", outcome="failed", reason="refused")
    assert "It is failed." in shown.text
    assert await office.owed() == (150_000, 0)


async def test_two_admins_at_one_run_take_each_step_once(office: Office, admin: Browser, second_admin: Browser) -> None:
    await office.sell(500)
    run = await proposed(admin)
    first, second = await admin.get(run), await second_admin.get(run)
    assert "Approved." in (await second_admin.send(second, f"{run}/approve")).text
    late = await admin.send(first, f"{run}/approve")
    assert (late.status, "approved or called off before" in late.text) == (409, True)
    again = await second_admin.send(second, f"{run}/approve")  # the same form twice
    assert (again.status, "Approved." in again.text) == (200, True)
    shown = await admin.do(run, f"{run}/cancel", reason="the wrong day")
    assert "owed to the vendors again" in shown.text
    assert await office.owed() == (500, 0)


async def test_an_account_is_asked_for_by_one_and_confirmed_by_another(
    office: Office, admin: Browser, second_admin: Browser
) -> None:
    vendor = uuid_text(office.shop.vendor)
    here, account = f"{PAYOUTS}?vendor={vendor}", f"{PAYOUTS}/accounts/{vendor}"
    shown = await admin.do(here, account, account=OTHER_IBAN, holder="Corner BV", minimum="5.00")
    assert "once another admin confirms it" in shown.text
    assert "waits for another admin" in shown.text
    assert OTHER_IBAN in (await second_admin.get(PAYOUTS)).text
    shown = await second_admin.do(here, f"{account}/confirm")
    assert f"paid to {OTHER_IBAN} from now on" in shown.text
    assert "must confirm" not in (await second_admin.get(PAYOUTS)).text
    shown = await admin.post(f"{account}/confirm", {"version": "2", "once": "x"})
    assert shown.status == 404


async def test_a_shops_page_proposes_for_it_alone_and_leads_to_what_it_was_paid(office: Office, admin: Browser) -> None:
    other = await office.vendor()
    await office.sell(300)
    await office.sell(400, other)
    here = f"{PAYOUTS}?vendor={uuid_text(other)}"
    shown = await admin.do(here, PAYOUTS)
    assert "1 payout, 4.00 EUR" in shown.text
    assert await office.owed() == (300, 0)
    assert "4.00 EUR" in (await admin.get(here)).text
    statement = await admin.get(f"/console/vendors/{uuid_text(other)}/statement")
    (payout,) = data(await office.ada.get("/api/payouts"))["payouts"]
    assert f"{PAYOUTS}/{payout['payoutId']}" in statement.links
    await vendors.block_vendor(office.shop.services, office.shop.vendor, blocked=True)
    assert "Propose to pay this shop" not in (await admin.get(f"{PAYOUTS}?vendor={uuid_text(office.shop.vendor)}")).text


async def test_what_is_paid_by_hand_is_written_down_with_the_banks_reference(office: Office, admin: Browser) -> None:
    await office.sell(900)
    shown = await admin.do(PAYOUTS, PAYOUTS, currency="EUR", method="by_hand")
    run = shown.answer.url.path
    assert "write the bank's reference into it" in (await admin.do(run, f"{run}/approve")).text
    (payout,) = data(await office.ada.get("/api/payouts"))["payouts"]
    one = f"{PAYOUTS}/{payout['payoutId']}"
    assert (await admin.do(one, f"{one}/outcome", outcome="paid")).status == 409
    shown = await admin.do(one, f"{one}/outcome", outcome="paid", reference="FT-1")
    assert "It is paid." in shown.text
    assert (await admin.http.get(f"{run}/file")).status_code == 409


async def test_the_first_page_says_what_of_payouts_waits(office: Office, admin: Browser) -> None:
    await office.sell(500)
    await proposed(admin)
    asked = {"account": OTHER_IBAN, "holder": "Corner BV"}
    data(await office.ada.post(f"/api/vendors/{uuid_text(office.shop.vendor)}/payout-accounts", asked))
    home = (await admin.get("/console/")).text
    assert "1 run of payouts to approve or send" in home
    assert "1 account of a shop to confirm" in home


async def test_all_that_is_filtered_is_a_file_in_which_nothing_runs(office: Office, admin: Browser) -> None:
    other = await office.vendor(name='=HYPERLINK("http://x")')
    for vendor in (None, other):
        await office.sell(300, vendor)
    await office.propose()
    links = (await admin.get(f"{PAYOUTS}/all", state="proposed")).links
    (link,) = [one for one in links if "format=csv" in one]
    lines = (await admin.http.get(link)).text.splitlines()
    assert (len(lines), lines[0].split(",")[:2]) == (3, ["payout", "run"])
    assert all("'=HYPERLINK" in line for line in lines if "HYPERLINK" in line)
    api = await office.ada.get("/api/payouts", state="proposed", format="csv")
    assert api.text.splitlines() == lines
    assert len((await admin.http.get(f"{PAYOUTS}/all?state=paid&format=csv")).text.splitlines()) == 1


async def test_a_payout_that_came_back_without_its_name_is_told_by_its_entry(office: Office, admin: Browser) -> None:
    await office.sell(900)
    payout = await office.sent()
    await office.told(out(payout))
    one = f"{PAYOUTS}/{payout['payoutId']}"
    shown = await admin.get(one)
    assert "No unmatched entry of the bank's fits" in shown.text
    said = await admin.send(shown, f"{one}/outcome", outcome="returned", reason="by telephone")
    assert (said.status, "name the one, of its account and amount" in said.text) == (409, True)
    entry = await office.unnamed("9.00", text="<b>closed</b>")
    shown = await admin.get(one)
    assert "<b>closed" not in shown.html
    assert "came back" in (await admin.send(shown, f"{one}/outcome", outcome="returned", reason="x", entry=entry)).text
    assert await office.owed() == (900, 0)
    assert f"{entry}/assign" not in (await admin.get("/console/bank", state="")).html


async def test_an_approved_run_by_hand_is_called_off_by_two(
    office: Office, admin: Browser, second_admin: Browser
) -> None:
    await office.sell(150_000)
    run = (await admin.do(PAYOUTS, PAYOUTS, currency="EUR", method="by_hand")).answer.url.path
    assert "Approved." in (await second_admin.do(run, f"{run}/approve")).text
    shown = await admin.get(run)
    assert "Only if nobody has paid it at the bank" in shown.text
    assert "Another admin must say the same" in (await admin.send(shown, f"{run}/cancel", reason="the wrong day")).text
    assert "call off run" in (await second_admin.get("/console/second")).text
    assert "owed to the vendors again" in (await second_admin.do(run, f"{run}/cancel", reason="the wrong day")).text
    (payout,) = data(await office.ada.get("/api/payouts"))["payouts"]
    one = f"{PAYOUTS}/{payout['payoutId']}"
    assert "though it was called off" in (await admin.get(one)).text

"""A payout's life: proposed, approved, sent to the bank, paid or sent back, with a transfer for each step, once."""

import hashlib

import pytest

from shared.ids import uuid_text
from syncserver.payments import refunds
from syncserver.people.access import Role
from syncserver.registry import vendors
from tests.syncserver.kit import HOUR, TALLINN
from tests.syncserver.payouts.kit import IBAN, OTHER_IBAN, Office, back, out
from tests.syncserver.rest.kit import data, person, refused

pytestmark = pytest.mark.anyio


async def test_what_a_vendor_is_owed_goes_to_its_bank_step_by_step(office: Office) -> None:
    await office.sell(1_250)
    assert await office.owed() == (1_250, 0)
    run = await office.propose()
    assert (run["state"], run["payouts"], run["total"]["minor"], run["states"]) == (
        "proposed",
        1,
        1_250,
        {"proposed": 1},
    )
    assert await office.owed() == (0, 1_250)
    run = await office.step(run, "approve")
    assert (run["state"], run["approvedBy"]) == ("approved", office.bob.caller.actor)
    run = await office.step(run, "send", body={})
    assert (run["state"], run["sentAt"]) == ("sent", office.shop.clock.now)
    (payout,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    assert (payout["amount"]["text"], payout["account"], payout["holder"]) == ("12.50", IBAN, "Corner OÜ")
    assert (await office.told(out(payout)))["payouts"] == 1
    assert await office.owed() == (0, 0)
    assert await office.states(payout) == ["proposed", "approved", "sent", "paid"]
    assert await office.moved(payout) == [("vendor", "clearing", 1_250), ("clearing", "bank", 1_250)]
    story = await office.story(payout)
    assert [(one["credit"], one["amount"]["minor"]) for one in story["entries"]] == [(False, 1_250)]
    assert data(await office.ada.get(f"/api/payout-runs/{run['runId']}"))["state"] == "done"


async def test_a_payout_that_comes_back_is_owed_to_the_vendor_again(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    await office.told(out(payout))
    office.shop.clock.forward(48 * HOUR)
    assert (await office.told(back(payout)))["payouts"] == 1
    assert await office.owed() == (500, 0)
    story = await office.story(payout)
    assert [event["after"] for event in story["events"]][-2:] == ["paid", "returned"]
    assert story["events"][-1]["note"] == "AC04 closed"
    assert (await office.moved(payout))[-1] == ("bank", "vendor", 500)
    again = await office.sent()
    assert again["amount"]["minor"] == 500
    assert again["endToEndId"] != payout["endToEndId"]


async def test_the_file_is_made_once_and_given_out_byte_for_byte(office: Office) -> None:
    await office.sell(700)
    run = await office.propose()
    path = f"/api/payout-runs/{run['runId']}/file"
    assert refused(await office.ada.get(path)) == (409, "PAYOUT_STATE")
    assert refused(await office.ada.post(path.replace("/file", "/send"), {})) == (409, "PAYOUT_STATE")
    await office.step(run, "approve")
    sent = await office.step(run, "send", body={"schema": "pain.001.001.03"})
    first = await office.ada.get(path)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/xml")
    assert f'filename="{sent["message"]}.xml"' in first.headers["content-disposition"]
    office.shop.clock.forward(HOUR)
    assert await office.step(run, "send", body={"schema": "pain.001.001.09"}) == sent
    assert (await office.bob.get(path)).content == first.content
    stored = await office.shop.services.pool.fetchval("SELECT sha256 FROM payout_file")
    assert hashlib.sha256(first.content).digest() == stored
    assert b"pain.001.001.03" in first.content
    assert b'<InstdAmt Ccy="EUR">7.00</InstdAmt>' in first.content


async def test_all_who_are_owed_enough_are_paid_in_one_run(office: Office) -> None:
    other, small, without = await office.vendor(), await office.vendor(name="Small"), await office.vendor(name="None")
    await office.account(small, account=OTHER_IBAN, least=1_000)
    blocked = await office.vendor(name="Blocked")
    await vendors.block_vendor(office.shop.services, blocked, blocked=True)
    for vendor, amount in ((None, 100), (other, 200), (small, 999)):
        await office.sell(amount, vendor)
    run = await office.propose()
    assert (run["payouts"], run["total"]["minor"]) == (2, 300)
    for vendor, code in ((small, "NOTHING_TO_PAY"), (without, "NOTHING_TO_PAY"), (blocked, "VENDOR_BLOCKED")):
        body = {"currency": "EUR", "vendorId": uuid_text(vendor)}
        assert refused(await office.ada.post("/api/payout-runs", body)) == (409, code)
    await office.sell(1, small)
    assert (await office.propose(small))["total"]["minor"] == 1_000


async def test_a_vendor_without_an_account_or_in_another_currency_is_told_so(office: Office) -> None:
    services = office.shop.services
    lonely = await vendors.add_vendor(services, name="Lonely", place=TALLINN, currency="EUR")
    body = {"currency": "EUR", "vendorId": uuid_text(lonely)}
    assert refused(await office.ada.post("/api/payout-runs", body)) == (409, "NO_PAYOUT_ACCOUNT")
    nobody = {"currency": "EUR", "vendorId": uuid_text(bytes(16))}
    assert refused(await office.ada.post("/api/payout-runs", nobody)) == (404, "UNKNOWN_VENDOR")
    assert refused(await office.ada.post("/api/payout-runs", {"currency": "JPY"})) == (422, "NOT_SEPA")
    assert refused(await office.ada.post("/api/payout-runs", {"currency": "JPY", "byHand": True})) == (
        409,
        "NO_BANK_ACCOUNT",
    )


async def test_a_refund_after_the_payout_leaves_nothing_to_pay(office: Office) -> None:
    payment = await office.sell(800)
    payout = await office.sent()
    await office.told(out(payout))
    async with office.shop.services.pool.acquire() as connection, connection.transaction():
        refund = await refunds.prepare(connection, office.wallet, payment, None)
        await refunds.carry_out(connection, office.shop.services, refund, reason="broken", actor="test")
    assert await office.owed() == (-800, 0)
    assert refused(await office.ada.post("/api/payout-runs", {"currency": "EUR"})) == (409, "NOTHING_TO_PAY")
    await office.sell(1_000)
    assert (await office.propose())["total"]["minor"] == 200


async def test_a_vendor_that_is_blocked_or_moved_between_approval_and_file_is_left_out(office: Office) -> None:
    other, third = await office.vendor(), await office.vendor(name="Third")
    for vendor in (None, other, third):
        await office.sell(400, vendor)
    run = await office.propose()
    await office.step(run, "approve")
    await vendors.block_vendor(office.shop.services, other, blocked=True)
    await office.account(third, account=IBAN)
    sent = await office.step(run, "send", body={})
    assert (sent["states"], sent["total"]["minor"]) == ({"sent": 1, "cancelled": 2}, 400)
    assert (await office.owed(other), await office.owed(third)) == ((400, 0), (400, 0))
    file = await office.ada.get(f"/api/payout-runs/{run['runId']}/file")
    assert file.content.count(b"<EndToEndId>") == 1


async def test_a_run_of_which_nothing_is_left_has_no_file(office: Office) -> None:
    await office.sell(400)
    run = await office.propose()
    await office.step(run, "approve")
    await vendors.block_vendor(office.shop.services, office.shop.vendor, blocked=True)
    assert (await office.step(run, "send", body={}))["state"] == "cancelled"
    assert refused(await office.ada.get(f"/api/payout-runs/{run['runId']}/file")) == (409, "PAYOUT_STATE")


async def test_a_run_is_called_off_until_the_bank_is_told(office: Office) -> None:
    await office.sell(300)
    run = await office.propose()
    path = f"/api/payout-runs/{run['runId']}/cancel"
    assert refused(await office.ada.post(path, {"reason": " "})) == (422, "REASON_REQUIRED")
    assert (await office.step(run, "cancel", body={"reason": "too early"}))["state"] == "cancelled"
    assert await office.owed() == (300, 0)
    assert refused(await office.ada.post(path, {"reason": "again"})) == (409, "PAYOUT_STATE")
    assert refused(await office.ada.post(path.replace("cancel", "approve"))) == (409, "PAYOUT_STATE")
    payout = await office.sent()
    assert refused(await office.ada.post(f"/api/payout-runs/{payout['runId']}/cancel", {"reason": "late"})) == (
        409,
        "PAYOUT_STATE",
    )


async def test_what_the_bank_refused_is_owed_again_and_what_it_paid_all_the_same_is_paid(office: Office) -> None:
    await office.sell(600)
    payout = await office.sent()
    assert refused(await office.outcome(payout, "failed")) == (422, "REASON_REQUIRED")
    said = await office.outcome(payout, "returned", reason="x", entryId=await office.unnamed("6.00"))
    assert refused(said) == (409, "PAYOUT_STATE")
    assert data(await office.outcome(payout, "failed", reason="pain.002: AC01"))["state"] == "failed"
    assert await office.owed() == (600, 0)
    again = await office.sent()
    # Somebody was wrong: the bank paid both.
    assert (await office.told(out(payout), out(again)))["payouts"] == 2
    assert await office.states(payout) == ["proposed", "approved", "sent", "failed", "paid"]
    assert await office.owed() == (-600, 0)


async def test_a_vendors_people_see_their_payouts_and_nobody_elses(office: Office) -> None:
    other = await office.vendor()
    for vendor, amount in ((None, 100), (other, 200)):
        await office.sell(amount, vendor)
    office.shop.clock.forward(HOUR)
    await office.propose()
    own = person(office.shop, Role.VENDOR, vendor=office.shop.vendor)
    page = data(await own.get(f"/api/vendors/{uuid_text(office.shop.vendor)}/payouts"))
    assert [one["amount"]["minor"] for one in page["payouts"]] == [100]
    assert refused(await own.get(f"/api/vendors/{uuid_text(other)}/payouts")) == (403, "FORBIDDEN")
    lines = data(await own.get(f"/api/vendors/{uuid_text(office.shop.vendor)}/statement"))["lines"]
    assert [(one["cause"], one["amount"]["minor"], one["balance"]["minor"]) for one in lines] == [
        ("payout", -100, 0),
        ("pay", 100, 100),
    ]
    assert (lines[0]["payout"], lines[0]["payment"]) == (page["payouts"][0]["payoutId"], None)


async def test_a_currency_that_no_file_pays_is_paid_by_hand_under_the_banks_reference(office: Office) -> None:
    await office.sell(900)
    run = await office.propose(byHand=True)
    await office.step(run, "approve")
    assert refused(await office.ada.post(f"/api/payout-runs/{run['runId']}/send", {})) == (422, "NOT_SEPA")
    (payout,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    assert refused(await office.outcome(payout, "paid")) == (409, "BANK_REFERENCE")
    paid = data(await office.outcome(payout, "paid", reference=" FT-2026  17 "))
    assert (paid["state"], paid["reference"]) == ("paid", "FT-2026 17")
    assert await office.states(payout) == ["proposed", "approved", "sent", "paid"]
    await office.sell(50)
    second = await office.propose(byHand=True)
    await office.step(second, "approve")
    (other,) = data(await office.ada.get("/api/payouts", run=second["runId"]))["payouts"]
    assert refused(await office.outcome(other, "paid", reference="FT-2026 17")) == (409, "BANK_REFERENCE")
    without = await office.outcome(payout, "returned", reason="sent back without a name")
    assert refused(without) == (409, "RETURN_ENTRY")
    entry = await office.unnamed("9.00")
    said = await office.outcome(payout, "returned", reason="sent back without a name", entryId=entry)
    assert data(said)["state"] == "returned"
    assert await office.owed() == (900, 50)


async def test_a_vendor_that_is_blocked_before_the_approval_is_not_paid_by_hand_either(office: Office) -> None:
    await office.sell(900)
    run = await office.propose(byHand=True)
    await vendors.block_vendor(office.shop.services, office.shop.vendor, blocked=True)
    approved = await office.step(run, "approve")
    assert (approved["state"], approved["approvedBy"]) == ("cancelled", None)
    assert await office.owed() == (900, 0)

"""Nobody pays much alone, and nobody alone says where a vendor is paid."""

import os

import pytest

from shared.ids import uuid_text
from syncserver.audit import trail
from syncserver.people.access import Role
from tests.syncserver.kit import HOUR
from tests.syncserver.payouts.kit import IBAN, OTHER_IBAN, Office
from tests.syncserver.rest.kit import data, person, refused

pytestmark = pytest.mark.anyio


def accounts(office: Office) -> str:
    return f"/api/vendors/{uuid_text(office.shop.vendor)}/payout-accounts"


async def approved(office: Office, minor: int, status: int) -> None:
    """Ada proposes so much, and approves it herself."""
    await office.sell(minor)
    run = await office.propose()
    answer = await office.ada.post(f"/api/payout-runs/{run['runId']}/approve", key=os.urandom(8).hex())
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["errorCode"] == "ANOTHER_PERSON_REQUIRED"
        assert (await office.step(run, "approve"))["state"] == "approved"


async def test_above_the_amount_another_admin_approves(office: Office) -> None:
    await approved(office, 100_000, 200)
    office.shop.clock.forward(24 * HOUR)
    await approved(office, 100_001, 403)


async def test_in_parts_nobody_gets_around_the_second_person(office: Office) -> None:
    await approved(office, 60_000, 200)
    await approved(office, 40_001, 403)
    await approved(office, 40_000, 200)
    await approved(office, 1, 403)
    office.shop.clock.forward(24 * HOUR)
    await approved(office, 1, 200)


async def test_whoever_was_blocked_since_or_made_the_other_is_no_second_person(office: Office) -> None:
    execute = office.shop.services.pool.execute
    await office.sell(200_000)
    run = await office.propose()
    path = f"/api/payout-runs/{run['runId']}/approve"
    await execute("UPDATE person SET made_by = $1::text::uuid WHERE user_id::text = $2", office.ada.id, office.bob.id)
    assert refused(await office.bob.post(path)) == (403, "ANOTHER_PERSON_REQUIRED")
    await execute("UPDATE person SET made_by = NULL WHERE user_id::text = $1", office.bob.id)
    await execute("UPDATE person SET state = 'blocked' WHERE user_id::text = $1", office.ada.id)
    assert refused(await office.bob.post(path)) == (403, "ANOTHER_PERSON_REQUIRED")
    await execute("UPDATE person SET state = 'approved' WHERE user_id::text = $1", office.ada.id)
    assert data(await office.bob.post(path))["state"] == "approved"


async def test_what_a_person_says_of_much_money_another_must_say_too(office: Office) -> None:
    await office.sell(150_000)
    payout = await office.sent()
    assert (await office.outcome(payout, "failed", reason="refused")).status_code == 202
    assert (await office.outcome(payout, "failed", reason="refused")).status_code == 202
    assert await office.owed() == (0, 150_000)
    assert data(await office.outcome(payout, "failed", office.bob, reason="refused by the bank"))["state"] == "failed"
    assert await office.owed() == (150_000, 0)


async def test_an_account_counts_once_another_admin_confirms_it(office: Office) -> None:
    path = accounts(office)
    body = {"account": "nl91 abna 0417 1643 00", "holder": " Corner  BV ", "minimum": "5.00"}
    asked = data(await office.ada.post(path, body))
    assert (asked["version"], asked["account"], asked["holder"]) == (2, OTHER_IBAN, "Corner BV")
    assert (asked["minimum"]["minor"], asked["confirmedBy"]) == (500, None)
    (waiting,) = data(await office.bob.get("/api/payout-accounts"))["accounts"]
    assert waiting == asked
    await office.sell(400)
    old = await office.propose()  # the account before still counts
    await office.step(old, "cancel", body={"reason": "test"})
    assert refused(await office.ada.post(f"{path}/confirm", {"version": 2})) == (403, "ANOTHER_PERSON_REQUIRED")
    assert refused(await office.bob.post(f"{path}/confirm", {"version": 1})) == (404, "UNKNOWN_PAYOUT_ACCOUNT")
    assert data(await office.bob.post(f"{path}/confirm", {"version": 2}))["confirmedBy"] == office.bob.caller.actor
    assert refused(await office.bob.post(f"{path}/confirm", {"version": 2})) == (404, "UNKNOWN_PAYOUT_ACCOUNT")
    assert data(await office.bob.get("/api/payout-accounts"))["accounts"] == []
    assert refused(await office.ada.post("/api/payout-runs", {"currency": "EUR"})) == (409, "NOTHING_TO_PAY")
    await office.sell(100)
    payout = await office.sent()
    assert (payout["account"], payout["holder"]) == (OTHER_IBAN, "Corner BV")
    own = person(office.shop, Role.VENDOR, vendor=office.shop.vendor)
    assert [one["version"] for one in data(await own.get(path))["accounts"]] == [2, 1]


async def test_all_that_people_do_with_payouts_is_in_the_audit_trail(office: Office) -> None:
    await office.sell(500)
    run = await office.propose()
    await office.step(run, "cancel", body={"reason": "the wrong day"})
    payout = await office.sent()
    await office.outcome(payout, "failed", reason="pain.002: AC04")
    data(await office.ada.post(accounts(office), {"account": OTHER_IBAN, "holder": "Corner"}))
    data(await office.bob.post(f"{accounts(office)}/confirm", {"version": 2}))
    async with office.shop.services.pool.acquire() as connection:
        entries = await trail.listed(connection, trail.Filter(), limit=100)
    ada, bob = office.ada.caller.actor, office.bob.caller.actor
    vendor, payout_id = f"vendor {uuid_text(office.shop.vendor)}", f"payout {payout['payoutId']}"
    done = [(one.action, one.actor, one.object, one.reason) for one in entries]
    for entry in (
        ("payout_account.ask", "cli test", vendor, None),
        ("payout_account.confirm", "cli test", vendor, None),
        ("payout_run.propose", ada, f"payout_run {run['runId']}", None),
        ("payout_run.cancel", bob, f"payout_run {run['runId']}", "the wrong day"),
        ("payout_run.approve", bob, f"payout_run {payout['runId']}", None),
        ("payout_run.send", bob, f"payout_run {payout['runId']}", None),
        ("payout.decide", ada, payout_id, "pain.002: AC04"),
        ("payout_account.ask", ada, vendor, None),
        ("payout_account.confirm", bob, vendor, None),
    ):
        assert entry in done


async def test_whoever_confirms_means_what_was_asked_for_last(office: Office) -> None:
    path = accounts(office)
    for account in (OTHER_IBAN, IBAN):
        data(await office.ada.post(path, {"account": account, "holder": "Corner"}))
    assert refused(await office.bob.post(f"{path}/confirm", {"version": 2})) == (404, "UNKNOWN_PAYOUT_ACCOUNT")
    assert data(await office.bob.post(f"{path}/confirm", {"version": 3}))["account"] == IBAN


@pytest.mark.parametrize(
    "account",
    [
        "DE89370400440532013001",  # check digits
        "DE8937040044053201300",  # too short for Germany
        "US64SVBKUS6S3300958879",  # not of SEPA
        "0005-1234567",
        "'; DROP TABLE payout; --",
    ],
)
async def test_what_euro_can_not_be_sent_to_is_no_account(office: Office, account: str) -> None:
    answer = await office.ada.post(accounts(office), {"account": account, "holder": "Corner"})
    assert refused(answer) == (422, "INVALID_PAYOUT_ACCOUNT")


@pytest.mark.parametrize("holder", ["   ", "x" * 71])
async def test_a_holder_has_a_name_of_bounded_length(office: Office, holder: str) -> None:
    answer = await office.ada.post(accounts(office), {"account": IBAN, "holder": holder})
    assert refused(answer) == (422, "INVALID_PAYOUT_ACCOUNT")


async def test_a_name_of_which_no_bank_takes_a_letter_is_no_holder(office: Office) -> None:
    answer = await office.ada.post(accounts(office), {"account": IBAN, "holder": "===="})
    assert refused(answer) == (422, "INVALID_PAYOUT_ACCOUNT")

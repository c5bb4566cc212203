"""Money that comes back without a payout's name is taken once: by the payout, or by a wallet, never by both."""

import asyncio
from typing import Any

import pytest

from tests.syncserver.payouts.kit import Office, back, out
from tests.syncserver.rest.kit import data, refused
from tests.syncserver.rest.statements import DINAR, Row, camt, open_accounts

pytestmark = pytest.mark.anyio


async def paid(office: Office, minor: int = 500) -> dict[str, Any]:
    """A payout that the bank has paid."""
    await office.sell(minor)
    payout = await office.sent()
    assert (await office.told(out(payout)))["payouts"] == 1
    return payout


async def in_wallet(office: Office) -> int:
    return (await office.shop.balances(office.wallet))[0]


async def test_the_entry_of_a_return_is_the_payouts_and_goes_to_no_wallet(office: Office) -> None:
    payout = await paid(office)
    entry, before = await office.unnamed("5.00"), await in_wallet(office)
    (offered,) = (await office.story(payout))["returns"]
    assert offered["entryId"] == entry
    assert data(await office.outcome(payout, "returned", reason="closed", entryId=entry))["state"] == "returned"
    for who in (office.ada, office.bob):
        assert refused(await office.assign(entry, who)) == (409, "BANK_ENTRY_STATE")
    assert (await in_wallet(office), await office.owed()) == (before, (500, 0))
    story = await office.story(payout)
    assert (entry, True) in [(one["entryId"], one["credit"]) for one in story["entries"]]
    assert story["returns"] == []
    tied = data(await office.ada.get("/api/funding/entries", state="payout"))["entries"]
    (shown,) = [one for one in tied if one["entryId"] == entry]
    assert (shown["payout"], shown["decidedBy"]) == (payout["payoutId"], office.ada.caller.actor)
    # What the bank tells under its name later is a second one: nothing moves, and nobody can have it.
    assert (await office.told(back(payout)))["unmatched"] == {"PAYOUT_STATE": 1}
    assert await office.owed() == (500, 0)


async def test_an_entry_that_a_wallet_has_brings_no_payout_back(office: Office) -> None:
    entry = await office.unnamed("5.00")
    assert data(await office.assign(entry))["outcome"] == "assigned"
    payout = await paid(office)
    said = await office.outcome(payout, "returned", reason="closed", entryId=entry)
    assert refused(said) == (409, "BANK_ENTRY_STATE")
    assert (await office.states(payout))[-1] == "paid"
    assert await office.owed() == (0, 0)


async def test_what_may_be_a_payout_that_came_back_no_admin_alone_gives_to_a_wallet(office: Office) -> None:
    payout = await paid(office)
    entry, other, before = await office.unnamed("5.00"), await office.unnamed("5.01"), await in_wallet(office)
    assert data(await office.assign(other))["outcome"] == "assigned"
    for _ in range(2):
        assert data(await office.assign(entry), 202)["outcome"] == "waiting"
    assert await in_wallet(office) == before + 501
    # It comes back first: whoever is second is late.
    data(await office.outcome(payout, "returned", reason="closed", entryId=entry))
    assert refused(await office.assign(entry, office.bob)) == (409, "BANK_ENTRY_STATE")
    again = await office.unnamed("5.00")
    assert data(await office.assign(again))["outcome"] == "assigned", "its payout has come back: it is another's"
    assert await office.owed() == (500, 0)


async def test_so_is_money_of_a_payout_that_somebody_said_had_failed(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    entry = await office.unnamed("5.00")
    assert data(await office.assign(entry), 202)["outcome"] == "waiting"
    data(await office.outcome(payout, "failed", reason="refused"))
    assert data(await office.assign(entry), 202)["outcome"] == "waiting"
    assert data(await office.assign(entry, office.bob))["outcome"] == "assigned"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (Row(amount="4.99", reference="X"), "RETURN_ENTRY"),
        (Row(amount="5.01", reference="X"), "RETURN_ENTRY"),
        (Row(amount="0.01", reference="X"), "RETURN_ENTRY"),
        (Row(amount="5.00", currency="USD", reference="X"), "RETURN_ENTRY"),
        (Row(amount="5.00", credit=False, reference="X"), "BANK_ENTRY_STATE"),
    ],
)
async def test_no_other_money_is_a_return(office: Office, row: Row, error: str) -> None:
    payout = await paid(office)
    await office.told(row)
    (entry, *_) = data(await office.ada.get("/api/funding/entries", state="unmatched"))["entries"]
    said = await office.outcome(payout, "returned", reason="closed", entryId=entry["entryId"])
    assert refused(said) == (409, error)
    assert (await office.story(payout))["returns"] == []
    assert (await office.states(payout))[-1] == "paid"


async def test_money_on_another_account_of_ours_is_no_return(office: Office) -> None:
    payout = await paid(office)
    await open_accounts(office.shop, [(DINAR, "EUR")])
    entry = await office.unnamed("5.00", account=DINAR)
    assert refused(await office.outcome(payout, "returned", reason="x", entryId=entry)) == (409, "RETURN_ENTRY")


async def test_an_entry_is_one_payouts_return(office: Office) -> None:
    first, second = await paid(office), await paid(office)
    entry = await office.unnamed("5.00")
    answers = await asyncio.gather(
        office.outcome(first, "returned", office.ada, reason="closed", entryId=entry),
        office.outcome(second, "returned", office.bob, reason="closed", entryId=entry),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await office.owed() == (500, 0)
    nobodys = await office.outcome(first, "returned", reason="x", entryId="01a1fdfa-4600-7a43-8613-e36608f2e777")
    assert refused(nobodys) == (404, "UNKNOWN_BANK_ENTRY")


async def test_a_return_and_assignments_at_once_credit_the_money_once(office: Office) -> None:
    payout = await paid(office)
    entry, before = await office.unnamed("5.00"), await in_wallet(office)
    data(await office.assign(entry), 202)
    answers = await asyncio.gather(
        office.assign(entry, office.bob),
        office.outcome(payout, "returned", reason="closed", entryId=entry),
        office.assign(entry, office.bob),
        office.told(back(payout)),
    )
    assert {answers[0].status_code, answers[1].status_code, answers[2].status_code} <= {200, 202, 409}
    (row,) = await office.shop.services.pool.fetch("SELECT state FROM bank_entry WHERE entry::text = $1", entry)
    credited = await in_wallet(office) - before
    assert (row["state"], credited) in {("credited", 500), ("payout", 0), ("unmatched", 0)}
    assert await office.owed() == (500, 0), "it came back by one entry or the other"


async def test_a_large_return_takes_two_who_mean_the_same_entry(office: Office) -> None:
    payout = await paid(office, 150_000)
    entry, other = await office.unnamed("1500.00"), await office.unnamed("1500.00")
    assert (await office.outcome(payout, "returned", reason="closed", entryId=entry)).status_code == 202
    assert (await office.outcome(payout, "returned", office.bob, reason="x", entryId=other)).status_code == 202
    assert await office.owed() == (0, 0)
    said = await office.outcome(payout, "returned", office.bob, reason="closed", entryId=entry)
    assert data(said)["state"] == "returned"
    assert await office.owed() == (150_000, 0)


async def test_a_reversal_without_a_name_is_a_return_too(office: Office) -> None:
    payout = await paid(office)
    entry = await office.unnamed("5.00", reversal=True)
    assert refused(await office.assign(entry)) == (409, "BANK_ENTRY_STATE")
    assert data(await office.outcome(payout, "returned", reason="booked back", entryId=entry))["state"] == "returned"
    assert (await office.told(Row(amount="5.00", reference="other")))["unmatched"] == {"NO_REFERENCE": 1}
    assert data(await office.ada.post("/api/payout-runs", {"currency": "EUR"}))["total"]["minor"] == 500
    assert camt(out(payout)) != camt(back(payout))

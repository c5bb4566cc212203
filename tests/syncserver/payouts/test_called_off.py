"""By hand it may have been paid before it is called off: nobody has it paid twice alone; the bank is heard."""

import os
from typing import Any

import pytest

from tests.syncserver.kit import HOUR
from tests.syncserver.payouts.kit import Office, back, out
from tests.syncserver.rest.kit import Person, data, refused
from tests.syncserver.rest.statements import camt, upload

pytestmark = pytest.mark.anyio


async def by_hand(office: Office, minor: int, who: Person | None = None) -> dict[str, Any]:
    """A payout of an approved run that is paid by hand."""
    await office.sell(minor)
    run = await office.propose(byHand=True)
    await office.step(run, "approve", who)
    (payout,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    return dict(payout)


async def called_off(payout: dict[str, Any], who: Person) -> int:
    path, body = f"/api/payout-runs/{payout['runId']}/cancel", {"reason": "the wrong day"}
    return int((await who.post(path, body, key=os.urandom(8).hex())).status_code)


async def test_one_admin_alone_calls_off_no_large_run_that_may_have_been_paid(office: Office) -> None:
    payout = await by_hand(office, 150_000)
    assert [await called_off(payout, office.ada) for _ in range(2)] == [202, 202]
    assert await office.owed() == (0, 150_000)
    assert refused(await office.ada.post("/api/payout-runs", {"currency": "EUR"})) == (409, "NOTHING_TO_PAY")
    assert await called_off(payout, office.bob) == 200
    assert await office.owed() == (150_000, 0)
    assert await called_off(payout, office.ada) == 409


async def test_what_one_admin_calls_off_alone_adds_up_and_frees_nothing_to_approve(office: Office) -> None:
    first = await by_hand(office, 60_000, office.ada)
    assert await called_off(first, office.ada) == 200
    run = await office.propose(byHand=True)
    approved = await office.ada.post(f"/api/payout-runs/{run['runId']}/approve")
    assert refused(approved) == (403, "ANOTHER_PERSON_REQUIRED")
    await office.step(run, "approve")
    (second,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    assert await called_off(second, office.ada) == 202
    office.shop.clock.forward(24 * HOUR)
    assert await called_off(second, office.ada) == 200


async def test_what_nobody_can_have_paid_is_called_off_by_one(office: Office) -> None:
    await office.sell(150_000)
    proposed = await office.propose(byHand=True)
    assert (await office.step(proposed, "cancel", body={"reason": "test"}))["state"] == "cancelled"
    run = await office.propose()
    await office.step(run, "approve")
    assert (await office.step(run, "cancel", body={"reason": "no file of it was made"}))["state"] == "cancelled"
    assert await office.owed() == (150_000, 0)


async def test_what_was_paid_though_it_was_called_off_its_vendor_owes(office: Office) -> None:
    payout = await by_hand(office, 500)
    assert await called_off(payout, office.ada) == 200
    assert await office.owed() == (500, 0)
    again = await by_hand(office, 100)  # 6.00 in all
    assert (await office.told(out(payout), out(again)))["payouts"] == 2
    assert (await office.states(payout))[-2:] == ["cancelled", "paid"]
    assert await office.owed() == (-500, 0)
    assert (await office.told(out(payout, reference="TWICE")))["unmatched"] == {"PAYOUT_STATE": 1}
    assert (await office.told(back(payout)))["payouts"] == 1
    assert await office.owed() == (0, 0)


async def test_a_person_says_so_under_the_banks_reference(office: Office) -> None:
    payout = await by_hand(office, 500)
    await called_off(payout, office.ada)
    assert refused(await office.outcome(payout, "failed", reason="x")) == (409, "PAYOUT_STATE")
    assert data(await office.outcome(payout, "paid", reference="FT-1"))["state"] == "paid"
    assert await office.owed() == (0, 0)
    assert (await office.told(out(payout)))["payouts"] == 1
    assert await office.owed() == (0, 0)


async def test_a_forged_debit_of_what_was_called_off_takes_two(office: Office) -> None:
    payout = await by_hand(office, 150_000)
    for who in (office.ada, office.bob):
        await called_off(payout, who)
    assert data(await upload(office.ada, camt(out(payout))), 202)["outcome"] == "waiting"
    assert (await office.told(out(payout)))["payouts"] == 1
    assert await office.owed() == (0, 0)


async def test_a_file_that_was_never_made_was_never_paid(office: Office) -> None:
    await office.sell(500)
    run = await office.propose()
    await office.step(run, "approve")
    (payout,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    await office.step(run, "cancel", body={"reason": "test"})
    assert (await office.told(out(payout), back(payout)))["unmatched"] == {"PAYOUT_STATE": 2}
    assert await office.owed() == (500, 0)

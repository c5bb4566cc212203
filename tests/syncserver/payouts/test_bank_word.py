"""What a bank's statements say of payouts is taken once, whatever files it is in, and never on a stranger's word."""

import pytest

from syncserver.wallets.funding.references import reference_of
from tests.syncserver.payouts.kit import Office, back, out
from tests.syncserver.rest.kit import data, refused
from tests.syncserver.rest.statements import Row, camt, table, upload

pytestmark = pytest.mark.anyio


async def test_the_same_statement_twice_or_one_that_overlaps_changes_nothing(office: Office) -> None:
    await office.sell(500)
    first = await office.sent()
    await office.sell(700)
    second = await office.sent()
    assert (await office.told(out(first)))["payouts"] == 1
    before = await office.moved(first)
    for _ in range(2):
        again = await office.told(out(first), out(second))
    assert (again["payouts"], again["known"]) == (0, 2)
    assert await office.moved(first) == before
    assert await office.owed() == (0, 0)
    assert (await office.told(out(first), out(second), back(first)))["payouts"] == 1
    assert (await office.told(back(first)))["known"] == 1
    assert await office.owed() == (500, 0)


async def test_a_second_entry_of_one_payout_is_left_to_a_person(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    told = await office.told(out(payout, reference="B-1"), out(payout, reference="B-2"))
    assert (told["payouts"], told["unmatched"]) == (1, {"PAYOUT_STATE": 1})
    told = await office.told(back(payout, reference="B-3"), back(payout, reference="B-4"))
    assert (told["payouts"], told["unmatched"]) == (1, {"PAYOUT_STATE": 1})
    assert await office.owed() == (500, 0)
    (waiting, _) = data(await office.ada.get("/api/funding/entries", reason="PAYOUT_STATE"))["entries"]
    assert waiting["endToEnd"] == payout["endToEndId"]
    assign = f"/api/funding/assign/{waiting['entryId']}"
    assert (await office.ada.post(assign, {"wallet": office.wallet})).status_code == 409


async def test_another_amount_account_or_currency_is_left_to_a_person(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    told = await office.told(out(payout, amount="4.99"), out(payout, amount="5.00", currency="USD", reference="X"))
    assert told["unmatched"] == {"PAYOUT_DIFFERS": 2}
    assert await office.owed() == (0, 500)
    assert data(await office.outcome(payout, "paid", reference="FT-9"))["state"] == "paid"
    assert await office.owed() == (0, 0)
    # The entry that fits comes later all the same: it is this payout's, and nothing moves twice.
    assert (await office.told(out(payout, reference="LATE")))["payouts"] == 1
    assert await office.moved(payout) == [("vendor", "clearing", 500), ("clearing", "bank", 500)]


async def test_what_was_never_sent_can_not_have_been_paid(office: Office) -> None:
    await office.sell(500)
    run = await office.propose()
    (payout,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    assert (await office.told(out(payout), back(payout)))["unmatched"] == {"PAYOUT_STATE": 2}
    assert await office.owed() == (0, 500)


async def test_a_return_that_is_told_before_its_payment_moves_the_money_once(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    assert (await office.told(back(payout)))["payouts"] == 1
    assert await office.states(payout) == ["proposed", "approved", "sent", "returned"]
    assert await office.owed() == (500, 0)
    assert (await office.told(out(payout)))["payouts"] == 1
    assert await office.moved(payout) == [("vendor", "clearing", 500), ("clearing", "vendor", 500)]
    assert await office.owed() == (500, 0)


async def test_a_payment_to_us_under_a_payouts_name_is_no_return(office: Office) -> None:
    """A vendor knows the name from its own bank's statement: what it pays in with it is a customer's money like any."""
    await office.sell(500)
    payout = await office.sent()
    await office.told(out(payout))
    details = (
        f"<TxDtls><Refs><EndToEndId>{payout['endToEndId']}</EndToEndId></Refs>"
        f"<RmtInf><Ustrd>{reference_of(office.wallet)}</Ustrd></RmtInf></TxDtls>"
    )
    told = await office.told(Row(amount="5.00", reference="IN-1", details=details))
    assert (told["payouts"], told["credited"]) == (0, 1)
    assert await office.owed() == (0, 0)
    stranger = await office.told(back(payout, reference="IN-2", end_to_end="TP" + "0" * 32))
    assert stranger["unmatched"] == {"REVERSAL": 1}


async def test_a_batch_that_the_bank_booked_as_one_is_taken_apart(office: Office) -> None:
    other = await office.vendor()
    await office.sell(500)
    await office.sell(300, other)
    run = await office.propose()
    await office.step(run, "approve")
    await office.step(run, "send", body={})
    payouts = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>{one['endToEndId'].lower()}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{one["amount"]["text"]}</Amt></TxDtls>'
        for one in payouts
    )
    told = await office.told(Row(amount="8.00", credit=False, reference="BATCH", details=details))
    assert told["payouts"] == 2
    assert data(await office.ada.get(f"/api/payout-runs/{run['runId']}"))["states"] == {"paid": 2}


async def test_a_table_with_the_name_of_a_payment_says_the_same(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    lines = table(Row(amount="5.00", credit=False, reference="T-1")).decode().split("\r\n")
    file = f'{lines[0]},"end_to_end"\r\n{lines[1]},"{payout["endToEndId"]}"'.encode()
    assert data(await upload(office.ada, file))["payouts"] == 1
    assert await office.states(payout) == ["proposed", "approved", "sent", "paid"]


async def test_large_returns_take_two_admins_as_all_money_that_comes_in(office: Office) -> None:
    await office.sell(100_001)
    payout = await office.sent()
    await office.told(out(payout))
    file = camt(back(payout))
    assert data(await upload(office.ada, file), 202)["outcome"] == "waiting"
    assert await office.owed() == (0, 0)
    assert data(await upload(office.bob, file))["payouts"] == 1
    assert await office.owed() == (100_001, 0)
    reversal = camt(back(payout, reversal=True, reference="other"))
    assert data(await upload(office.ada, reversal), 202)["outcome"] == "waiting"


async def test_a_payout_by_hand_that_the_bank_tells_before_anybody_does_is_paid(office: Office) -> None:
    await office.sell(1_250)
    run = await office.propose(byHand=True)
    await office.step(run, "approve")
    (payout,) = data(await office.ada.get("/api/payouts", run=run["runId"]))["payouts"]
    assert (await office.told(out(payout)))["payouts"] == 1
    assert (await office.states(payout))[-3:] == ["approved", "sent", "paid"]
    cancelled = await office.ada.post(f"/api/payout-runs/{run['runId']}/cancel", {"reason": "again"})
    assert refused(cancelled)[0] == 409
    assert await office.owed() == (0, 0)

"""What a bank's statements say of payouts is taken once, whatever files it is in, and never on a stranger's word."""

from typing import Any

import pytest

from syncserver.wallets.funding import importing
from syncserver.wallets.funding.paying_in import pay_in
from syncserver.wallets.funding.references import reference_of
from tests.syncserver.kit import HOUR
from tests.syncserver.payouts.kit import Office, back, out
from tests.syncserver.rest.kit import data, refused
from tests.syncserver.rest.statements import YEN, Row, camt, document, open_accounts, statement, table, upload

pytestmark = pytest.mark.anyio


def named_table(payout: dict[str, Any]) -> bytes:
    """A table of the one debit that paid a payout."""
    row = Row(amount=payout["amount"]["text"], credit=False, reference="T-1")
    lines = table(row).decode().split("\r\n")
    return f'{lines[0]},"end_to_end"\r\n{lines[1]},"{payout["endToEndId"]}"'.encode()


def batch(payout: dict[str, Any], *amounts: str) -> str:
    """Transactions that a bank booked as one, the first of which is a payout."""
    names = [payout["endToEndId"], *["NOTPROVIDED"] * (len(amounts) - 1)]
    return "".join(
        f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt></TxDtls>'
        for name, amount in zip(names, amounts, strict=True)
    )


def break_at(broken: pytest.MonkeyPatch, lot: int) -> None:
    """The database goes away in the n-th lot of two entries, after its money moved."""
    lots = 0

    async def breaking(*arguments: Any) -> None:
        nonlocal lots
        lots += 1
        await pay_in(*arguments)
        if lots == lot:
            raise OSError("the database went away")

    broken.setattr(importing, "LOT", 2)
    broken.setattr(importing, "pay_in", breaking)


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
    assert data(await upload(office.ada, named_table(payout)))["payouts"] == 1
    assert await office.states(payout) == ["proposed", "approved", "sent", "paid"]


async def test_one_admin_alone_has_no_large_payout_paid_by_a_statement_of_debits(office: Office) -> None:
    await office.sell(100_001)
    payout = await office.sent()
    for file in (
        camt(out(payout)),
        camt(out(payout, reference=None)),
        named_table(payout),
        camt(Row(amount="2000.00", credit=False, reference="B", details=batch(payout, "1000.01", "999.99"))),
        # Of two entries of one reference the first is taken.
        camt(out(payout, reference="B-1"), out(payout, reference="B-1", end_to_end="NOTHING")),
    ):
        answer = data(await upload(office.ada, file), 202)
        assert answer["amounts"] == [{"minor": 100_001, "currency": "EUR", "text": "1000.01"}]
        assert data(await upload(office.ada, file), 202)["outcome"] == "waiting"
    assert await office.states(payout) == ["proposed", "approved", "sent"]
    assert await office.owed() == (0, 100_001)
    assert data(await upload(office.bob, named_table(payout)))["payouts"] == 1
    assert (await office.states(payout))[-1] == "paid"


async def test_payouts_that_one_admin_alone_has_paid_add_up_over_a_day_with_all_else(office: Office) -> None:
    await office.sell(60_000)
    first = await office.sent()
    await office.sell(40_001)
    second = await office.sent()
    assert data(await upload(office.ada, camt(out(first))))["payouts"] == 1
    assert data(await upload(office.ada, camt(out(second))), 202)["outcome"] == "waiting"
    assert (await office.outcome(second, "failed", reason="refused")).status_code == 202
    credit = camt(Row(amount="400.01", structured=reference_of(office.wallet), reference="IN"))
    assert data(await upload(office.ada, credit), 202)["outcome"] == "waiting"
    office.shop.clock.forward(24 * HOUR)
    assert data(await upload(office.ada, camt(out(second))))["payouts"] == 1


async def test_what_was_written_off_one_admin_alone_has_not_paid_by_a_forged_debit(office: Office) -> None:
    await office.sell(150_000)
    payout = await office.sent()
    for who in (office.ada, office.bob):
        await office.outcome(payout, "failed", who, reason="refused")
    assert await office.owed() == (150_000, 0)
    assert data(await upload(office.ada, camt(out(payout))), 202)["outcome"] == "waiting"
    assert await office.owed() == (150_000, 0)
    assert (await office.told(out(payout)))["payouts"] == 1
    assert await office.owed() == (0, 0)


async def test_one_admin_alone_brings_debits_that_move_nothing(office: Office) -> None:
    await office.sell(150_000)
    payout = await office.sent()
    await office.told(out(payout))
    told = data(
        await upload(
            office.ada,
            camt(
                out(payout, reference="AGAIN"),
                out(payout, amount="1499.99", reference="LESS"),
                Row(amount="5000.00", credit=False, reference="RENT"),
            ),
        )
    )
    assert told["unmatched"] == {"PAYOUT_STATE": 1, "PAYOUT_DIFFERS": 1, "DEBIT": 1}
    assert await office.moved(payout) == [("vendor", "clearing", 150_000), ("clearing", "bank", 150_000)]


async def test_of_a_file_in_two_currencies_neither_is_used_up_while_the_other_waits(office: Office) -> None:
    await open_accounts(office.shop, [(YEN, "JPY")])
    cheap = Row(amount="900.00", structured=reference_of(office.wallet), reference="E1")
    dear = Row(amount="2000", currency="JPY", reference="J1")
    file = document(statement(cheap), statement(dear, account=YEN))
    assert [one["minor"] for one in data(await upload(office.ada, file), 202)["amounts"]] == [90_000, 2_000]
    # Of what only waits nothing counts: a day's sum is whole still.
    mine = camt(Row(amount="1000.00", structured=reference_of(office.wallet), reference="E2"))
    assert data(await upload(office.ada, mine))["credited"] == 1
    assert data(await upload(office.bob, file))["credited"] == 1
    theirs = camt(Row(amount="1000.00", structured=reference_of(office.wallet), reference="E3"))
    assert data(await upload(office.bob, theirs))["credited"] == 1


@pytest.mark.parametrize("lot", [1, 2])
async def test_an_import_that_breaks_off_uses_up_no_second_word(
    office: Office, monkeypatch: pytest.MonkeyPatch, lot: int
) -> None:
    rows = [Row(amount="600.00", structured=reference_of(office.wallet), reference=f"A{n}") for n in range(4)]
    await office.sell(120_000)
    payout = await office.sent()
    file, before = camt(*rows, out(payout)), (await office.shop.balances(office.wallet))[0]
    assert data(await upload(office.ada, file), 202)["outcome"] == "waiting"
    with monkeypatch.context() as broken:
        break_at(broken, lot)
        assert refused(await upload(office.bob, file)) == (503, "UNAVAILABLE")
    assert (await office.shop.balances(office.wallet))[0] == before + (lot - 1) * 120_000
    # Whoever of the two brings it again finishes it; before anything was taken it is the second's word that counts.
    done = data(await upload(office.bob if lot == 1 else office.ada, file))
    assert (done["credited"], done["payouts"], done["known"]) == (6 - 2 * lot, 1, 2 * lot - 2)
    assert (await office.shop.balances(office.wallet))[0] == before + 240_000
    assert data(await upload(office.ada, file))["known"] == 5
    other = camt(Row(amount="2400.00", structured=reference_of(office.wallet), reference="B"))
    assert data(await upload(office.bob, other), 202)["outcome"] == "waiting"


async def test_an_import_that_breaks_off_counts_once_for_whoever_brought_it_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Row(amount="200.00", structured=reference_of(office.wallet), reference=f"A{n}") for n in range(4)]
    for lot in (1, 2):
        with monkeypatch.context() as broken:
            break_at(broken, lot)
            assert refused(await upload(office.ada, camt(*rows))) == (503, "UNAVAILABLE")
    assert data(await upload(office.ada, camt(*rows)))["credited"] == 2
    left = [Row(amount="200.00", structured=reference_of(office.wallet), reference=f"B{n}") for n in range(2)]
    assert data(await upload(office.ada, camt(left[0])))["credited"] == 1
    assert data(await upload(office.ada, camt(left[1])), 202)["outcome"] == "waiting"


async def test_what_was_let_in_is_that_file_and_good_for_a_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row(amount="600.00", structured=reference_of(office.wallet), reference=f"A{n}") for n in range(4)]
    data(await upload(office.ada, camt(*rows)), 202)
    with monkeypatch.context() as broken:
        break_at(broken, 2)
        assert refused(await upload(office.bob, camt(*rows))) == (503, "UNAVAILABLE")
    more = [*rows, Row(amount="9000.00", structured=reference_of(office.wallet), reference="MORE")]
    assert data(await upload(office.bob, camt(*more)), 202)["outcome"] == "waiting"
    assert data(await upload(office.bob, camt(*rows[1:])), 202)["outcome"] == "waiting"
    office.shop.clock.forward(24 * HOUR)
    assert data(await upload(office.bob, camt(*rows)), 202)["outcome"] == "waiting"


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

"""Money comes in from the cash desk or by a bank's statement, once, and each time it is written down why."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from shared.ids import uuid7, uuid_text
from syncserver.people.access import Role
from syncserver.reconcile.checks import reconcile
from syncserver.wallets import accounts
from syncserver.wallets.funding import importing
from syncserver.wallets.funding.paying_in import pay_in
from syncserver.wallets.funding.references import reference_of
from tests.syncserver.kit import HOUR, TALLINN, Shop
from tests.syncserver.rest.kit import Person, customer, data, person, refused
from tests.syncserver.rest.statements import (
    ACCOUNT,
    DINAR,
    V02,
    V08,
    YEN,
    Row,
    camt,
    document,
    open_accounts,
    statement,
    table,
    upload,
)

pytestmark = pytest.mark.anyio


async def entries(admin: Person, **query: str) -> list[dict[str, Any]]:
    return list(data(await admin.get("/api/funding/entries", **query))["entries"])


async def online(shop: Shop, wallet: str) -> int:
    return (await shop.balances(wallet))[0]


# ── The cash desk ──


async def test_an_admin_pays_cash_in_against_a_receipt_that_is_good_once(shop: Shop) -> None:
    admin, (ada, wallet) = person(shop, Role.ADMIN), await customer(shop)
    path, body = f"/api/wallets/add-money/{ada.id}", {"amount": "20.00", "receipt": "r-17 "}
    paid = data(await admin.post(path, body, key="one"))
    assert (paid["outcome"], paid["receipt"], paid["amount"]["minor"]) == ("paidIn", "R-17", 2_000)
    assert paid["balances"]["online"]["minor"] == 7_000
    assert data(await admin.post(path, body, key="one")) == paid
    assert refused(await admin.post(path, body, key="two")) == (409, "RECEIPT_USED")
    assert refused(await person(shop, Role.ADMIN).post(path, {**body, "receipt": "R-17"})) == (409, "RECEIPT_USED")
    assert await online(shop, wallet) == 7_000
    asked = await shop.services.pool.fetch("SELECT action, subject, asked_by, went_ahead FROM money_request")
    assert [(row["action"], row["subject"], row["went_ahead"]) for row in asked] == [
        ("cash desk", f"receipt R-17 into {wallet}", True)
    ]
    assert asked[0]["asked_by"].bytes == admin.caller.user_id
    await shop.assert_reconciled()


async def test_above_the_amount_the_desk_takes_two_persons(shop: Shop) -> None:
    ada, bob, (customer_, wallet) = person(shop, Role.ADMIN), person(shop, Role.SUPERADMIN), await customer(shop)
    path, body = f"/api/wallets/add-money/{customer_.id}", {"amount": "1000.01", "receipt": "R-1"}
    for _ in range(2):
        answer = await ada.post(path, body)
        assert data(answer, 202) == {
            "outcome": "waiting",
            "amounts": [{"minor": 100_001, "currency": "EUR", "text": "1000.01"}],
        }
        assert answer.json()["message"] == "Another admin must ask for the same."
    assert data(await bob.post(path, {**body, "receipt": "R-2"}), 202)["outcome"] == "waiting"
    assert await online(shop, wallet) == 5_000
    assert data(await bob.post(path, body))["outcome"] == "paidIn"
    assert refused(await ada.post(path, body)) == (409, "RECEIPT_USED")
    assert await online(shop, wallet) == 105_001
    seen = await shop.services.pool.fetch("SELECT asked_by, went_ahead FROM money_request ORDER BY request")
    assert [(row["asked_by"].bytes == bob.caller.user_id, row["went_ahead"]) for row in seen].count((True, True)) == 1
    await shop.assert_reconciled()


async def test_in_parts_nobody_gets_around_the_second_person(shop: Shop) -> None:
    ada, bob, (customer_, wallet) = person(shop, Role.ADMIN), person(shop, Role.ADMIN), await customer(shop)
    path = f"/api/wallets/add-money/{customer_.id}"
    bodies = [{"amount": "400.00", "receipt": f"R-{number}"} for number in range(4)]
    answers = await asyncio.gather(*(ada.post(path, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 202, 202]
    assert await online(shop, wallet) == 85_000
    left = next(body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 202)
    assert data(await bob.post(path, left))["outcome"] == "paidIn"
    shop.clock.forward(24 * HOUR)
    assert data(await ada.post(path, {"amount": "1000.00", "receipt": "R-9"}))["outcome"] == "paidIn"
    assert await online(shop, wallet) == 225_000
    await shop.assert_reconciled()


async def test_of_many_admins_at_once_a_receipt_is_paid_in_by_one(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    admins = [person(shop, Role.ADMIN) for _ in range(6)]
    path, body = f"/api/wallets/add-money/{ada.id}", {"amount": "20.00", "receipt": "R-1"}
    answers = await asyncio.gather(*(admin.post(path, body) for admin in admins))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert await online(shop, wallet) == 7_000
    large = {"amount": "2000.00", "receipt": "R-2"}
    answers = await asyncio.gather(*(admin.post(path, large) for admin in admins))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert await online(shop, wallet) == 207_000
    await shop.assert_reconciled()


async def test_a_customer_is_told_how_to_pay_and_nothing_moves(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    path = f"/api/wallets/add-money/{ada.id}"
    assert refused(await ada.post(path, {"amount": "20.00"})) == (409, "NO_BANK_ACCOUNT")
    await open_accounts(shop, [(ACCOUNT, "EUR"), (YEN, "JPY")])
    told = data(await ada.post(path, {"amount": "20.00"}))
    assert told == {
        "outcome": "howToPay",
        "reference": reference_of(wallet),
        "referencePrinted": " ".join([reference_of(wallet)[i : i + 4] for i in range(0, 14, 4)]),
        "currency": "EUR",
        "amount": {"minor": 2_000, "currency": "EUR", "text": "20.00"},
        "accounts": [{"account": ACCOUNT, "holder": "Tallystick Ltd", "bic": None}],
    }
    assert data(await ada.post(path, {}))["amount"] is None
    assert refused(await ada.post(path, {"amount": "20.00", "receipt": "R-1"})) == (403, "FORBIDDEN")
    eve, _ = await customer(shop)
    assert refused(await eve.post(path, {"amount": "20.00"})) == (403, "FORBIDDEN")
    vendor = person(shop, Role.VENDOR, vendor=shop.vendor)
    assert refused(await vendor.post(path, {"amount": "20.00"})) == (403, "FORBIDDEN")
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)


async def test_nobody_brings_money_to_a_wallet_of_their_own(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    themselves = person(shop, Role.ADMIN, user_id=ada.caller.user_id)
    body = {"amount": "20.00", "receipt": "R-1"}
    assert refused(await themselves.post(f"/api/wallets/add-money/{ada.id}", body)) == (403, "OWN_WALLET")
    await open_accounts(shop)
    data(await upload(themselves, camt(Row(reference="A1", text="for Ada"))))
    (entry,) = await entries(themselves)
    path = f"/api/funding/assign/{entry['entryId']}"
    assert refused(await themselves.post(path, {"wallet": wallet})) == (403, "OWN_WALLET")
    assert await online(shop, wallet) == 5_000


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "20.00"},
        {"receipt": "R-1"},
        {"amount": 1.5, "receipt": "R-1"},
        {"amount": "0", "receipt": "R-1"},
        {"amount": "20.001", "receipt": "R-1"},
        {"amount": "1,000.00", "receipt": "R-1"},
        {"amount": 2**53, "receipt": "R-1"},
        {"amount": 2**53 - 1, "receipt": "R-1"},
        {"amount": "20.00", "receipt": ""},
        {"amount": "20.00", "receipt": " "},
        {"amount": "20.00", "receipt": "R\0"},
        {"amount": "20.00", "receipt": "x" * 65},
        {"amount": "20.00", "receipt": "R-1", "wallet": "2026112108"},
    ],
)
async def test_the_desk_refuses_what_is_no_cash(shop: Shop, body: dict[str, object]) -> None:
    admin, (ada, wallet) = person(shop, Role.ADMIN), await customer(shop)
    answer = await admin.post(f"/api/wallets/add-money/{ada.id}", body)
    assert answer.status_code in (202, 422), answer.text
    assert await online(shop, wallet) == 5_000
    await shop.assert_reconciled()


async def test_cash_has_a_receipt_and_an_amount(shop: Shop) -> None:
    admin, (ada, _) = person(shop, Role.ADMIN), await customer(shop)
    path = f"/api/wallets/add-money/{ada.id}"
    assert refused(await admin.post(path, {"amount": "20.00"})) == (422, "RECEIPT_REQUIRED")
    assert refused(await admin.post(path, {"receipt": "R-1"})) == (422, "INVALID_AMOUNT")
    assert refused(await admin.post(path, {})) == (422, "RECEIPT_REQUIRED")


async def test_the_desk_knows_no_stranger(shop: Shop) -> None:
    path = f"/api/wallets/add-money/{uuid_text(uuid7(1, bytes(10)))}"
    answer = await person(shop, Role.ADMIN).post(path, {"amount": "20.00", "receipt": "R-1"})
    assert refused(answer) == (404, "UNKNOWN_WALLET")


async def test_a_surrogate_is_no_receipt(shop: Shop) -> None:
    admin, (ada, _) = person(shop, Role.ADMIN), await customer(shop)
    answer = await shop.http.post(
        f"/api/wallets/add-money/{ada.id}",
        content=b'{"amount": "20.00", "receipt": "\\ud800"}',
        headers={**admin.headers, "Idempotency-Key": "one", "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


# ── Statements ──


@pytest.mark.parametrize("namespace", [V02, V08])
async def test_an_entry_credits_the_wallet_that_its_reference_names_once(shop: Shop, namespace: str) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    file = camt(Row(reference="A1", structured=reference_of(wallet)), namespace=namespace)
    first = data(await upload(admin, file))
    assert first["credited"] == 1
    assert first["sums"] == [{"minor": 1_250, "currency": "EUR", "text": "12.50"}]
    again = data(await upload(admin, file))
    assert (again["credited"], again["known"], again["sums"]) == (0, 1, [])
    assert await online(shop, wallet) == 6_250
    (entry,) = await entries(admin, state="credited")
    assert (entry["wallet"], entry["payer"], entry["bookedOn"]) == (wallet, "Maria Tamm", "2026-11-21")
    assert await entries(admin, state="unmatched") == []
    await shop.assert_reconciled()


async def test_an_entry_is_taken_once_whatever_files_it_is_in(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    one, two, three = (
        Row(reference=name, structured=reference_of(wallet), day=day)
        for name, day in (("A1", "2026-11-20"), ("A2", "2026-11-21"), ("A3", "2026-11-22"))
    )
    for file in (camt(one, two), camt(two, three, namespace=V08), table(three, one), table(two), camt(three, two, one)):
        data(await upload(admin, file))
    assert await online(shop, wallet) == 5_000 + 3 * 1_250
    assert len(await entries(admin)) == 3
    await shop.assert_reconciled()


async def test_equal_entries_without_references_are_told_apart_by_their_place(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    equal = Row(text=reference_of(wallet))
    assert data(await upload(admin, camt(equal, equal)))["credited"] == 2
    overlapping = document(statement(equal, equal), statement(equal, equal, replace(equal, day="2026-11-22")))
    again = data(await upload(admin, overlapping))
    assert (again["credited"], again["known"]) == (1, 4)
    assert await online(shop, wallet) == 5_000 + 3 * 1_250
    await shop.assert_reconciled()


async def test_what_may_be_the_same_entry_waits_for_an_admin(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    row = Row(structured=reference_of(wallet), reference="A1")
    data(await upload(admin, camt(row)))
    # Without the bank's reference, with a counter of its own in each statement, or with the reference of another.
    files = [
        table(replace(row, reference=None)),
        camt(replace(row, reference=None, own="1")),
        document(statement(replace(row, reference=None, own="2")), statement(replace(row, reference=None, own="3"))),
        camt(replace(row, amount="99.00")),
    ]
    answers = [data(await upload(admin, file)) for file in files]
    assert [one["credited"] for one in answers] == [0, 0, 0, 0]
    assert [one["unmatched"] for one in answers] == [
        {"POSSIBLE_DUPLICATE": 1},
        {"POSSIBLE_DUPLICATE": 1},
        {"POSSIBLE_DUPLICATE": 2},
        {"REFERENCE_REUSED": 1},
    ]
    assert await online(shop, wallet) == 6_250
    await shop.assert_reconciled()


async def test_two_statements_of_one_file_credit_an_entry_once(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    row = Row(structured=reference_of(wallet), own="1")
    twice = data(await upload(admin, document(statement(row), statement(replace(row, own="2")))))
    assert (twice["credited"], twice["unmatched"]) == (1, {"POSSIBLE_DUPLICATE": 1})
    assert await online(shop, wallet) == 6_250


async def test_imports_at_once_credit_an_entry_once(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    rows = [Row(reference=f"A{number}", structured=reference_of(wallet), amount="1.00") for number in range(40)]
    weak = [replace(row, reference=None, text=f"text {number}") for number, row in enumerate(rows)]
    files = [camt(*rows), camt(*rows[::-1]), table(*rows), camt(*rows[20:]), table(*weak), camt(*weak)]
    answers = await asyncio.gather(*(upload(admin, file) for file in files))
    found = [data(answer) for answer in answers]
    assert await online(shop, wallet) == 5_000 + 100 * sum(one["credited"] for one in found)
    # Those with a reference, or those without one, came first: the others may be the same, and wait.
    assert sum(one["credited"] for one in found) == 40
    await shop.assert_reconciled()


async def test_an_import_that_broke_off_is_run_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    # Equal ones without references: nothing tells them apart but their place in the file.
    file = camt(*[Row(text=reference_of(wallet))] * 5)
    lots = 0

    async def breaking(*arguments: Any) -> None:
        nonlocal lots
        lots += 1
        await pay_in(*arguments)
        if lots == 2:
            raise OSError("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr(importing, "LOT", 2)
        broken.setattr(importing, "pay_in", breaking)
        assert refused(await upload(admin, file)) == (503, "UNAVAILABLE")
    assert await online(shop, wallet) == 5_000 + 2 * 1_250
    await shop.assert_reconciled()
    found = data(await upload(admin, file))
    assert (found["known"], found["credited"], found["unmatched"]) == (2, 3, {})
    assert await online(shop, wallet) == 5_000 + 5 * 1_250
    await shop.assert_reconciled()


async def test_lots_of_imports_at_once_take_turns(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = person(shop, Role.ADMIN)
    people = [await customer(shop) for _ in range(4)]
    wallets = [wallet for _, wallet in people]
    await open_accounts(shop)
    monkeypatch.setattr(importing, "LOT", 3)
    rows = [Row(reference=f"A{n}", structured=reference_of(wallets[n % 4]), amount="1.00") for n in range(40)]
    files = [camt(*rows), camt(*rows[::-1], namespace=V08), table(*rows), table(*rows[20:], *rows[:20])]
    moves = [ada.post(f"/api/wallets/transfer-to-offline/{ada.id}", {"amount": "1.00"}) for ada, _ in people * 3]
    answers = await asyncio.gather(*(upload(admin, file) for file in files), *moves)
    found = [data(answer) for answer in answers[: len(files)]]
    assert [one["credited"] + one["known"] for one in found] == [40] * 4
    assert sum(one["credited"] for one in found) == 40
    assert [await online(shop, wallet) for wallet in wallets] == [5_000 + 1_000 - 300] * 4
    await shop.assert_reconciled()


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_files_come_in_whatever_order_each_entry_counts_once(shop: Shop, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    admin = person(shop, Role.ADMIN)
    wallets = [(await customer(shop))[1] for _ in range(3)]
    await open_accounts(shop)
    days = [
        [
            Row(
                day=f"2026-11-{day:02}",
                amount=dice.choice(["1.00", "2.00"]),
                structured=reference_of(dice.choice(wallets)),
                reference=f"{day}-{number}" if number % 2 else None,
            )
            for number in range(dice.randrange(12))
        ]
        for day in range(1, 8)
    ]
    files = []
    for _ in range(12):
        first, last = sorted(dice.sample(range(8), 2))
        rows = [row for day in days[first:last] for row in day]
        files.append(dice.choice([table(*rows), camt(*rows), camt(*rows, namespace=V08)]))
    files.append(camt(*(row for day in days for row in day)))
    for file in files:
        data(await upload(admin, file))
    rows = [row for day in days for row in day]
    for wallet in wallets:
        mine = [row for row in rows if row.structured == reference_of(wallet)]
        # One without a reference, and one with, of the same wallet, day and amount: in different files they may be one.
        waiting = [one for one in await entries(admin, reason="POSSIBLE_DUPLICATE") if one["named"] == wallet]
        paid = sum(int(row.amount[0]) * 100 for row in mine)
        left = sum(int(one["amount"]["minor"]) for one in waiting)
        assert await online(shop, wallet) == 5_000 + paid - left
    assert len(await entries(admin, limit="200")) == len(rows)
    await shop.assert_reconciled()


async def test_what_is_no_credit_of_ours_is_kept_and_never_credited(shop: Shop) -> None:
    admin, (_, wallet), (_, yen) = (
        person(shop, Role.ADMIN),
        await customer(shop),
        await customer(
            shop,
        ),
    )
    await open_accounts(shop)
    reference = reference_of(wallet)
    rows = [
        Row(reference="1", structured=reference, credit=False),
        Row(reference="2", structured=reference, reversal=True),
        Row(reference="3", structured=reference, credit=False, reversal=True),
        Row(reference="4", structured=reference, status="PDNG"),
        Row(reference="5", text="thanks for all the fish"),
        Row(reference="6", text=f"{reference} {reference_of(yen)}"),
        Row(reference="7", structured=reference_of("0000000000")),
        Row(reference="8", structured=reference, currency="USD"),
        Row(reference="9", structured=reference, amount="0.00"),
        Row(reference="10", structured=reference, amount="90071992547409.90"),
        Row(reference="11", details=f"<TxDtls><RmtInf><Ustrd>{reference}</Ustrd></RmtInf><RtrInf/></TxDtls>"),
    ]
    # Such a sum asks for two.
    assert data(await upload(admin, camt(*rows)), 202)["outcome"] == "waiting"
    found = data(await upload(person(shop, Role.ADMIN), camt(*rows)))
    assert (found["credited"], found["pending"], found["empty"]) == (0, 1, 1)
    assert found["unmatched"] == {
        "CURRENCY": 1,
        "DEBIT": 1,
        "NO_REFERENCE": 1,
        "REVERSAL": 3,
        "SEVERAL_REFERENCES": 1,
        "TOO_MUCH": 1,
        "UNKNOWN_WALLET": 1,
    }
    assert await online(shop, wallet) == 5_000
    for one in await entries(admin):
        answer = await admin.post(f"/api/funding/assign/{one['entryId']}", {"wallet": wallet})
        if one["reason"] in ("DEBIT", "REVERSAL"):
            assert refused(answer) == (409, "BANK_ENTRY_STATE"), one
    # The pending one comes again when it is booked.
    assert data(await upload(admin, camt(replace(rows[3], status="BOOK"))))["credited"] == 1
    await shop.assert_reconciled()


async def test_a_batch_is_taken_apart_and_never_credited_whole(shop: Shop) -> None:
    admin, (_, one), (_, two) = person(shop, Role.ADMIN), await customer(shop), await customer(shop)
    await open_accounts(shop)

    def part(amount: str, wallet: str) -> str:
        told = f"<RmtInf><Ustrd>{reference_of(wallet)}</Ustrd></RmtInf>"
        return f'<TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>{told}</TxDtls>'

    details = part("5.00", one) + part("5.00", one) + part("2.50", two)
    file = camt(Row(reference="B", details=details))
    assert data(await upload(admin, file))["credited"] == 3
    assert data(await upload(admin, file))["known"] == 1
    assert data(await upload(admin, table(Row(reference="B", text=reference_of(one)))))["known"] == 1
    assert (await online(shop, one), await online(shop, two)) == (6_000, 5_250)
    short = camt(Row(reference="C", details=part("5.00", one) + part("2.50", two)))
    assert data(await upload(admin, short))["unmatched"] == {"BATCH": 1}
    await shop.assert_reconciled()


async def test_amounts_are_exact_in_every_currency(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    await open_accounts(shop, [(ACCOUNT, "EUR"), (YEN, "JPY"), (DINAR, "KWD")])
    wallets = {}
    for currency in ("EUR", "JPY", "KWD"):
        made = await accounts.add_customer(shop.services, name="Maria Tamm", home=TALLINN, currency=currency)
        wallets[currency] = made.wallet
    rows = {
        (ACCOUNT, "EUR"): ["12.5", "12.50", "12.50000", "12,50"],
        (YEN, "JPY"): ["125", "125.00"],
        (DINAR, "KWD"): ["1.25", "1.250"],
    }
    for (account, currency), amounts in rows.items():
        named = [
            Row(reference=f"{number}", amount=amount, currency=currency, structured=reference_of(wallets[currency]))
            for number, amount in enumerate(amounts)
        ]
        data(await upload(admin, camt(*named, account=account.replace("-", ""))))
    assert [await online(shop, wallet) for wallet in wallets.values()] == [5_000, 250, 2_500]
    desk = Row(reference="9", amount="0,001", currency="KWD", structured=reference_of(wallets["KWD"]))
    data(await upload(admin, table(desk, account=DINAR, delimiter=";")))
    assert await online(shop, wallets["KWD"]) == 2_501
    await shop.assert_reconciled()


@pytest.mark.parametrize(
    "amount", ["1,250.00", "1.250,00", "1 250.00", "1.000", "12.505", "1e3", "NaN", "", "٣", "--1"]
)
async def test_what_is_no_amount_refuses_the_whole_file(shop: Shop, amount: str) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    good = Row(reference="A1", structured=reference_of(wallet))
    bad = replace(good, reference="A2", amount=amount)
    assert refused(await upload(admin, table(good, bad))) == (422, "INVALID_STATEMENT")
    if amount != "1.000":  # in XML a point is a decimal point
        assert refused(await upload(admin, camt(good, bad))) == (422, "INVALID_STATEMENT")
    assert await online(shop, wallet) == 5_000
    assert await entries(admin) == []


async def test_only_statements_of_our_own_accounts_are_believed(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    file = camt(Row(reference="A1", structured=reference_of(wallet)))
    assert refused(await upload(admin, file)) == (422, "UNKNOWN_BANK_ACCOUNT")
    await open_accounts(shop, [(YEN, "JPY")])
    assert refused(await upload(admin, file)) == (422, "UNKNOWN_BANK_ACCOUNT")
    # An account in yen is credited in yen alone.
    named = Row(reference="A1", structured=reference_of(wallet), currency="EUR")
    assert data(await upload(admin, camt(named, account="00051234567")))["unmatched"] == {"CURRENCY": 1}
    assert await online(shop, wallet) == 5_000


async def test_a_large_import_takes_two_persons(shop: Shop) -> None:
    ada, bob, (_, wallet) = person(shop, Role.ADMIN), person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    file = camt(*(Row(reference=f"A{n}", structured=reference_of(wallet), amount="600.00") for n in range(2)))
    assert data(await upload(ada, file), 202)["amounts"][0]["minor"] == 120_000
    assert data(await upload(ada, file), 202)["outcome"] == "waiting"
    assert await online(shop, wallet) == 5_000
    assert data(await upload(bob, file))["credited"] == 2
    assert data(await upload(ada, file))["known"] == 2
    assert await online(shop, wallet) == 125_000
    await shop.assert_reconciled()


async def test_what_an_admin_brings_in_alone_adds_up_over_files_entries_and_the_desk(shop: Shop) -> None:
    ada, bob = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    (_, wallet), (other, _) = await customer(shop), await customer(shop)
    await open_accounts(shop)
    files = [camt(Row(reference=f"A{n}", structured=reference_of(wallet), amount="300.00")) for n in range(6)]
    answers = await asyncio.gather(*(upload(ada, file) for file in files))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202, 202, 202]
    assert await online(shop, wallet) == 95_000
    desk = f"/api/wallets/add-money/{other.id}"
    assert data(await ada.post(desk, {"amount": "100.01", "receipt": "R-1"}), 202)["outcome"] == "waiting"
    assert data(await ada.post(desk, {"amount": "100.00", "receipt": "R-2"}))["outcome"] == "paidIn"
    left = next(file for file, answer in zip(files, answers, strict=True) if answer.status_code == 202)
    assert data(await upload(ada, left), 202)["outcome"] == "waiting"
    assert data(await upload(bob, left))["credited"] == 1, "it is nothing that he brought in before"
    shop.clock.forward(24 * HOUR)
    assert data(await ada.post(desk, {"amount": "900.00", "receipt": "R-3"}))["outcome"] == "paidIn"
    await shop.assert_reconciled()


async def test_what_two_admins_brought_in_counts_for_neither(shop: Shop) -> None:
    ada, bob, (_, wallet) = person(shop, Role.ADMIN), person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    file = camt(Row(reference="A1", structured=reference_of(wallet), amount="5000.00"))
    data(await upload(ada, file), 202)
    data(await upload(bob, file))
    for number, admin in enumerate((ada, bob)):
        small = camt(Row(reference=f"B{number}", structured=reference_of(wallet), amount="1000.00"))
        assert data(await upload(admin, small))["credited"] == 1
    assert await online(shop, wallet) == 5_000 + 700_000
    await shop.assert_reconciled()


# ── Assigning ──


async def test_an_unmatched_entry_is_assigned_once(shop: Shop) -> None:
    admin, (_, wallet), (_, other) = person(shop, Role.ADMIN), await customer(shop), await customer(shop)
    await open_accounts(shop)
    data(await upload(admin, camt(Row(reference="A1", text="from Maria"))))
    (entry,) = await entries(admin, state="unmatched", reason="NO_REFERENCE")
    path = f"/api/funding/assign/{entry['entryId']}"
    assigned = data(await admin.post(path, {"wallet": wallet}, key="one"))["entry"]
    assert (assigned["state"], assigned["wallet"], assigned["reason"]) == ("credited", wallet, "NO_REFERENCE")
    assert assigned["decidedBy"] == f"admin {admin.id}"
    assert data(await admin.post(path, {"wallet": wallet}, key="one"))["entry"] == assigned
    assert refused(await admin.post(path, {"wallet": other})) == (409, "BANK_ENTRY_STATE")
    assert (await online(shop, wallet), await online(shop, other)) == (6_250, 5_000)
    assert data(await upload(admin, camt(Row(reference="A1", text="from Maria"))))["known"] == 1
    await shop.assert_reconciled()


async def test_of_assignments_at_once_one_credits(shop: Shop) -> None:
    admins = [person(shop, Role.ADMIN) for _ in range(6)]
    wallets = [(await customer(shop))[1] for _ in range(3)]
    await open_accounts(shop)
    data(await upload(admins[0], camt(Row(reference="A1"))))
    (entry,) = await entries(admins[0])
    path = f"/api/funding/assign/{entry['entryId']}"
    answers = await asyncio.gather(
        *(admin.post(path, {"wallet": wallets[number % 3]}) for number, admin in enumerate(admins))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert sum([await online(shop, wallet) for wallet in wallets]) == 3 * 5_000 + 1_250
    await shop.assert_reconciled()


async def test_a_large_entry_is_assigned_by_two(shop: Shop) -> None:
    ada, bob, (_, wallet), (_, other) = (
        person(shop, Role.ADMIN),
        person(shop, Role.ADMIN),
        await customer(shop),
        await customer(shop),
    )
    await open_accounts(shop)
    file = camt(Row(reference="A1", amount="5000.00"))
    data(await upload(ada, file), 202)
    data(await upload(bob, file))
    (entry,) = await entries(ada)
    path = f"/api/funding/assign/{entry['entryId']}"
    assert data(await ada.post(path, {"wallet": wallet}), 202)["outcome"] == "waiting"
    assert data(await bob.post(path, {"wallet": other}), 202)["outcome"] == "waiting"
    assert data(await bob.post(path, {"wallet": wallet}))["entry"]["wallet"] == wallet
    assert refused(await ada.post(path, {"wallet": other})) == (409, "BANK_ENTRY_STATE")
    assert (await online(shop, wallet), await online(shop, other)) == (505_000, 5_000)
    await shop.assert_reconciled()


async def test_assigning_refuses_what_does_not_fit(shop: Shop) -> None:
    admin, (ada, wallet) = person(shop, Role.ADMIN), await customer(shop)
    yen = (await accounts.add_customer(shop.services, name="Kenji", home=TALLINN, currency="JPY")).wallet
    await open_accounts(shop)
    data(await upload(admin, camt(Row(reference="A1"))))
    (entry,) = await entries(admin)
    path = f"/api/funding/assign/{entry['entryId']}"
    assert refused(await admin.post(path, {"wallet": yen})) == (422, "INVALID_CURRENCY")
    assert refused(await admin.post(path, {"wallet": "0000000000"})) == (404, "UNKNOWN_WALLET")
    assert refused(await admin.post(path, {"wallet": "2026112109"})) == (422, "INVALID_WALLET")
    assert refused(await admin.post(path, {"wallet": wallet, "amount": 1})) == (422, "MALFORMED")
    unknown = f"/api/funding/assign/{uuid_text(uuid7(1, bytes(10)))}"
    assert refused(await admin.post(unknown, {"wallet": wallet})) == (404, "UNKNOWN_BANK_ENTRY")
    for somebody in (ada, person(shop, Role.VENDOR, vendor=shop.vendor)):
        assert refused(await somebody.post(path, {"wallet": wallet})) == (403, "FORBIDDEN")
        assert refused(await somebody.get("/api/funding/entries")) == (403, "FORBIDDEN")
        assert refused(await upload(somebody, camt(Row()))) == (403, "FORBIDDEN")
    assert await online(shop, wallet) == 5_000
    await shop.assert_reconciled()


async def test_entries_are_listed_in_pages(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    await open_accounts(shop)
    data(await upload(admin, camt(*(Row(reference=f"A{number}") for number in range(7)))))
    seen: list[str] = []
    query = {"limit": "3", "state": "unmatched"}
    while True:
        page = data(await admin.get("/api/funding/entries", **query))
        seen += [one["entryId"] for one in page["entries"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)
    for bad in ({"limit": "0"}, {"limit": "201"}, {"cursor": "x"}, {"state": "lost"}, {"reason": "x"}, {"what": "1"}):
        assert refused(await admin.get("/api/funding/entries", **bad)) == (422, "MALFORMED")


async def test_reconciling_finds_money_that_came_from_nowhere(shop: Shop) -> None:
    admin, (ada, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    data(await upload(admin, camt(Row(reference="A1", structured=reference_of(wallet)))))
    data(await admin.post(f"/api/wallets/add-money/{ada.id}", {"amount": "1.00", "receipt": "R-1"}))
    await shop.assert_reconciled()
    owner = await shop.target.connect_owner()
    try:
        for edit, found in (
            ("DELETE FROM cash_receipt", 1),
            ("UPDATE bank_entry SET amount = amount + 1", 2),
            ("DELETE FROM bank_entry", 2),
        ):
            await owner.execute(edit)
            assert [one.check for one in (await reconcile(shop.services)).findings] == ["fundings"] * found
    finally:
        await owner.close()


REFUSED = {
    asyncpg.InsufficientPrivilegeError: [
        "UPDATE bank_entry SET amount = amount + 1",
        "UPDATE bank_entry SET named = NULL",
        "DELETE FROM bank_entry",
        "UPDATE bank_import SET actor = 'x'",
        "UPDATE bank_account SET currency = 'USD'",
        "DELETE FROM bank_account",
        "UPDATE cash_receipt SET amount = 1",
        "DELETE FROM cash_receipt",
        "UPDATE money_request SET went_ahead = false",
        "DELETE FROM money_request",
    ],
    asyncpg.CheckViolationError: [
        "UPDATE bank_entry SET wallet = NULL WHERE state = 'credited'",
        "UPDATE bank_entry SET number = NULL WHERE state = 'credited'",
        "UPDATE bank_entry SET state = 'unmatched' WHERE state = 'credited'",
        "UPDATE bank_entry SET state = 'credited', wallet = '1', number = 1 WHERE NOT credit",
        "UPDATE bank_entry SET state = 'credited' WHERE credit",
    ],
    asyncpg.UniqueViolationError: [
        (
            "UPDATE bank_entry b SET state = 'credited', wallet = o.wallet, number = o.number FROM bank_entry o"
            " WHERE o.state = 'credited' AND b.credit AND b.state = 'unmatched'"
        ),
        "INSERT INTO bank_entry SELECT * FROM bank_entry",
    ],
}


async def test_the_database_itself_keeps_what_came_in(shop: Shop) -> None:
    admin, (ada, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    rows = [Row(reference="1", structured=reference_of(wallet)), Row(reference="2"), Row(reference="3", credit=False)]
    data(await upload(admin, camt(*rows)))
    data(await admin.post(f"/api/wallets/add-money/{ada.id}", {"amount": "1.00", "receipt": "R-1"}))
    for error, statements in REFUSED.items():
        for one in statements:
            with pytest.raises(error):
                await shop.services.pool.execute(one)
    await shop.assert_reconciled()

"""Online payments: judged before, settled at once, once."""

import asyncio
import json
from typing import Any

import pytest

from shared.geo import Place
from shared.ids import uuid_text
from shared.lifecycles import Status
from syncserver.people.access import Role
from syncserver.registry import vendors
from syncserver.wallets import accounts
from tests.syncserver.kit import HOUR, SECOND, TALLINN, Shop
from tests.syncserver.rest.kit import customer, data, person, refused
from tests.syncserver.rest.paying import FAR_AWAY, ONLINE, loosen, pay, rich

pytestmark = pytest.mark.anyio

SMALL = {"lat": TALLINN.lat, "lon": TALLINN.lon}


async def count(shop: Shop) -> int:
    return int(await shop.services.pool.fetchval("SELECT count(*) FROM payment"))


async def test_a_payment_settles_from_the_online_balance(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    paid = data(await pay(ada, "12.50", currency="EUR"))
    assert (paid["state"], paid["channel"], paid["reasons"]) == ("SUCCESSFUL", "online", [])
    assert paid["amount"] == {"minor": 1_250, "currency": "EUR", "text": "12.50"}
    assert (paid["wallet"], paid["vendor"]) == (wallet, uuid_text(shop.vendor))
    assert await shop.balances(wallet) == (3_750, 15_000, 0, 0)
    assert await shop.vendor_balance() == 1_250
    rows = await shop.services.pool.fetch("SELECT debit, credit, actor FROM transfer WHERE cause = 'pay'")
    assert [tuple(row) for row in rows] == [("online", "vendor", f"customer {ada.id}")]
    await shop.assert_reconciled()


async def test_the_same_key_pays_once(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    answers = [await pay(ada, "10.00", key="one") for _ in range(3)]
    answers += await asyncio.gather(*(pay(ada, "10.00", key="one") for _ in range(6)))
    assert len({json.dumps(data(answer), sort_keys=True) for answer in answers}) == 1
    assert refused(await pay(ada, "10.01", key="one")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await shop.balances(wallet) == (4_000, 15_000, 0, 0)
    assert await count(shop) == 1
    await shop.assert_reconciled()


async def test_a_refusal_leaves_its_key_free_and_no_trace(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    assert refused(await pay(ada, "50.01", key="one")) == (409, "INSUFFICIENT_BALANCE")
    assert refused(await pay(ada, "100.01", key="one")) == (422, "FRAUD_DETECTED")
    assert await count(shop) == 0
    assert data(await pay(ada, "50.00", key="one"))["state"] == "SUCCESSFUL"
    assert await shop.balances(wallet) == (0, 15_000, 0, 0)
    await shop.assert_reconciled()


async def test_what_is_spent_at_the_same_time_is_never_more_than_there_is(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    _, raw = till.pay(code, 500)
    body = {"amount": "20.00"}
    answers, receipt, _ = await asyncio.gather(
        asyncio.gather(*(pay(ada, "20.00") for _ in range(5))),
        till.upload(raw),
        asyncio.gather(*(ada.post(f"/api/wallets/transfer-to-offline/{ada.id}", body) for _ in range(3))),
    )
    assert receipt.results[0].status is Status.SETTLED
    settled = [answer for answer in answers if answer.status_code == 200]
    assert len(settled) <= 2
    assert {refused(answer) for answer in answers if answer.status_code != 200} == {(409, "INSUFFICIENT_BALANCE")}
    assert (await shop.balances(wallet))[0] == 1_000
    assert await shop.vendor_balance() == 500 + 2_000 * len(settled)
    await shop.assert_reconciled()


@pytest.mark.parametrize(
    ("limits", "amount", "reason"),
    [
        ({}, "100.01", "PAYMENT_LIMIT"),
        ({"daily_limit": 1_000}, "10.01", "DAILY_LIMIT"),
        ({"rate_count": 0}, "1.00", "RATE_LIMIT"),
    ],
)
async def test_a_rule_refuses_with_the_tills_action(
    shop: Shop, limits: dict[str, Any], amount: str, reason: str
) -> None:
    ada, wallet = await rich(shop)
    await loosen(shop, **limits)
    answer = await pay(ada, amount)
    assert refused(answer) == (422, "FRAUD_DETECTED")
    assert reason in answer.json()["message"]
    assert await count(shop) == 0
    assert (await shop.balances(wallet))[0] == 520_000


async def test_a_day_is_of_both_channels(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    await loosen(shop, daily_limit=2_000)
    till, codes = await shop.terminal(), await shop.codes(wallet, 3)
    await till.pull()
    assert (await till.result(till.pay(codes[0], 1_500)[1])).status is Status.SETTLED
    assert refused(await pay(ada, "5.01")) == (422, "FRAUD_DETECTED")
    assert data(await pay(ada, "5.00"))["state"] == "SUCCESSFUL"
    late = await till.result(till.pay(codes[1], 1)[1])
    assert (late.status, late.reasons) == (Status.FLAGGED, ("DAILY_LIMIT",))
    await shop.assert_reconciled()


async def test_an_offline_payment_is_judged_beside_online_ones_without_a_place(shop: Shop) -> None:
    ada, wallet = await customer(
        shop,
    )
    await loosen(shop, rate_count=2)
    till, codes = await shop.terminal(), await shop.codes(wallet, 3)
    await till.pull()
    for _ in range(2):
        data(await pay(ada, "1.00"))
    third = await till.result(till.pay(codes[0], 100)[1])
    assert (third.status, third.reasons) == (Status.FLAGGED, ("RATE_LIMIT",))
    await shop.assert_reconciled()


async def test_a_blocked_wallet_or_vendor_pays_nothing(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    await accounts.block(shop.services, wallet, blocked=True)
    assert refused(await pay(ada, "1.00")) == (422, "FRAUD_DETECTED")
    await accounts.block(shop.services, wallet, blocked=False)
    await vendors.block_vendor(shop.services, shop.vendor, blocked=True)
    answer = await pay(ada, "1.00")
    assert refused(answer) == (422, "FRAUD_DETECTED")
    assert "BLOCKED" in answer.json()["message"]
    await vendors.block_vendor(shop.services, shop.vendor, blocked=False)
    assert data(await pay(ada, "1.00"))["state"] == "SUCCESSFUL"


async def test_currencies_must_be_one(shop: Shop) -> None:
    ada, _ = await customer(shop)
    assert refused(await pay(ada, "1.00", currency="USD")) == (422, "FRAUD_DETECTED")
    assert refused(await pay(ada, "1.00", currency="EURO")) == (422, "INVALID_CURRENCY")
    assert refused(await pay(ada, "1.00", currency="")) == (422, "INVALID_CURRENCY")
    yen = await vendors.add_vendor(shop.services, name="Far Shop", place=TALLINN, currency="JPY")
    assert refused(await pay(ada, "1.00", vendorId=uuid_text(yen))) == (422, "FRAUD_DETECTED")
    assert await count(shop) == 0


async def test_a_place_far_from_home_or_too_fast_is_flagged_and_its_money_waits(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    assert data(await pay(ada, "1.00", place=SMALL))["state"] == "SUCCESSFUL"
    shop.clock.forward(60 * SECOND)
    paid = data(await pay(ada, "2.00", place={"lat": FAR_AWAY.lat, "lon": FAR_AWAY.lon}))
    assert paid["state"] == "FLAGGED"
    assert paid["reasons"] == [], "what gives a thief away is for admins"
    assert await shop.balances(wallet) == (4_700, 15_000, 0, 200)
    seen = data(await person(shop, Role.ADMIN).get(f"/api/transactions/{paid['id']}"))
    assert seen["reasons"] == ["DISTANCE", "SPEED"]
    assert await shop.vendor_balance() == 100
    await shop.assert_reconciled()


async def test_a_policy_may_flag_what_would_be_refused(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    await loosen(shop, payment_limit=100, actions={"PAYMENT_LIMIT": "flag"})
    paid = data(await pay(ada, "2.00"))
    assert (paid["state"], paid["reasons"]) == ("FLAGGED", ["PAYMENT_LIMIT"])
    assert await shop.balances(wallet) == (4_800, 15_000, 0, 200)
    await shop.assert_reconciled()


async def test_an_online_payment_does_not_make_the_next_till_seem_far_away(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    far = await vendors.add_vendor(shop.services, name="Web Shop", place=Place(0, 0), currency="EUR")
    data(await pay(ada, "1.00", vendorId=uuid_text(far)))
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    assert (await till.result(till.pay(code, 100)[1])).status is Status.SETTLED
    await shop.assert_reconciled()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 1.5},
        {"amount": "1.505"},
        {"amount": 0},
        {"amount": -1},
        {"amount": 2**70},
        {"amount": True},
        {"amount": None},
        {"amount": "9" * 5_000},
        {"amount": "\x00"},
        {"vendorId": "x"},
        {"vendorId": None},
        {"vendorId": "\x00"},
        {"currency": "E\x00R"},
        {"place": {"lat": 900_000_001, "lon": 0}},
        {"place": {"lat": 1.5, "lon": 0}},
        {"place": []},
        {"extra": 1},
    ],
)
async def test_hostile_requests_are_422(shop: Shop, changes: dict[str, Any]) -> None:
    ada, wallet = await customer(shop)
    body = {"vendorId": uuid_text(shop.vendor), "amount": "1.00"} | changes
    assert (await ada.post(ONLINE, body)).status_code == 422
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"vendorId": "%s", "amount": "1.00", "currency": "\\ud800"}',
        b'{"vendorId": "%s", "amount": "\\ud800"}',
        b'{"vendorId": "%s\\ud800", "amount": 1}',
        b'{"vendorId": "%s", "amount": 1e400}',
        b'{"vendorId": "%s", "amount": 1, "amount": 2.0}',
        b'{"vendorId": "%s", "amount": 1',
        b"[" * 60_000,
        b"\xff\xfe",
        b"",
    ],
)
async def test_hostile_bytes_are_422(shop: Shop, raw: bytes) -> None:
    ada, wallet = await customer(shop)
    body = raw.replace(b"%s", uuid_text(shop.vendor).encode())
    headers = {**ada.headers, "Idempotency-Key": "one", "Content-Type": "application/json"}
    answer = await shop.http.post(ONLINE, content=body, headers=headers)
    assert answer.status_code == 422
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)


async def test_only_customers_with_a_wallet_pay_vendors_that_are_there(shop: Shop) -> None:
    ada, _ = await customer(shop)
    assert refused(await pay(ada, "1.00", vendorId=uuid_text(bytes(16)))) == (404, "UNKNOWN_VENDOR")
    assert refused(await pay(person(shop, Role.CUSTOMER), "1.00")) == (404, "UNKNOWN_WALLET")
    for role in (Role.ADMIN, Role.SUPERADMIN, Role.VENDOR):
        assert refused(await pay(person(shop, role, vendor=shop.vendor), "1.00")) == (403, "FORBIDDEN")
    till = await shop.terminal()
    answer = await shop.http.post(ONLINE, json={}, headers={"Authorization": till.headers["Authorization"]})
    assert answer.status_code == 401
    answer = await shop.http.post(ONLINE, json={"vendorId": uuid_text(shop.vendor), "amount": 1}, headers=ada.headers)
    assert refused(answer) == (422, "IDEMPOTENCY_KEY_REQUIRED")


async def test_a_day_later_the_limit_is_a_new_one(shop: Shop) -> None:
    ada, _ = await rich(shop)
    for _ in range(4):
        data(await pay(ada, "100.00"))
    assert refused(await pay(ada, "0.01")) == (422, "FRAUD_DETECTED")
    shop.clock.forward(24 * HOUR)
    assert data(await pay(ada, "0.01"))["state"] == "SUCCESSFUL"
    await shop.assert_reconciled()

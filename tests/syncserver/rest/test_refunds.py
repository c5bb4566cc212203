"""Refunds: whole or in parts, once, and never more than was paid."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from shared.geo import Place
from shared.ids import uuid7, uuid_text
from shared.lifecycles import Status
from syncserver.payments import views
from syncserver.payments.review import review
from syncserver.people.access import Role
from syncserver.registry import vendors
from syncserver.wallets import accounts
from tests.syncserver.kit import TALLINN, Code, FakeTerminal, Shop
from tests.syncserver.rest.kit import Person, customer, data, person, refused
from tests.syncserver.rest.paying import flagged, loosen, pay, seller

pytestmark = pytest.mark.anyio

FAR = Place.from_degrees("59.1", "24.7536")


async def refund(who: Person, payment: str, amount: Any = None, *, key: str | None = None) -> httpx.Response:
    body = {"reason": "came back"} | ({} if amount is None else {"amount": amount})
    return await who.post(f"/api/transactions/refund/{payment}", body, key=key)


async def paid_offline(shop: Shop, wallet: str, amount: int) -> tuple[str, FakeTerminal, Code]:
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    payment, raw = till.pay(code, amount)
    assert (await till.result(raw)).status is Status.SETTLED
    return uuid_text(payment), till, code


def set_services(shop: Shop, **changes: Any) -> None:
    """Let the shop's server go on with other settings."""
    app = shop.http._transport.app  # type: ignore[attr-defined] # httpx has no other way
    assert isinstance(app, Starlette)
    app.state.services = replace(shop.services, **changes)


async def test_a_vendor_refunds_in_parts_and_then_the_rest(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    payment = data(await pay(ada, "30.00"))["id"]
    clerk = seller(shop)
    first = data(await refund(clerk, payment, "10.00"))
    assert (first["state"], first["refunded"]["minor"]) == ("SUCCESSFUL", 1_000)
    assert first["wallet"] == "******" + wallet[-4:]
    assert refused(await refund(clerk, payment, "20.01")) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert await shop.balances(wallet) == (3_000, 15_000, 0, 0)
    await shop.assert_reconciled()
    rest = data(await refund(clerk, payment))
    assert (rest["state"], rest["refunded"]["minor"]) == ("REVERSED", 3_000)
    assert refused(await refund(clerk, payment, 1)) == (409, "NOT_REFUNDABLE")
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    assert await shop.vendor_balance() == 0
    detail = data(await ada.get(f"/api/transactions/{payment}"))
    assert [(one["from"], one["to"], one["actor"]) for one in detail["events"]] == [
        ("PROCESSING", "SUCCESSFUL", "customer"),
        ("SUCCESSFUL", "REVERSED", "vendor"),
    ]
    assert [(one["number"], one["amount"]["text"], one["reason"], one["actor"]) for one in detail["refunds"]] == [
        (1, "10.00", "came back", "vendor"),
        (2, "20.00", "came back", "vendor"),
    ]
    await shop.assert_reconciled()


async def test_an_offline_payment_is_refunded_to_the_online_balance(shop: Shop) -> None:
    _, wallet = await customer(shop)
    payment, till, _ = await paid_offline(shop, wallet, 1_000)
    online = (await shop.balances(wallet))[0]
    assert data(await refund(seller(shop), payment, 400))["state"] == "SUCCESSFUL"
    assert data(await refund(person(shop, Role.ADMIN), payment))["state"] == "REVERSED"
    assert (await shop.balances(wallet))[0] == online + 1_000
    assert await shop.vendor_balance() == 0
    assert (await till.pull()).updates == (), "its till took the money, and holds that against its shift"
    await shop.assert_reconciled()


async def test_a_void_reverses_what_refunds_left(shop: Shop) -> None:
    _, wallet = await customer(shop)
    payment, till, _ = await paid_offline(shop, wallet, 1_000)
    before = await shop.balances(wallet)
    data(await refund(seller(shop), payment, 400))
    await till.upload(till.void(bytes.fromhex(payment.replace("-", ""))))
    after = await shop.balances(wallet)
    assert (after[0] - before[0], after[1] - before[1]) == (400, 600)
    assert await shop.vendor_balance() == 0
    assert refused(await refund(seller(shop), payment, 1)) == (409, "NOT_REFUNDABLE")
    await shop.assert_reconciled()


async def test_a_void_after_a_whole_refund_has_no_effect(shop: Shop) -> None:
    _, wallet = await customer(shop)
    payment, till, _ = await paid_offline(shop, wallet, 1_000)
    data(await refund(seller(shop), payment))
    balances = await shop.balances(wallet)
    await till.upload(till.void(bytes.fromhex(payment.replace("-", ""))))
    assert await shop.balances(wallet) == balances
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_a_till_hears_of_an_approval_and_not_of_the_refund_behind_it(shop: Shop) -> None:
    wallet = await shop.customer(home=FAR)
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    payment, raw = till.pay(code, 1_000)
    assert (await till.result(raw)).status is Status.FLAGGED
    await review(shop.services, await views.find(shop.services, payment), approve=True, reason=None, actor="test")
    data(await refund(seller(shop), uuid_text(payment)))
    assert [(one.id, one.status) for one in (await till.pull()).updates] == [(payment, Status.SETTLED)]
    await shop.assert_reconciled()


async def test_a_payment_that_is_not_settled_is_not_refunded(shop: Shop) -> None:
    admin, clerk = person(shop, Role.ADMIN), seller(shop)
    waiting = await flagged(shop)
    assert refused(await refund(clerk, waiting)) == (409, "NOT_REFUNDABLE")
    path = f"/api/transactions/review-transaction/{admin.id}/{waiting}/reject"
    data(await admin.post(path, {"reason": "no"}))
    assert refused(await refund(clerk, waiting)) == (409, "NOT_REFUNDABLE")
    _, wallet = await customer(shop)
    till, codes = await shop.terminal(), await shop.codes(wallet, 2, 1_000)
    failed, raw = till.pay(codes[0], 1_001)
    assert (await till.result(raw)).status is Status.FAILED
    voided, raw = till.pay(codes[1], 500)
    await till.upload(raw, till.void(voided))
    for payment in (failed, voided):
        assert refused(await refund(clerk, uuid_text(payment))) == (409, "NOT_REFUNDABLE")
    await shop.assert_reconciled()


async def test_of_many_refunds_at_once_no_more_than_was_paid_goes_back(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    payment = data(await pay(ada, "30.00"))["id"]
    clerk, admin = seller(shop), person(shop, Role.ADMIN)
    answers = await asyncio.gather(*(refund(who, payment, "7.00") for _ in range(5) for who in (clerk, admin)))
    assert sum(answer.status_code == 200 for answer in answers) == 4
    assert {refused(answer) for answer in answers if answer.status_code != 200} == {(409, "REFUND_EXCEEDS_PAYMENT")}
    whole = await asyncio.gather(*(refund(who, payment) for _ in range(3) for who in (clerk, admin)))
    assert sum(answer.status_code == 200 for answer in whole) == 1
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_a_refund_and_a_void_at_once_give_back_what_was_paid_once(shop: Shop) -> None:
    _, wallet = await customer(shop)
    payment, till, _ = await paid_offline(shop, wallet, 1_000)
    before = sum(await shop.balances(wallet))
    void = till.void(bytes.fromhex(payment.replace("-", "")))
    await asyncio.gather(refund(seller(shop), payment), till.upload(void), refund(person(shop, Role.ADMIN), payment, 1))
    assert sum(await shop.balances(wallet)) == before + 1_000
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_the_same_key_refunds_once(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    payment = data(await pay(ada, "30.00"))["id"]
    clerk = seller(shop)
    answers = await asyncio.gather(*(refund(clerk, payment, "5.00", key="one") for _ in range(6)))
    assert {data(answer)["refunded"]["minor"] for answer in answers} == {500}
    assert refused(await refund(clerk, payment, "6.00", key="one")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await shop.balances(wallet) == (2_500, 15_000, 0, 0)
    await shop.assert_reconciled()


async def test_refunds_are_of_ones_own_payments(shop: Shop) -> None:
    ada, _ = await customer(shop)
    payment = data(await pay(ada, "30.00"))["id"]
    other = await vendors.add_vendor(shop.services, name="Other Shop", place=TALLINN, currency="EUR")
    stranger = person(shop, Role.VENDOR, vendor=other)
    unknown = uuid_text(uuid7(shop.clock(), bytes(10)))
    assert refused(await refund(stranger, payment)) == refused(await refund(stranger, unknown))
    assert refused(await refund(stranger, payment)) == (404, "UNKNOWN_PAYMENT")
    assert refused(await refund(person(shop, Role.VENDOR), payment)) == (404, "UNKNOWN_PAYMENT")
    assert refused(await refund(ada, payment)) == (403, "FORBIDDEN")
    assert await shop.vendor_balance() == 3_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MALFORMED"),
        ({"reason": " "}, "REASON_REQUIRED"),
        ({"reason": "x" * 129}, "MALFORMED"),
        ({"reason": "a\x00b"}, "MALFORMED"),
        ({"reason": "ok", "amount": 0}, "INVALID_AMOUNT"),
        ({"reason": "ok", "amount": "-1.00"}, "INVALID_AMOUNT"),
        ({"reason": "ok", "amount": 2**60}, "INVALID_AMOUNT"),
        ({"reason": "ok", "amount": 0.5}, "MALFORMED"),
    ],
)
async def test_hostile_refunds_are_422(shop: Shop, body: dict[str, Any], code: str) -> None:
    ada, _ = await customer(shop)
    payment = data(await pay(ada, "30.00"))["id"]
    assert refused(await seller(shop).post(f"/api/transactions/refund/{payment}", body)) == (422, code)
    assert await shop.vendor_balance() == 3_000


async def test_above_an_amount_two_admins_refund_also_in_parts(shop: Shop) -> None:
    set_services(shop, two_person_amount=20)
    ada, wallet = await customer(shop)
    payment = data(await pay(ada, "30.00"))["id"]
    one, two = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    data(await refund(one, payment, "20.00"))
    waiting = await refund(one, payment, "5.00")
    assert data(waiting, 202)["refunded"]["minor"] == 2_000
    assert waiting.json()["message"] == "Another admin must ask for the same."
    assert data(await refund(one, payment, "5.00"), 202)["refunded"]["minor"] == 2_000
    assert data(await refund(two, payment, "6.00"), 202)["refunded"]["minor"] == 2_000
    assert await shop.balances(wallet) == (4_000, 15_000, 0, 0)
    assert data(await refund(two, payment, "5.00"))["refunded"]["minor"] == 2_500
    assert data(await refund(seller(shop), payment, "5.00"))["state"] == "REVERSED", "a vendor's own money takes one"
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    await shop.assert_reconciled()


async def paid_twice_with_one_code(shop: Shop) -> tuple[str, str]:
    """A wallet with 4.00 left, and its second payment of 10.00 with a code that another till had taken: approved."""
    wallet = await shop.customer(funds="10.00", offline="10.00")
    (code,) = await shop.codes(wallet, 1, 1_000)
    for till in (await shop.terminal(), await shop.terminal()):
        payment, raw = till.pay(code, 1_000)
        result = await till.result(raw)
    assert (result.status, result.reasons) == (Status.FLAGGED, ("CODE_SPENT",))
    await accounts.fund(shop.services, wallet, "4.00", "test")
    await review(shop.services, await views.find(shop.services, payment), approve=True, reason=None, actor="test")
    assert await shop.balances(wallet) == (0, 0, 0, 0)
    return wallet, uuid_text(payment)


async def test_what_the_house_had_paid_goes_back_to_the_house(shop: Shop) -> None:
    await loosen(shop, loss_bearer="house")
    wallet, payment = await paid_twice_with_one_code(shop)
    assert await shop.vendor_balance() == 2_000
    data(await refund(seller(shop), payment, "5.00"))
    data(await refund(seller(shop), payment))
    detail = data(await seller(shop).get(f"/api/transactions/{payment}"))
    assert [(one["amount"]["minor"], one["toCustomer"]["minor"]) for one in detail["refunds"]] == [(500, 400), (500, 0)]
    assert await shop.balances(wallet) == (400, 0, 0, 0)
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_a_vendor_that_bore_a_loss_gives_back_no_more_than_it_got(shop: Shop) -> None:
    wallet, payment = await paid_twice_with_one_code(shop)
    assert await shop.vendor_balance() == 1_400
    assert refused(await refund(seller(shop), payment, "4.01")) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert data(await refund(seller(shop), payment))["state"] == "REVERSED"
    assert await shop.balances(wallet) == (400, 0, 0, 0)
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()

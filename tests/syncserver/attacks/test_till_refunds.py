"""Refunds that a terminal asks for: of its own payments alone, once for each key, and never more than was paid."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from shared.ids import uuid_text
from shared.keys import SigningKey
from shared.lifecycles import Status
from syncserver.registry import devices, enrolment, vendors
from tests.syncserver.kit import HOUR, FakeTerminal, Shop

pytestmark = pytest.mark.anyio

PATH = "/api/sync/refunds"


async def ask(
    till: FakeTerminal, paid_before: bytes, amount: Any, *, key: str | None = "", **changes: Any
) -> httpx.Response:
    body = {"payment": uuid_text(paid_before), "amount": amount, "currency": "EUR", "approver": "ida", "reason": "cold"}
    headers = {"Authorization": f"Bearer {till.access}"}
    if key is not None:
        headers["Idempotency-Key"] = key or os.urandom(8).hex()
    return await till.shop.http.post(PATH, json=body | changes, headers=headers)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.fixture
async def till(shop: Shop) -> FakeTerminal:
    return await shop.terminal()


async def paid(shop: Shop, till: FakeTerminal, amount: int = 10_00) -> tuple[bytes, str]:
    """A settled payment and its wallet."""
    wallet = await shop.customer()
    (code, *_) = await shop.codes(wallet, 2)
    payment, raw = till.pay(code, amount)
    assert (await till.result(raw)).status is Status.SETTLED
    return payment, wallet


async def online(shop: Shop, wallet: str) -> int:
    return (await shop.balances(wallet))[0]


async def test_a_till_gives_back_a_part_and_then_the_rest(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    before = await online(shop, wallet)
    first = done(await ask(till, payment, 4_00))
    assert first == {
        "payment": uuid_text(payment),
        "amount": 4_00,
        "refunded": 4_00,
        "currency": "EUR",
        "whole": False,
    }
    rest = done(await ask(till, payment, 6_00))
    assert (rest["refunded"], rest["whole"]) == (10_00, True)
    assert await online(shop, wallet) == before + 10_00
    assert await shop.vendor_balance() == 0
    row = await shop.services.pool.fetchrow("SELECT actor, reason FROM refund ORDER BY number LIMIT 1")
    assert row is not None
    assert (row["actor"], row["reason"]) == (f"terminal {uuid_text(till.device)} ida", "cold")
    await shop.assert_reconciled()


async def test_a_key_gives_back_once_however_often_it_comes(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    before = await online(shop, wallet)
    answers = await asyncio.gather(*(ask(till, payment, 4_00, key="k") for _ in range(5)))
    assert len({str(done(answer)) for answer in answers}) == 1
    assert await online(shop, wallet) == before + 4_00
    assert refused(await ask(till, payment, 5_00, key="k")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert refused(await ask(till, payment, 5_00, key=None)) == (422, "IDEMPOTENCY_KEY_REQUIRED")
    await shop.assert_reconciled()


async def test_a_key_that_was_answered_is_answered_after_a_revocation_too(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    first = done(await ask(till, payment, 4_00, key="k"))
    await devices.revoke(shop.services, till.device)
    before = await online(shop, wallet)
    assert done(await ask(till, payment, 4_00, key="k")) == first
    assert await online(shop, wallet) == before


async def test_more_than_was_paid_is_never_given_back(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    before = await online(shop, wallet)
    assert refused(await ask(till, payment, 10_01)) == (409, "REFUND_EXCEEDS_PAYMENT")
    answers = await asyncio.gather(*(ask(till, payment, 4_00) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409, 409]
    assert await online(shop, wallet) == before + 8_00
    assert refused(await ask(till, payment, 2**53 - 1)) == (409, "REFUND_EXCEEDS_PAYMENT")
    await shop.assert_reconciled()


async def test_another_tills_payment_is_not_there(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    before = await online(shop, wallet)
    other = await shop.terminal(name="till 2")
    assert (
        refused(await ask(other, payment, 1))
        == refused(await ask(other, os.urandom(16), 1))
        == (404, "UNKNOWN_PAYMENT")
    )
    # Nor by a key that its till has used.
    done(await ask(till, payment, 1_00, key="k"))
    assert refused(await ask(other, payment, 1_00, key="k")) == (404, "UNKNOWN_PAYMENT")
    assert await online(shop, wallet) == before + 1_00


async def test_a_record_that_copies_another_tills_id_brings_nothing_of_it(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    thief = await shop.terminal(name="till 2")
    code = (await shop.codes(wallet, 2))[0]
    _, raw = thief.pay(code, 1_00, id=payment)
    assert (await thief.result(raw)).status is Status.REJECTED
    assert refused(await ask(thief, payment, 1_00)) == (404, "UNKNOWN_PAYMENT")


async def test_an_earlier_epochs_payment_is_this_tills_too(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)

    token = await enrolment.make_token(shop.services, shop.vendor, device=till.device)
    before = await online(shop, wallet)
    till.key = SigningKey.from_seed(os.urandom(32))
    await till.enrol(token)
    assert till.epoch == 2
    done(await ask(till, payment, 1_00))
    assert await online(shop, wallet) == before + 1_00


async def test_a_revoked_till_refunds_nothing(shop: Shop, till: FakeTerminal) -> None:
    payment, _ = await paid(shop, till)
    await devices.revoke(shop.services, till.device)
    assert refused(await ask(till, payment, 1_00)) == (403, "REFUND_NOT_HERE")
    assert await shop.vendor_balance() == 10_00


async def test_a_quarantined_till_refunds_nothing(shop: Shop, till: FakeTerminal) -> None:
    payment, _ = await paid(shop, till)
    await shop.services.pool.execute("UPDATE device SET quarantined_at = 1 WHERE device = $1", uuid_text(till.device))
    assert refused(await ask(till, payment, 1_00)) == (403, "REFUND_NOT_HERE")
    assert await shop.vendor_balance() == 10_00


async def test_what_is_not_settled_is_not_given_back(shop: Shop, till: FakeTerminal) -> None:
    wallet = await shop.customer()
    first, second, *_ = await shop.codes(wallet, 3)
    payment, raw = till.pay(first, 10_00)
    assert refused(await ask(till, payment, 1_00)) == (404, "UNKNOWN_PAYMENT")  # it has not come yet
    await till.result(raw)
    await till.result(till.void(payment))
    assert refused(await ask(till, payment, 1_00)) == (409, "NOT_REFUNDABLE")
    flagged, raw = till.pay(second, 10_00, flags=("DISTANCE",))
    assert (await till.result(raw)).status is Status.FLAGGED
    assert refused(await ask(till, flagged, 1_00)) == (409, "NOT_REFUNDABLE")
    await shop.assert_reconciled()


async def test_who_approves_must_be_a_supervisor_where_the_shop_has_some(shop: Shop, till: FakeTerminal) -> None:
    payment, _ = await paid(shop, till)
    for name, role in (("ida", "supervisor"), ("eva", "cashier")):
        await vendors.add_cashier(shop.services, shop.vendor, cashier=name, name=name, role=role, pin="482913")
    for approver in ("eva", "owner", "IDA", "ida "):
        assert refused(await ask(till, payment, 1_00, approver=approver)) == (403, "REFUND_NOT_HERE")
    done(await ask(till, payment, 1_00))
    await vendors.remove_cashier(shop.services, shop.vendor, "ida")
    await vendors.add_cashier(shop.services, shop.vendor, cashier="max", name="max", role="supervisor", pin="482913")
    assert refused(await ask(till, payment, 1_00)) == (403, "REFUND_NOT_HERE")


async def test_what_takes_two_admins_no_till_gives_back_in_parts_either(shop: Shop, till: FakeTerminal) -> None:
    payment, _ = await paid(shop, till, 20_00)
    app = shop.http._transport.app  # type: ignore[attr-defined] # httpx has no other way
    assert isinstance(app, Starlette)
    app.state.services = replace(shop.services, two_person_amount=15)
    done(await ask(till, payment, 15_00))
    assert refused(await ask(till, payment, 1)) == (403, "REFUND_NOT_HERE")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 1.5},
        {"amount": "1"},
        {"amount": 2**53},
        {"currency": "ZZZ"},
        {"currency": "eur"},
        {"payment": "x"},
        {"reason": " "},
        {"reason": "x" * 129},
        {"reason": "a\x00b"},
        {"approver": ""},
        {"approver": "a\nb"},
        {"device": "another"},
    ],
)
async def test_a_request_that_is_none_does_nothing(shop: Shop, till: FakeTerminal, changes: dict[str, Any]) -> None:
    payment, wallet = await paid(shop, till)
    before = await online(shop, wallet)
    answer = await ask(till, payment, changes.pop("amount", 1_00), key="k", **changes)
    assert answer.status_code == 422
    assert await online(shop, wallet) == before
    done(await ask(till, payment, 1_00, key="k"))  # the key is free


async def test_another_currency_is_not_given_back(shop: Shop, till: FakeTerminal) -> None:
    payment, _ = await paid(shop, till)
    assert refused(await ask(till, payment, 1_00, currency="USD")) == (403, "REFUND_NOT_HERE")


async def test_without_a_terminals_valid_token_nothing_is_given_back(shop: Shop, till: FakeTerminal) -> None:
    payment, _ = await paid(shop, till)
    shop.clock.forward(HOUR)
    assert refused(await ask(till, payment, 1_00))[0] == 401
    till.access = ""
    assert refused(await ask(till, payment, 1_00))[0] == 401


async def test_uploads_and_refunds_of_one_till_at_once_end_without_a_deadlock(shop: Shop, till: FakeTerminal) -> None:
    payment, wallet = await paid(shop, till)
    wallets = await shop.codes(wallet, 5)
    raws = [till.pay(code, 1_00)[1] for code in wallets]
    answers = await asyncio.gather(
        *(ask(till, payment, 50) for _ in range(8)), *(till.send(till.batch([raw])) for raw in raws)
    )
    assert {answer.status_code for answer in answers} == {200}
    await shop.assert_reconciled()

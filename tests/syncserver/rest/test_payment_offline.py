"""A connected terminal's signed records as JSON: the same way as every upload."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from shared.ids import uuid_text
from shared.messages.enrolment import from_base64url, to_base64url
from shared.messages.receipt import open_receipt
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.rest.kit import customer, data, refused
from tests.syncserver.rest.test_refunds import set_services

pytestmark = pytest.mark.anyio

PATH = "/api/transactions/make-payment-offline"


async def settle(till: FakeTerminal, raws: Sequence[bytes], **changes: Any) -> httpx.Response:
    now = till.shop.clock.now
    body = {
        "records": [to_base64url(raw) for raw in raws],
        "batch": uuid_text(os.urandom(16)),
        "sentAt": now,
        "tick": till.tick(now),
        "boot": uuid_text(till.boot),
    }
    headers = {"Authorization": till.headers["Authorization"]}
    return await till.shop.http.post(PATH, json=body | changes, headers=headers)


async def test_a_record_settles_in_one_request_with_its_receipt(shop: Shop) -> None:
    _, wallet = await customer(shop)
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    payment, raw = till.pay(code, 1_000)
    answered = data(await settle(till, [raw]))
    assert answered["results"] == [{"seq": 1, "id": uuid_text(payment), "status": "settled", "reasons": [], "score": 0}]
    receipt = open_receipt(from_base64url(answered["receipt"]), till.server_keys)
    assert (receipt.through, receipt.results[0].id) == (1, payment)
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_a_record_that_goes_both_ways_is_settled_once(shop: Shop) -> None:
    _, wallet = await customer(shop)
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    _, raw = till.pay(code, 1_000)
    one, two, receipt = await asyncio.gather(settle(till, [raw]), settle(till, [raw]), till.upload(raw))
    assert data(one)["results"] == data(two)["results"]
    assert receipt.results[0].status.value == data(one)["results"][0]["status"] == "settled"
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_a_terminal_has_one_allowance_for_both_ways(shop: Shop) -> None:
    set_services(shop, device_records_a_day=1)
    till = await shop.terminal()
    await till.upload(till.open_shift())
    assert refused(await settle(till, [till.open_shift()])) == (429, "DEVICE_ALLOWANCE")


async def test_people_may_not(shop: Shop) -> None:
    ada, _ = await customer(shop)
    assert (await ada.post(PATH, {})).status_code == 401
    assert (await shop.http.post(PATH, json={})).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"records": []},
        {"records": ["AAAA"] * 21},
        {"records": ["not base64url!"]},
        {"records": "AAAA"},
        {"batch": "x"},
        {"tick": -1},
        {"boot": "\x00"},
        {"extra": 1},
    ],
)
async def test_hostile_requests_are_422(shop: Shop, changes: dict[str, Any]) -> None:
    till = await shop.terminal()
    assert refused(await settle(till, [b"x"], **changes)) == (422, "MALFORMED")


async def test_what_is_no_record_is_rejected_by_itself(shop: Shop) -> None:
    _, wallet = await customer(shop)
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    raw = till.pay(code, 1_000)[1]
    answered = data(await settle(till, [b"nonsense", raw]))
    assert [one["status"] for one in answered["results"]] == ["rejected", "settled"]
    await shop.assert_reconciled()

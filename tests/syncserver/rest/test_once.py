"""What moves money is done once for each Idempotency-Key."""

import asyncio

import msgspec
import pytest

from shared.ids import uuid_text
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import customer, data, person, refused
from tests.syncserver.rest.paying import ONLINE

pytestmark = pytest.mark.anyio


async def test_the_same_key_and_body_move_money_once(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    path = f"/api/wallets/transfer-to-offline/{ada.id}"
    first = await ada.post(path, {"amount": "10.00"}, key="one")
    again = await ada.post(path, {"amount": "10.00"}, key="one")
    assert data(first) == data(again)
    assert data(first)["offline"] == {"minor": 16_000, "currency": "EUR", "text": "160.00"}
    assert await shop.balances(wallet) == (4_000, 16_000, 0, 0)
    assert refused(await ada.post(path, {"amount": "10.01"}, key="one")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert data(await ada.post(path, {"amount": 1_000}, key="two"))["offline"]["minor"] == 17_000
    await shop.assert_reconciled()


async def test_of_two_at_once_one_does_it_and_both_answer_the_same(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    path = f"/api/wallets/transfer-to-offline/{ada.id}"
    answers = await asyncio.gather(*(ada.post(path, {"amount": "1.00"}, key="one") for _ in range(8)))
    assert len({str(data(answer)) for answer in answers}) == 1
    assert await shop.balances(wallet) == (4_900, 15_100, 0, 0)
    await shop.assert_reconciled()


async def test_what_failed_leaves_its_key_free(shop: Shop) -> None:
    ada, _ = await customer(shop)
    path = f"/api/wallets/transfer-to-offline/{ada.id}"
    assert refused(await ada.post(path, {"amount": "50.01"}, key="one")) == (409, "INSUFFICIENT_BALANCE")
    assert data(await ada.post(path, {"amount": "50.00"}, key="one"))["online"]["minor"] == 0


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "tab\tbed", "ключ"])
async def test_a_key_is_needed_and_is_visible_ascii(shop: Shop, key: str) -> None:
    ada, wallet = await customer(shop)
    headers = {**ada.headers, "Idempotency-Key": key} if key.isascii() else ada.headers
    path = f"/api/wallets/transfer-to-offline/{ada.id}"
    answer = await shop.http.post(path, json={"amount": "1.00"}, headers=headers)
    assert refused(answer) == (422, "IDEMPOTENCY_KEY_REQUIRED")
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)


@pytest.mark.parametrize("amount", [1.5, "1.505", "-1", "1e3", "", True, None, 0, "0.00", 2**53])
async def test_an_amount_is_a_text_or_minor_units(shop: Shop, amount: object) -> None:
    ada, wallet = await customer(shop)
    answer = await ada.post(f"/api/wallets/transfer-to-offline/{ada.id}", {"amount": amount})
    assert answer.status_code == 422
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)


async def test_a_wallet_is_its_owners_and_admins_alone(shop: Shop) -> None:
    (ada, _), (eve, _) = await customer(shop), await customer(shop)
    path = f"/api/wallets/check-balance/{ada.id}"
    assert data(await ada.get(path))["online"]["text"] == "50.00"
    assert data(await person(shop, Role.ADMIN).get(path)) == data(await ada.get(path))
    assert refused(await eve.get(path)) == (403, "FORBIDDEN")
    assert refused(await person(shop, Role.VENDOR, vendor=shop.vendor).get(path)) == (403, "FORBIDDEN")
    till = await shop.terminal()
    for headers in ({}, till.headers, {"Authorization": "Bearer x"}):
        assert (await shop.http.get(path, headers=headers)).status_code == 401
    assert refused(await eve.get("/api/wallets/check-balance/not-an-id")) == (422, "MALFORMED")


@pytest.mark.parametrize("name", ["Idempotency-Key", "Authorization"])
async def test_of_two_keys_or_two_tokens_none_is_chosen(shop: Shop, name: str) -> None:
    ada, wallet = await customer(shop)
    headers = {**ada.headers, "Idempotency-Key": "one", "Content-Type": "application/json"}
    doubled = [*headers.items(), (name, headers[name])]
    body = msgspec.json.encode({"vendorId": uuid_text(shop.vendor), "amount": "1.00"})
    assert refused(await shop.http.post(ONLINE, content=body, headers=doubled)) == (422, "MALFORMED")
    assert (await shop.balances(wallet))[0] == 5_000
    assert (await shop.http.post(ONLINE, content=body, headers=headers)).status_code == 200

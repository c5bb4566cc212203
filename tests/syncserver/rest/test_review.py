"""Flagged payments: listed for admins, decided once, by two above an amount."""

import asyncio

import httpx
import pytest

from shared.geo import Place
from shared.ids import uuid7, uuid_text
from shared.lifecycles import Status
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person, customer, data, person, refused
from tests.syncserver.rest.paying import flagged, pay, seller
from tests.syncserver.rest.test_refunds import set_services

pytestmark = pytest.mark.anyio

FLAGGED = "/api/transactions/flagged-transactions"
FAR = Place.from_degrees("59.1", "24.7536")


async def decide(
    admin: Person, payment: str, word: str, *, reason: str | None = "looked at it", key: str | None = None, **query: str
) -> httpx.Response:
    wallet = f"?wallet={query['wallet']}" if query else ""
    path = f"/api/transactions/review-transaction/{query.get('as_admin', admin.id)}/{payment}/{word}{wallet}"
    return await admin.post(path, {} if reason is None else {"reason": reason}, key=key)


async def test_an_approval_pays_the_vendor_and_a_rejection_gives_the_money_back_online(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    ada, wallet = await customer(shop)
    good, bad = await flagged(shop, "10.00", ada), await flagged(shop, "5.00", ada)
    assert await shop.balances(wallet) == (3_500, 15_000, 0, 1_500)
    assert data(await decide(admin, good, "approve", reason=None))["state"] == "SUCCESSFUL"
    assert refused(await decide(admin, bad, "reject", reason=None)) == (422, "REASON_REQUIRED")
    rejected = data(await decide(admin, bad, "reject"))
    assert (rejected["state"], rejected["decidedAt"]) == ("FAILED", shop.clock.now)
    assert await shop.balances(wallet) == (4_000, 15_000, 0, 0)
    assert await shop.vendor_balance() == 1_000
    last = data(await admin.get(f"/api/transactions/{bad}"))["events"][-1]
    assert (last["from"], last["to"], last["actor"], last["note"]) == (
        "FLAGGED",
        "FAILED",
        f"admin {admin.id}",
        "looked at it",
    )
    await shop.assert_reconciled()


async def test_an_offline_payment_is_decided_the_same_way_and_its_till_learns_it(shop: Shop) -> None:
    wallet = await shop.customer(home=FAR)
    till, codes = await shop.terminal(), await shop.codes(wallet, 2, 1_000)
    one, raw_one = till.pay(codes[0], 600)
    two, raw_two = till.pay(codes[1], 700)
    await till.upload(raw_one, raw_two)
    admin = person(shop, Role.ADMIN)
    data(await decide(admin, uuid_text(one), "approve"))
    data(await decide(admin, uuid_text(two), "reject"))
    assert await shop.balances(wallet) == (5_000, 14_400, 0, 0)
    told = {update.id: update.status for update in (await till.pull()).updates}
    assert told == {one: Status.SETTLED, two: Status.FAILED}
    await shop.assert_reconciled()


async def test_of_admins_at_once_one_decides_and_the_others_are_told(shop: Shop) -> None:
    payment = await flagged(shop)
    admins = [person(shop, Role.ADMIN) for _ in range(6)]
    answers = await asyncio.gather(
        *(decide(admin, payment, word) for admin, word in zip(admins, ("approve", "reject") * 3, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert {refused(answer) for answer in answers if answer.status_code == 409} == {(409, "NOT_FLAGGED")}
    await shop.assert_reconciled()


async def test_the_same_key_is_answered_the_same_and_another_is_told_that_it_is_decided(shop: Shop) -> None:
    payment, admin = await flagged(shop), person(shop, Role.ADMIN)
    answers = await asyncio.gather(*(decide(admin, payment, "approve", key="one") for _ in range(4)))
    assert {data(answer)["state"] for answer in answers} == {"SUCCESSFUL"}
    assert refused(await decide(admin, payment, "approve")) == (409, "NOT_FLAGGED")
    assert await shop.vendor_balance() == 1_000


async def test_an_admin_decides_in_their_own_name_alone(shop: Shop) -> None:
    payment, admin, other = await flagged(shop), person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    path = f"/api/transactions/review-transaction/{other.id}/{payment}/approve"
    assert refused(await admin.post(path, {})) == (403, "FORBIDDEN")
    for who in (seller(shop), (await customer(shop))[0]):
        path = f"/api/transactions/review-transaction/{who.id}/{payment}/approve"
        assert refused(await who.post(path, {})) == (403, "FORBIDDEN")
        assert refused(await who.get(FLAGGED)) == (403, "FORBIDDEN")
    for word in ("APPROVE", "approved", "settle", "%00"):
        assert refused(await decide(admin, payment, word)) == (422, "MALFORMED")
    assert refused(await decide(admin, "x", "approve")) == (422, "MALFORMED")
    assert refused(await decide(admin, payment, "reject", reason="a\x00b")) == (422, "MALFORMED")
    unknown = uuid_text(uuid7(shop.clock(), bytes(10)))
    assert refused(await decide(admin, unknown, "approve")) == (404, "UNKNOWN_PAYMENT")
    assert await shop.vendor_balance() == 0


async def test_a_settled_payment_is_not_reviewed(shop: Shop) -> None:
    ada, _ = await customer(shop)
    payment = data(await pay(ada, "1.00"))["id"]
    assert refused(await decide(person(shop, Role.ADMIN), payment, "reject")) == (409, "NOT_FLAGGED")


async def test_above_an_amount_two_admins_must_say_the_same(shop: Shop) -> None:
    set_services(shop, two_person_amount=5)
    payment = await flagged(shop)
    one, two = person(shop, Role.ADMIN), person(shop, Role.SUPERADMIN)
    waiting = await decide(one, payment, "approve")
    assert data(waiting, 202)["state"] == "FLAGGED"
    assert waiting.json()["message"] == "Another admin must ask for the same."
    assert data(await decide(one, payment, "approve"), 202)["state"] == "FLAGGED"
    assert data(await decide(two, payment, "reject"), 202)["state"] == "FLAGGED"
    assert await shop.vendor_balance() == 0
    assert data(await decide(two, payment, "approve"))["state"] == "SUCCESSFUL"
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_a_wallet_decides_where_two_have_a_payment_with_one_id(shop: Shop) -> None:
    one, two = await shop.customer(home=FAR), await shop.customer(home=FAR)
    till, shared = await shop.terminal(), uuid7(shop.clock(), bytes(10))
    for wallet in (one, two):
        (code,) = await shop.codes(wallet, 1, 1_000)
        assert (await till.result(till.pay(code, 1_000, id=shared)[1])).status is Status.FLAGGED
    admin = person(shop, Role.ADMIN)
    payment = uuid_text(shared)
    assert refused(await decide(admin, payment, "approve")) == (409, "AMBIGUOUS_PAYMENT")
    assert refused(await admin.get(f"/api/transactions/{payment}")) == (409, "AMBIGUOUS_PAYMENT")
    assert data(await decide(admin, payment, "approve", wallet=one))["wallet"] == one
    assert data(await admin.get(f"/api/transactions/{payment}", wallet=two))["state"] == "FLAGGED"
    assert refused(await decide(admin, payment, "approve", wallet="12")) == (422, "MALFORMED")
    await shop.assert_reconciled()


async def test_flagged_payments_come_in_pages_the_oldest_first(shop: Shop) -> None:
    ada, _ = await customer(shop)
    expected = []
    for place in range(5):
        expected.append(await flagged(shop, 100, ada))
        if place % 2:
            shop.clock.forward(1_000)
    admin = person(shop, Role.ADMIN)
    seen: list[str] = []
    query = {"limit": "2"}
    while True:
        page = data(await admin.get(FLAGGED, **query))
        seen += [one["id"] for one in page["transactions"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert sorted(seen) == sorted(expected)
    assert len(seen) == len(set(seen))
    for cursor in ("", "x", "AAAA", "\x00", "a" * 300, "MSAyIDM"):
        assert refused(await admin.get(FLAGGED, cursor=cursor)) == (422, "MALFORMED")
    for limit in ("0", "201", "x", "1.5"):
        assert refused(await admin.get(FLAGGED, limit=limit)) == (422, "MALFORMED")

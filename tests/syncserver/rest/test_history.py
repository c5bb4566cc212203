"""What people see of payments: their own, and nothing of anybody else's."""

import json
import re

import pytest

from shared.ids import uuid7, uuid_text
from shared.lifecycles import Status
from syncserver.payments.online import QUERIES
from syncserver.people.access import Role
from syncserver.registry import vendors
from tests.syncserver.database.test_plans import scans
from tests.syncserver.kit import TALLINN, Shop
from tests.syncserver.rest.kit import Person, customer, data, person, refused
from tests.syncserver.rest.paying import flagged, pay, seller

pytestmark = pytest.mark.anyio


async def listed(who: Person, user: str, **query: str) -> list[str]:
    """Every payment that a history lists, page by page."""
    ids: list[str] = []
    while True:
        page = data(await who.get(f"/api/transactions/history/{user}", **query))
        ids += [one["id"] for one in page["transactions"]]
        if page["next"] is None:
            return ids
        query["cursor"] = page["next"]


async def test_a_history_is_of_both_channels_the_latest_first_and_in_pages(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    till, codes = await shop.terminal(), await shop.codes(wallet, 3, 100)
    expected = []
    for code in codes:
        expected.append(data(await pay(ada, 100))["id"])
        shop.clock.forward(1_000)
        payment, raw = till.pay(code, 100)
        assert (await till.result(raw)).status is Status.SETTLED
        expected.append(uuid_text(payment))
        shop.clock.forward(1_000)
    same = [data(await pay(ada, 1))["id"] for _ in range(3)]  # in one millisecond
    for limit in ("1", "2", "4", "200"):
        seen = await listed(ada, ada.id, limit=limit)
        assert seen[3:] == expected[::-1]
        assert sorted(seen[:3]) == sorted(same)
    assert await listed(person(shop, Role.ADMIN), ada.id) == await listed(ada, ada.id)


async def test_a_history_is_filtered_by_state_vendor_and_time(shop: Shop) -> None:
    ada, _ = await customer(shop)
    other = await vendors.add_vendor(shop.services, name="Other Shop", place=TALLINN, currency="EUR")
    start = shop.clock.now
    first = data(await pay(ada, 100))["id"]
    shop.clock.forward(1_000)
    second = data(await pay(ada, 100, vendorId=uuid_text(other)))["id"]
    shop.clock.forward(60_000)
    third = await flagged(shop, 100, ada)
    assert await listed(ada, ada.id, state="FLAGGED") == [third]
    assert await listed(ada, ada.id, state="SUCCESSFUL") == [second, first]
    assert await listed(ada, ada.id, vendor=uuid_text(other)) == [second]
    assert await listed(ada, ada.id, **{"from": str(start + 1_000), "to": str(start + 61_000)}) == [second]
    assert await listed(ada, ada.id, **{"from": str(start), "to": str(start)}) == []
    assert await listed(ada, ada.id, to=str(start + 1), limit="1") == [first]
    path = f"/api/transactions/history/{ada.id}"
    for query in (
        {"state": "settled"},
        {"vendor": "x"},
        {"from": "-1"},
        {"to": str(2**53)},
        {"cursor": "MQ"},
        {"cursor": "\x00"},
        {"what": "ever"},
        {"limit": "0"},
    ):
        assert refused(await ada.get(path, **query)) == (422, "MALFORMED")


async def test_a_history_is_its_customers_and_admins_alone(shop: Shop) -> None:
    (ada, _), (eve, _) = await customer(shop), await customer(shop)
    path = f"/api/transactions/history/{ada.id}"
    assert refused(await eve.get(path)) == (403, "FORBIDDEN")
    assert refused(await seller(shop).get(path)) == (403, "FORBIDDEN")
    nobody = uuid_text(uuid7(shop.clock(), bytes(10)))
    assert refused(await person(shop, Role.ADMIN).get(f"/api/transactions/history/{nobody}")) == (404, "UNKNOWN_WALLET")


async def test_a_payment_is_there_for_its_customer_its_vendor_and_admins(shop: Shop) -> None:
    (ada, wallet), (eve, eves) = await customer(shop), await customer(shop)
    other = await vendors.add_vendor(shop.services, name="Other Shop", place=TALLINN, currency="EUR")
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 2)
    offline, raw = till.pay(code, 100)
    await till.upload(raw)
    unknown = uuid_text(uuid7(shop.clock(), bytes(10)))
    for payment in (uuid_text(offline), data(await pay(ada, 100))["id"]):
        path = f"/api/transactions/{payment}"
        for who in (ada, seller(shop), person(shop, Role.ADMIN), person(shop, Role.SUPERADMIN)):
            assert data(await who.get(path))["id"] == payment
            assert data(await who.get(path, wallet=wallet))["id"] == payment
        assert data(await seller(shop).get(path))["wallet"] == "******" + wallet[-4:]
        devices = [data(await who.get(path))["device"] for who in (ada, seller(shop))]
        assert devices == [None, uuid_text(till.device) if payment == uuid_text(offline) else None]
        for stranger in (
            eve,
            person(shop, Role.VENDOR, vendor=other),
            person(shop, Role.VENDOR),
            person(shop, Role.CUSTOMER),
        ):
            seen = (await stranger.get(path)).json()
            missing = (await stranger.get(f"/api/transactions/{unknown}")).json()
            assert seen["errorCode"] == "UNKNOWN_PAYMENT"
            assert {**seen, "requestId": ""} == {**missing, "requestId": ""}
            assert refused(await stranger.get(path, wallet=wallet)) == (404, "UNKNOWN_PAYMENT")
        assert refused(await eve.get(path, wallet=eves)) == (404, "UNKNOWN_PAYMENT")
        assert (await shop.http.get(path)).status_code == 401
    assert refused(await ada.get("/api/transactions/x")) == (422, "MALFORMED")


async def test_a_payment_of_a_fork_is_found_by_its_id(shop: Shop) -> None:
    _, wallet = await customer(shop)
    till, codes = await shop.terminal(), await shop.codes(wallet, 2)
    fork = till.payment(codes[1], 200)
    await till.upload(till.pay(codes[0], 100)[1])
    await till.upload(till.add(fork))
    found = data(await person(shop, Role.ADMIN).get(f"/api/transactions/{uuid_text(fork.id)}"))
    assert (found["state"], found["reasons"]) == ("FLAGGED", ["FORK"])
    assert data(await seller(shop).get(f"/api/transactions/{uuid_text(fork.id)}"))["id"] == found["id"]


@pytest.mark.parametrize("name", ["find_payments", "read_payment", "payments_of_wallet", "flagged_payments"])
async def test_no_question_reads_all_payments(shop: Shop, name: str) -> None:
    async with await shop.target.settling_pool(1) as pool, pool.acquire() as connection:
        statement = QUERIES[name]
        await connection.execute(f"PREPARE asked AS {statement}")
        nulls = ", ".join(["NULL"] * max(int(number) for number in re.findall(r"\$(\d+)", statement)))
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked ({nulls})"))
    read = list(scans(plan[0]["Plan"]))
    assert {"payment"} <= {node.get("Relation Name") for node in read}
    # Terminals are few beside payments, and every shop's are asked.
    assert {node["Relation Name"] for node in read if "Index Cond" not in node} <= {"device", "device_epoch"}

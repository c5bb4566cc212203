"""Deciding all that waits in a filter: what was typed must fit, each payment once, a result for each."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.ids import uuid7, uuid_text
from syncserver.people import bulk
from syncserver.people.access import Role
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import Person, data, person, refused
from tests.syncserver.rest.paying import flagged, rich, seller
from tests.syncserver.rest.test_queue import answer, ask
from tests.syncserver.rest.test_refunds import set_services
from tests.syncserver.rest.test_review import decide

pytestmark = pytest.mark.anyio

BULK = "/api/transactions/bulk-reviews"


async def begin(admin: Person, count: int, decision: str = "reject", **of: Any) -> httpx.Response:
    return await admin.post(BULK, {"decision": decision, "count": count, "filter": of, "reason": "a fair was in town"})


async def go_on(admin: Person, begun: Any) -> Any:
    return data(await admin.post(f"{BULK}/{begun['bulkId']}/continue"))


def parts(found: Any) -> dict[str | None, int]:
    return {part["outcome"]: part["payments"] for part in found["parts"]}


async def outcomes(admin: Person, begun: Any, **query: str) -> dict[str, str]:
    """What became of each payment, page by page."""
    found: dict[str, str] = {}
    while True:
        page = data(await admin.get(f"{BULK}/{begun['bulkId']}/payments", limit="2", **query))
        found |= {one["payment"]: one["outcome"] for one in page["payments"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def test_all_that_is_filtered_is_decided_once_and_nothing_else(shop: Shop) -> None:
    ada, wallet = await rich(shop)
    admin = person(shop, Role.ADMIN)
    small = [await flagged(shop, "5.00", ada) for _ in range(5)]
    large = await flagged(shop, "50.00", ada)
    before = await shop.balances(wallet)
    begun = data(await begin(admin, 5, "approve", most=1_000))
    assert (begun["count"], begun["left"], parts(begun)) == (5, 5, {None: 5})
    assert await shop.vendor_balance() == 0, "nothing is decided before the first step"
    later = await flagged(shop, "5.00", ada)
    done = await go_on(admin, begun)
    assert (done["left"], parts(done)) == (0, {"decided": 5})
    assert done["parts"][0]["sum"]["minor"] == 2_500
    assert await outcomes(admin, begun) == dict.fromkeys(small, "decided")
    assert await go_on(admin, begun) == done
    assert await shop.vendor_balance() == 2_500
    assert (await shop.balances(wallet))[3] == before[3] - 2_500 + 500
    for payment in (large, later):
        assert data(await admin.get(f"/api/transactions/{payment}"))["state"] == "FLAGGED"
    event = data(await admin.get(f"/api/transactions/{small[0]}"))["events"][-1]
    assert (event["actor"], event["note"]) == (f"admin {admin.id}", "a fair was in town")
    await shop.assert_reconciled()


async def test_the_number_that_is_typed_must_be_that_of_what_waits(shop: Shop) -> None:
    ada, _ = await rich(shop)
    admin = person(shop, Role.ADMIN)
    payments = [await flagged(shop, "5.00", ada) for _ in range(2)]
    for typed in (1, 3):
        asked = await begin(admin, typed)
        assert refused(asked) == (409, "COUNT_CHANGED")
        assert asked.json()["message"] == f"2 payments wait in this filter, not {typed}: look again."
    assert refused(await begin(admin, 1, currency="USD")) == (409, "COUNT_CHANGED")
    assert refused(await begin(admin, 0)) == (422, "MALFORMED")
    assert refused(await admin.post(BULK, {"decision": "reject", "count": 2, "filter": {}})) == (422, "REASON_REQUIRED")
    assert refused(await admin.post(BULK, {"decision": "reject", "count": 2})) == (422, "MALFORMED")
    assert await shop.services.pool.fetchval("SELECT count(*) FROM bulk_review_item") == 0
    assert data(await begin(admin, len(payments)))["left"] == 2


async def test_each_payment_says_what_became_of_it(shop: Shop) -> None:
    set_services(shop, two_person_amount=20)
    ada, _ = await rich(shop)
    admin, other, clerk = person(shop, Role.ADMIN), person(shop, Role.ADMIN), seller(shop)
    decided, talked, fine, above = [await flagged(shop, amount, ada) for amount in ("1.00", "2.00", "9.00", "20.01")]
    asked = data(await ask(admin, talked))
    begun = data(await begin(admin, 4, "approve"))
    data(await decide(other, decided, "reject"))
    data(await answer(clerk, asked["questionId"], "No goods were handed out."))
    done = await go_on(admin, begun)
    expected = {decided: "decided_before", talked: "changed", fine: "decided", above: "needs_second"}
    assert await outcomes(admin, begun) == expected
    assert parts(done) == dict.fromkeys(expected.values(), 1)
    assert await outcomes(admin, begun, outcome="needs_second") == {above: "needs_second"}
    again = data(await begin(other, 1, "approve", least=2_001))
    assert parts(await go_on(other, again)) == {"decided": 1}, "the second admin agrees, in bulk too"
    assert await shop.vendor_balance() == 900 + 2_001
    await shop.assert_reconciled()


async def test_in_bulk_nobody_gets_around_the_second_person(shop: Shop) -> None:
    set_services(shop, two_person_amount=20)
    ada, _ = await rich(shop)
    admin = person(shop, Role.ADMIN)
    for _ in range(5):
        await flagged(shop, "6.00", ada)
    begun = data(await begin(admin, 5, "approve"))
    assert parts(await go_on(admin, begun)) == {"decided": 3, "needs_second": 2}
    again = data(await begin(admin, 2, "approve"))
    assert parts(await go_on(admin, again)) == {"needs_second": 2}
    assert await shop.vendor_balance() == 1_800


async def test_steps_at_once_and_steps_that_go_on_decide_nothing_twice(shop: Shop) -> None:
    ada, _ = await rich(shop)
    admin = person(shop, Role.ADMIN)
    for place in range(12):
        await flagged(shop, "5.00", ada)
        shop.clock.forward(HOUR if place % 3 == 0 else 0)
    begun = data(await begin(admin, 12, "approve"))
    bulk_id = bytes.fromhex(begun["bulkId"].replace("-", ""))
    first = await bulk.go_on(shop.services, admin.caller, bulk_id, at_once=5)
    assert first.left == 7
    found = await asyncio.gather(
        *(bulk.go_on(shop.services, admin.caller, bulk_id, at_once=4) for _ in range(3)),
        *(decide(person(shop, Role.ADMIN), one, "reject") for one in await waiting(shop)),
    )
    assert found
    done = await go_on(admin, begun)
    assert done["left"] == 0
    states = await shop.services.pool.fetch("SELECT state, count(*) FROM payment GROUP BY state")
    assert sum(row["count"] for row in states) == 12
    approved = next(row["count"] for row in states if row["state"] == "SUCCESSFUL")
    assert parts(done).get("decided") == approved
    assert await shop.vendor_balance() == 500 * approved
    await shop.assert_reconciled()


async def waiting(shop: Shop) -> list[str]:
    rows = await shop.services.pool.fetch("SELECT payment FROM payment WHERE state = 'FLAGGED'")
    return [str(row["payment"]) for row in rows]


async def test_whoever_began_it_goes_on_with_it_and_others_only_look(shop: Shop) -> None:
    ada, _ = await rich(shop)
    admin, other = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    await flagged(shop, "5.00", ada)
    begun = data(await begin(admin, 1))
    assert refused(await other.post(f"{BULK}/{begun['bulkId']}/continue")) == (404, "UNKNOWN_BULK_REVIEW")
    assert data(await other.get(f"{BULK}/{begun['bulkId']}"))["left"] == 1
    nobodys = uuid_text(uuid7(shop.clock(), bytes(10)))
    assert refused(await admin.get(f"{BULK}/{nobodys}")) == (404, "UNKNOWN_BULK_REVIEW")
    assert refused(await admin.get(f"{BULK}/{nobodys}/payments")) == (404, "UNKNOWN_BULK_REVIEW")
    assert refused(await admin.get(f"{BULK}/{begun['bulkId']}/payments", cursor="x")) == (422, "MALFORMED")


async def test_the_same_key_begins_one(shop: Shop) -> None:
    ada, _ = await rich(shop)
    admin = person(shop, Role.ADMIN)
    await flagged(shop, "5.00", ada)
    body = {"decision": "reject", "count": 1, "filter": {}, "reason": "because"}
    answers = await asyncio.gather(*(admin.post(BULK, body, key="one") for _ in range(3)))
    assert len({data(one)["bulkId"] for one in answers}) == 1

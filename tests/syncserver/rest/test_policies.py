"""Limits: one admin tightens them at once, looser ones take two, and a book tells them to every till."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.ids import uuid7, uuid_bytes, uuid_text
from shared.policy import Policy
from syncserver.people import approving
from syncserver.people.access import Role
from syncserver.registry import vendors
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import Person, data, person, refused
from tests.syncserver.rest.paying import seller
from tests.syncserver.rest.people import PASSWORD, admin_with_password

pytestmark = pytest.mark.anyio

PROPOSALS = "/api/policies/proposals"


async def change(
    admin: Person, device: bytes | None = None, *, reason: str = "a fair", **limits: Any
) -> httpx.Response:
    body: dict[str, Any] = {"changes": limits, "reason": reason}
    if device is not None:
        body["device"] = uuid_text(device)
    return await admin.post(f"/api/vendors/{uuid_text(admin.shop.vendor)}/policy", body)


async def confirm(admin: Person, proposed: Any) -> httpx.Response:
    return await admin.post(f"{PROPOSALS}/{proposed['proposalId']}/confirm")


async def in_force(admin: Person, **query: str) -> Any:
    return data(await admin.get(f"/api/vendors/{uuid_text(admin.shop.vendor)}/policy", **query))["limits"]


async def versions(who: Person, **query: str) -> Any:
    return data(await who.get(f"/api/vendors/{uuid_text(who.shop.vendor)}/policy/versions", **query))["versions"]


async def test_tighter_limits_are_set_by_one_admin_and_a_till_has_them_with_its_next_book(shop: Shop) -> None:
    admin, till = person(shop, Role.ADMIN), await shop.terminal()
    before = (await till.pull()).policy
    made = data(await change(admin, payment_limit=5_000, actions={"DISTANCE": "fail"}))
    assert (made["proposalId"], made["state"]) == (None, "confirmed")
    assert [(one["field"], one["before"], one["after"], one["looser"]) for one in made["differences"]] == [
        ("actions.DISTANCE", None, "fail", False),
        ("payment_limit", 10_000, 5_000, False),
    ]
    assert before.payment_limit == 10_000
    assert (await till.pull()).policy.payment_limit == 5_000
    assert (await in_force(admin))["payment_limit"] == 5_000


async def test_looser_limits_wait_for_another_admin(shop: Shop) -> None:
    one, two, till = person(shop, Role.ADMIN), person(shop, Role.SUPERADMIN), await shop.terminal()
    asked = await change(one, payment_limit=50_000, daily_limit=10_000)
    proposed = data(asked, 202)
    assert asked.json()["message"] == "Another admin must ask for the same."
    assert {one["field"]: one["looser"] for one in proposed["differences"]} == {
        "payment_limit": True,
        "daily_limit": False,
    }
    assert (await till.pull()).policy == Policy(), "nothing of it counts, what is tighter neither"
    assert refused(await confirm(one, proposed)) == (409, "OTHER_ADMIN_NEEDED")
    (waiting,) = data(await two.get(PROPOSALS))["proposals"]
    assert (waiting["proposalId"], waiting["proposedBy"], waiting["reason"]) == (
        proposed["proposalId"],
        one.id,
        "a fair",
    )
    shop.clock.forward(1_000)
    done = data(await confirm(two, proposed))
    assert (done["state"], done["decidedBy"], done["decidedAt"]) == ("confirmed", two.id, shop.clock.now)
    assert (await till.pull()).policy == Policy(payment_limit=50_000, daily_limit=10_000)
    assert refused(await confirm(two, proposed)) == (409, "PROPOSAL_CLOSED")
    assert data(await two.get(PROPOSALS))["proposals"] == []
    (version,) = await versions(two)
    assert (version["actor"], version["proposedBy"], version["reason"], version["version"]) == (
        f"superadmin {two.id}",
        f"admin {one.id}",
        "a fair",
        done["version"],
    )
    noted = await shop.services.pool.fetch("SELECT action, actor FROM audit WHERE action LIKE 'policy.%' ORDER BY id")
    assert [(row["action"], row["actor"]) for row in noted] == [
        ("policy.propose", f"admin {one.id}"),
        ("policy.change", f"superadmin {two.id}"),
    ]


@pytest.mark.parametrize(
    ("limits", "looser"),
    [
        ({"radius_m": 19_999}, False),
        ({"radius_m": 20_001}, True),
        ({"rate_seconds": 61}, False),
        ({"rate_seconds": 59}, True),
        ({"speed_kmh": 901}, True),
        ({"score_flag": 49}, False),
        ({"guesses_sale": 4}, True),
        ({"book_hours": 25}, True),
        ({"loss_bearer": "house"}, True),
        ({"actions": {"DISTANCE": "settle"}}, True),
        ({"actions": {"PAYMENT_LIMIT": "flag"}}, True),
        ({"actions": {"RATE_LIMIT": "fail"}}, False),
        ({"actions": {"SPEED": "fail"}}, False),
    ],
)
async def test_what_lets_through_more_takes_two(shop: Shop, limits: dict[str, Any], looser: bool) -> None:
    answer = await change(person(shop, Role.ADMIN), **limits)
    assert answer.status_code == (202 if looser else 200), answer.text


async def test_what_is_looser_is_seen_against_the_limits_in_force(shop: Shop) -> None:
    admin, till = person(shop, Role.ADMIN), await shop.terminal()
    data(await change(admin, payment_limit=1_000))
    assert (await change(admin, payment_limit=2_000)).status_code == 202, "though it is below the default"
    data(await change(admin, till.device, payment_limit=500))
    assert (await change(admin, till.device, payment_limit=900)).status_code == 202
    assert refused(await change(admin, payment_limit=1_000)) == (422, "INVALID_POLICY")
    assert (await in_force(admin, device=uuid_text(till.device)))["payment_limit"] == 500


async def test_whoever_the_proposer_made_is_no_other_admin(shop: Shop) -> None:
    root = person(shop, Role.SUPERADMIN, await admin_with_password(shop, "root", Role.SUPERADMIN))
    body = {"login": "two", "password": PASSWORD, "name": "two", "role": "admin"}
    made = person(shop, Role.ADMIN, uuid_bytes(data(await root.post("/home/admins", body))["userId"]))
    proposed = data(await change(root, payment_limit=50_000), 202)
    assert refused(await confirm(made, proposed)) == (409, "OTHER_ADMIN_NEEDED")
    other = data(await change(made, daily_limit=90_000), 202)
    assert refused(await confirm(root, other)) == (409, "OTHER_ADMIN_NEEDED")
    assert data(await confirm(person(shop, Role.ADMIN), other))["state"] == "confirmed"


async def test_a_proposal_expires_after_a_day_and_one_of_a_blocked_admin_counts_for_nothing(shop: Shop) -> None:
    one, two = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    old = data(await change(one, payment_limit=50_000), 202)
    shop.clock.forward(24 * HOUR)
    late = await confirm(two, old)
    assert refused(late) == (409, "PROPOSAL_CLOSED")
    assert "expired" in late.json()["message"]
    assert data(await two.get(PROPOSALS))["proposals"] == []
    (shown,) = data(await two.get(PROPOSALS, waiting="false"))["proposals"]
    assert shown["state"] == "expired"
    fresh = data(await change(one, payment_limit=50_000), 202)
    await approving.block(shop.services, person(shop, Role.SUPERADMIN).caller, one.caller.user_id, "a thief")
    assert refused(await confirm(two, fresh)) == (409, "PROPOSAL_CLOSED")
    assert (await in_force(two))["payment_limit"] == 10_000


async def test_a_proposal_is_for_the_limits_that_it_was_made_for(shop: Shop) -> None:
    one, two, till = person(shop, Role.ADMIN), person(shop, Role.ADMIN), await shop.terminal()
    proposed = data(await change(one, payment_limit=50_000), 202)
    own = data(await change(one, till.device, daily_limit=90_000), 202)
    data(await change(two, daily_limit=100))
    assert refused(await confirm(two, proposed)) == (409, "LIMITS_CHANGED")
    assert refused(await confirm(two, own)) == (409, "LIMITS_CHANGED"), "a till's own stand on its shop's"
    assert (await in_force(two))["payment_limit"] == 10_000


async def test_a_proposal_is_withdrawn_with_a_reason_and_is_then_confirmed_by_nobody(shop: Shop) -> None:
    one, two = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    proposed = data(await change(one, payment_limit=50_000), 202)
    path = f"{PROPOSALS}/{proposed['proposalId']}/withdraw"
    assert refused(await two.post(path, {"reason": " "})) == (422, "REASON_REQUIRED")
    gone = data(await two.post(path, {"reason": "too much"}))
    assert (gone["state"], gone["note"], gone["decidedBy"]) == ("withdrawn", "too much", two.id)
    assert refused(await confirm(two, proposed)) == (409, "PROPOSAL_CLOSED")
    assert refused(await two.post(path, {"reason": "again"})) == (409, "PROPOSAL_CLOSED")


async def test_of_two_who_confirm_at_once_one_does(shop: Shop) -> None:
    proposed = data(await change(person(shop, Role.ADMIN), payment_limit=50_000), 202)
    answers = await asyncio.gather(*(confirm(person(shop, Role.ADMIN), proposed) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    assert len(await versions(person(shop, Role.ADMIN))) == 1


async def test_of_two_changes_at_once_the_second_is_seen_against_the_first(shop: Shop) -> None:
    admins = [person(shop, Role.ADMIN) for _ in range(4)]
    answers = await asyncio.gather(
        *(change(admin, payment_limit=limit) for admin, limit in zip(admins, (4_000, 3_000, 2_000, 1_000), strict=True))
    )
    tightened = [version["differences"][0] for version in await versions(admins[0])]
    assert len(tightened) == sum(answer.status_code == 200 for answer in answers)
    assert all(one["after"] < one["before"] for one in tightened)


async def test_what_is_no_change_of_limits_is_refused(shop: Shop) -> None:
    admin, till = person(shop, Role.ADMIN), await shop.terminal()
    for limits in ({}, {"nonsense": 1}, {"payment_limit": -1}, {"payment_limit": "1"}, {"actions": {"FORK": "settle"}}):
        assert refused(await change(admin, **limits)) == (422, "INVALID_POLICY"), limits
    assert refused(await change(admin, reason=" ", payment_limit=1)) == (422, "REASON_REQUIRED")
    other = await vendors.add_vendor(
        shop.services, name="Other", place=(await vendors.read_vendor(shop.services, shop.vendor)).place, currency="EUR"
    )
    path = f"/api/vendors/{uuid_text(other)}/policy"
    body = {"changes": {"payment_limit": 1}, "device": uuid_text(till.device), "reason": "because"}
    assert refused(await admin.post(path, body)) == (404, "UNKNOWN_DEVICE")
    nobody = uuid_text(uuid7(shop.clock(), bytes(10)))
    assert refused(await admin.post(f"/api/vendors/{nobody}/policy", body)) == (404, "UNKNOWN_VENDOR")
    assert refused(await admin.get(f"{PROPOSALS}/{nobody}")) == (404, "UNKNOWN_PROPOSAL")
    assert refused(await admin.post(f"{PROPOSALS}/{nobody}/confirm")) == (404, "UNKNOWN_PROPOSAL")


async def test_a_shop_sees_its_limits_and_how_they_came_but_not_who_the_admins_are(shop: Shop) -> None:
    admin, clerk, till = person(shop, Role.ADMIN), seller(shop), await shop.terminal()
    data(await change(admin, payment_limit=5_000))
    data(await change(admin, till.device, payment_limit=4_000))
    data(await change(admin, payment_limit=3_000, reason="thefts"))
    assert (await in_force(clerk))["payment_limit"] == 3_000
    newest, oldest = await versions(clerk)
    assert (newest["actor"], newest["reason"], newest["device"]) == ("admin", "thefts", None)
    assert [(one["before"], one["after"]) for one in oldest["differences"]] == [(10_000, 5_000)]
    of_till = await versions(clerk, device=uuid_text(till.device))
    assert [[one["after"] for one in version["differences"]] for version in of_till] == [[], [4_000], [5_000]]


async def test_the_same_request_is_proposed_once(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    body = {"changes": {"payment_limit": 50_000}, "reason": "a fair"}
    path = f"/api/vendors/{uuid_text(shop.vendor)}/policy"
    answers = await asyncio.gather(*(admin.post(path, body, key="one") for _ in range(3)))
    assert len({data(one, 202)["proposalId"] for one in answers}) == 1

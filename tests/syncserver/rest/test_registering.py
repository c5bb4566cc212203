"""Registering tells nobody who is there; approval takes its time; a block ends what it can."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from shared.ids import uuid7, uuid_text
from shared.lifecycles import PersonState
from syncserver.people import passwords
from syncserver.people.access import ADMINS, Role
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import customer, data, person, refused
from tests.syncserver.rest.people import (
    PASSWORD,
    WAITING,
    admin_with_password,
    approved,
    bearer,
    log_in,
    refresh,
    register,
    wait,
    wallet_of,
)

pytestmark = pytest.mark.anyio


async def test_a_customer_registers_waits_is_approved_and_has_a_wallet(shop: Shop) -> None:
    made = data(await register(shop, "Ada@Example.org"))
    assert made == {
        "userId": made["userId"],
        "state": "waiting",
        "registeredAt": shop.clock.now,
        "approvableAt": shop.clock.now + WAITING,
        "remainingSeconds": 24 * 3_600,
    }
    waiting = data(await log_in(shop, "ada@example.org"))
    assert (waiting["userId"], waiting["role"], waiting["state"]) == (made["userId"], "customer", "waiting")
    shop.clock.forward(5 * 60_000 + 1)
    assert data(await wait(shop, waiting))["remainingSeconds"] == 24 * 3_600 - 300
    balance = f"/api/wallets/check-balance/{made['userId']}"
    assert refused(await shop.http.get(balance, headers=bearer(waiting))) == (403, "NOT_APPROVED")

    admin = person(shop, Role.ADMIN)
    approve = f"/home/approve/{made['userId']}"
    assert refused(await admin.post(approve)) == (409, "WAITING_PERIOD")
    shop.clock.now = made["approvableAt"] - 1
    assert refused(await admin.post(approve)) == (409, "WAITING_PERIOD")
    assert await wallet_of(shop, made["userId"]) is None
    shop.clock.forward(1)
    seen = data(await admin.post(approve))
    assert (seen["state"], seen["vendorId"], "password" in str(seen)) == ("approved", None, False)
    assert refused(await admin.post(approve)) == (409, "PERSON_STATE")

    tokens = data(await log_in(shop, "ADA@example.org"))
    assert tokens["state"] == "approved"
    assert data(await shop.http.get(balance, headers=bearer(tokens)))["online"]["minor"] == 0
    assert data(await wait(shop, tokens))["remainingSeconds"] == 0
    await shop.assert_reconciled()


async def test_a_session_of_a_waiting_person_goes_on_when_approved(shop: Shop) -> None:
    made = data(await register(shop, "ada"))
    shop.clock.forward(WAITING - HOUR)
    tokens = data(await log_in(shop, "ada"))
    shop.clock.forward(HOUR)
    data(await person(shop, Role.ADMIN).post(f"/home/approve/{made['userId']}"))
    assert data(await refresh(shop, tokens["refreshToken"]))["state"] == "approved"


async def test_a_vendors_person_has_a_shop(shop: Shop) -> None:
    one = await approved(shop, "shop.one", role="vendor", name="Corner Café", currency="SEK")
    tokens = data(await log_in(shop, "shop.one"))
    assert tokens["role"] == "vendor"
    row = await shop.services.pool.fetchrow(
        "SELECT v.name, v.currency, payable FROM vendor v JOIN vendor_balance USING (vendor) WHERE vendor::text = $1",
        tokens["vendorId"],
    )
    assert row is not None
    assert tuple(row) == ("Corner Café", "SEK", 0)
    assert await wallet_of(shop, one.id) is None


async def test_registering_a_login_that_is_taken_looks_and_works_like_one_that_is_free(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(shop, "ada")
    hashed, tried = [], []
    make, check = passwords._hash, passwords._verify

    def counted_hash(password: bytes) -> str:
        hashed.append(password)
        return make(password)

    def counted_verify(kept: str, password: bytes) -> bool:
        tried.append(kept)
        return check(kept, password)

    monkeypatch.setattr(passwords, "_hash", counted_hash)
    monkeypatch.setattr(passwords, "_verify", counted_verify)
    seen = []
    for login in ("ada", "bob"):
        hashed.clear()
        tried.clear()
        answer = await register(shop, login, password="a thief's guess")
        made = data(answer)
        assert len(hashed) == 1
        after = await log_in(shop, login, "a thief's guess")
        tokens = data(after)
        assert (tokens["userId"], len(tried)) == (made.pop("userId"), 2)
        shown = data(await wait(shop, tokens))
        shown.pop("userId")
        varying = ("userId", "accessToken", "refreshToken")
        headers = sorted(name for name in answer.headers if name != "content-length")
        told = {name: value for name, value in tokens.items() if name not in varying}
        seen.append((made, shown, told, headers, refused(await log_in(shop, login, "another guess"))))
    assert seen[0] == seen[1]
    assert data(await log_in(shop, "ada"))["state"] == "approved", "who has the login is not disturbed"


async def test_one_of_those_who_ask_for_a_login_is_approved_with_it(shop: Shop) -> None:
    first, second = [data(await register(shop, "ada"))["userId"] for _ in range(2)]
    shop.clock.forward(WAITING)
    admin = person(shop, Role.ADMIN)
    answers = await asyncio.gather(*(admin.post(f"/home/approve/{one}") for one in (first, second, first, second)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await shop.services.pool.fetchval("SELECT count(*) FROM customer") == 1
    (left,) = data(await admin.get("/home/registrations"))["people"]
    assert (left["userId"] in (first, second), left["loginTaken"]) == (True, True)
    assert refused(await admin.post(f"/home/approve/{left['userId']}")) == (409, "LOGIN_TAKEN")
    data(await admin.post(f"/home/reject/{left['userId']}", {"reason": "ada is somebody else"}))
    await shop.assert_reconciled()


async def test_two_admins_approve_one_person_once(shop: Shop) -> None:
    made = data(await register(shop, "ada"))["userId"]
    shop.clock.forward(WAITING)
    admins = [person(shop, Role.ADMIN) for _ in range(4)]
    answers = await asyncio.gather(*(admin.post(f"/home/approve/{made}") for admin in admins))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await shop.services.pool.fetchval("SELECT count(*) FROM wallet") == 1


async def test_who_was_rejected_is_told_nothing_any_more_and_may_ask_again(shop: Shop) -> None:
    made = data(await register(shop, "ada"))["userId"]
    tokens = data(await log_in(shop, "ada"))
    admin = person(shop, Role.ADMIN)
    for reason in ("", "  ", "x" * 129, "a\nb", "\0"):
        answer = await admin.post(f"/home/reject/{made}", {"reason": reason})
        assert refused(answer) == (422, "DECISION_REASON_REQUIRED")
    assert data(await admin.post(f"/home/reject/{made}", {"reason": "no such place"}))["reason"] == "no such place"
    assert refused(await log_in(shop, "ada")) == (401, "INVALID_CREDENTIALS")
    assert refused(await refresh(shop, tokens["refreshToken"])) == (401, "INVALID_REFRESH_TOKEN")
    shop.clock.forward(WAITING)
    assert refused(await admin.post(f"/home/approve/{made}")) == (409, "PERSON_STATE")
    data(await register(shop, "ada"))
    assert data(await log_in(shop, "ada"))["state"] == "waiting"


async def test_without_a_waiting_period_approval_is_at_once(shop: Shop) -> None:
    shop.http._transport.app.state.services = replace(shop.services, waiting_hours=0)  # type: ignore[attr-defined]  # the ASGI transport's
    made = data(await register(shop, "ada"))
    assert made["remainingSeconds"] == 0
    assert data(await person(shop, Role.ADMIN).post(f"/home/approve/{made['userId']}"))["state"] == "approved"


async def test_a_block_ends_sessions_and_the_wallets_codes_and_can_be_undone(shop: Shop) -> None:
    ada = await approved(shop, "ada")
    tokens = data(await log_in(shop, "ada"))
    wallet = await wallet_of(shop, ada.id)
    assert data(await ada.admin.post(f"/home/block/{ada.id}", {"reason": "stolen phone"}))["state"] == "blocked"
    blocked = "SELECT blocked_version IS NOT NULL FROM wallet WHERE wallet = $1"
    assert await shop.services.pool.fetchval(blocked, wallet)
    assert refused(await log_in(shop, "ada")) == (403, "PERSON_BLOCKED")
    assert refused(await log_in(shop, "ada", "wrong password")) == (401, "INVALID_CREDENTIALS")
    assert refused(await refresh(shop, tokens["refreshToken"])) == (401, "INVALID_REFRESH_TOKEN")
    assert refused(await wait(shop, tokens)) == (401, "INVALID_TOKEN"), "access tokens end with their session"
    shop.clock.forward(10 * 60_000)
    assert (await wait(shop, tokens)).status_code == 401
    assert refused(await ada.admin.post(f"/home/block/{ada.id}", {"reason": "twice"})) == (409, "PERSON_STATE")
    assert data(await ada.admin.post(f"/home/unblock/{ada.id}"))["state"] == "approved"
    assert refused(await ada.admin.post(f"/home/unblock/{ada.id}")) == (409, "PERSON_STATE")
    assert not await shop.services.pool.fetchval(blocked, wallet)
    assert refused(await refresh(shop, tokens["refreshToken"])) == (401, "INVALID_REFRESH_TOKEN")
    assert data(await log_in(shop, "ada"))["state"] == "approved"
    await shop.assert_reconciled()


async def test_unblock_approves_nobody(shop: Shop) -> None:
    made = data(await register(shop, "ada"))["userId"]
    shop.clock.forward(WAITING)
    admin = person(shop, Role.ADMIN)
    assert refused(await admin.post(f"/home/unblock/{made}")) == (409, "PERSON_STATE")
    assert refused(await admin.post(f"/home/block/{made}", {"reason": "x"})) == (409, "PERSON_STATE")
    assert await wallet_of(shop, made) is None


async def test_admins_are_a_superadmins_to_make_and_to_block(shop: Shop) -> None:
    root = person(shop, Role.SUPERADMIN, await admin_with_password(shop, "root", Role.SUPERADMIN))
    body = {"login": "Eve", "password": PASSWORD, "name": "Eve", "role": "admin"}
    eve = person(shop, Role.ADMIN, None)
    assert refused(await eve.post("/home/admins", body)) == (403, "FORBIDDEN")
    made = data(await root.post("/home/admins", body))["userId"]
    assert data(await log_in(shop, "eve"))["role"] == "admin"
    assert refused(await root.post("/home/admins", body)) == (409, "LOGIN_TAKEN")
    assert (await root.post("/home/admins", body | {"role": "customer"})).status_code == 422
    why = {"reason": "left"}
    assert refused(await eve.post(f"/home/block/{made}", why)) == (403, "FORBIDDEN")
    assert refused(await root.post(f"/home/block/{root.id}", why)) == (403, "FORBIDDEN")
    assert data(await root.post(f"/home/block/{made}", why))["state"] == "blocked"
    assert refused(await eve.post(f"/home/unblock/{made}")) == (403, "FORBIDDEN")
    assert data(await root.post(f"/home/unblock/{made}"))["state"] == "approved"


async def test_registrations_are_paged_in_the_order_of_time(shop: Shop) -> None:
    made = []
    for number in range(5):
        made.append(data(await register(shop, f"ada{number}"))["userId"])
        shop.clock.forward(1)
    admin = person(shop, Role.ADMIN)
    first = data(await admin.get("/home/registrations", limit="2"))
    second = data(await admin.get("/home/registrations", limit="2", cursor=first["next"]))
    third = data(await admin.get("/home/registrations", limit="2", cursor=second["next"]))
    pages = [first, second, third]
    assert [one["userId"] for page in pages for one in page["people"]] == made
    assert third["next"] is None
    assert data(await admin.get("/home/registrations", limit="5"))["next"] is None
    assert "argon2" not in str(pages)
    for query in ({"limit": "0"}, {"limit": "201"}, {"cursor": "x"}, {"cursor": ""}, {"after": "x"}):
        assert (await admin.get("/home/registrations", **query)).status_code == 422


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"login": "ab"}, "INVALID_LOGIN"),
        ({"login": "a" * 65}, "INVALID_LOGIN"),
        ({"login": "\u0430da"}, "INVALID_LOGIN"),
        ({"login": "ada\n"}, "INVALID_LOGIN"),
        ({"login": "ada\0"}, "INVALID_LOGIN"),
        ({"login": "\ud800da"}, "MALFORMED"),
        ({"login": "a\u212aa"}, "INVALID_LOGIN"),
        ({"password": "1234567"}, "INVALID_PASSWORD"),
        ({"password": "x" * 129}, "INVALID_PASSWORD"),
        ({"password": "\ud800" * 8}, "MALFORMED"),
        ({"login": "lovelace", "password": "LoveLace"}, "INVALID_PASSWORD"),
        ({"name": ""}, "MALFORMED"),
        ({"name": " "}, "MALFORMED"),
        ({"name": "a\0b"}, "MALFORMED"),
        ({"name": "\udfff"}, "MALFORMED"),
        ({"name": "x" * 129}, "MALFORMED"),
        ({"role": "admin"}, "MALFORMED"),
        ({"role": "superadmin"}, "MALFORMED"),
        ({"lat": 900_000_001}, "MALFORMED"),
        ({"lon": 1.5}, "MALFORMED"),
        ({"lat": 2**70}, "MALFORMED"),
        ({"currency": "XXZ"}, "INVALID_CURRENCY"),
        ({"currency": "\0"}, "INVALID_CURRENCY"),
        ({"state": "approved"}, "MALFORMED"),
    ],
    ids=repr,
)
async def test_what_nobody_can_register_with(shop: Shop, changes: dict[str, Any], code: str) -> None:
    body = {"login": "ada", "password": PASSWORD, "name": "Ada", "role": "customer", "lat": 1, "lon": 1}
    raw = as_json(body | {"currency": "EUR"} | changes)
    answer = await shop.http.post("/home/register", content=raw, headers={"Content-Type": "application/json"})
    assert refused(answer) == (422, code)
    assert PASSWORD not in answer.text
    assert str(changes.get("password", PASSWORD)) not in answer.text
    assert await shop.services.pool.fetchval("SELECT count(*) FROM person") == 0


def as_json(body: dict[str, Any]) -> bytes:
    """JSON as anybody may write it: a lone surrogate is an escape in it."""
    return json.dumps(body).encode("ascii")


async def test_what_admins_do_is_for_admins_and_what_is_unknown_is_404(shop: Shop) -> None:
    nobody = uuid_text(uuid7(shop.clock(), bytes(10)))
    calls: list[tuple[str, str, Any]] = [("GET", "/home/registrations", None)]
    calls += [("POST", f"/home/{word}/{nobody}", None) for word in ("approve", "unblock")]
    calls += [("POST", f"/home/{word}/{nobody}", {"reason": "x"}) for word in ("reject", "block")]
    ada, _ = await customer(shop)
    everybody = [ada, person(shop, Role.VENDOR, vendor=shop.vendor), *(person(shop, role) for role in ADMINS)]
    for method, path, body in calls:
        for one in everybody:
            answer = await (one.get(path) if method == "GET" else one.post(path, body))
            if one.caller.role in ADMINS:
                assert answer.status_code == (200 if method == "GET" else 404)
            else:
                assert refused(answer) == (403, "FORBIDDEN")
            waiting = replace(one, caller=replace(one.caller, state=PersonState.WAITING))
            answer = await (waiting.get(path) if method == "GET" else waiting.post(path, body))
            assert refused(answer) == (403, "NOT_APPROVED")
        assert (await shop.http.request(method, path, json=body)).status_code == 401

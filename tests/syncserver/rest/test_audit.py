"""The audit trail over REST: what admins do stands in it, found, exported and verified."""

import csv
import io
from typing import Any

import pytest

from syncserver.maintenance.rounds import one_round
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person, customer, data, person, refused
from tests.syncserver.rest.people import PASSWORD, WAITING, approved, log_in, register

pytestmark = pytest.mark.anyio


async def _entries(admin: Person, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data(await admin.get("/api/audit", **query))["entries"]
    return found


async def test_what_an_admin_does_says_who_from_where_and_what_it_was(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    vendor = shop.vendor.hex()
    path = f"/api/vendors/{vendor[:8]}-{vendor[8:12]}-{vendor[12:16]}-{vendor[16:20]}-{vendor[20:]}"
    data(await admin.post(f"{path}/block"))
    (blocked,) = await _entries(admin, action="vendor.block")
    assert blocked["actor"] == admin.caller.actor
    assert blocked["origin"] == "127.0.0.1"
    assert (blocked["before"], blocked["after"]) == ({"blocked": False}, {"blocked": True})
    assert blocked["object"] == f"vendor {path.rpartition('/')[2]}"
    assert blocked["at"] == shop.clock.now
    assert data(await admin.get(f"/api/audit/entries/{blocked['entryId']}")) == blocked
    nothing = await admin.get("/api/audit/entries/0192f0c1-a000-7000-8000-00000000a001")
    assert refused(nothing) == (404, "UNKNOWN_AUDIT_ENTRY")


async def test_decisions_about_people_stand_in_it_with_their_reasons_and_no_secret(shop: Shop) -> None:
    boss = person(shop, Role.SUPERADMIN)
    ada = await approved(shop, "ada")
    eve = data(await register(shop, "eve"))["userId"]
    data(await boss.post(f"/home/reject/{eve}", {"reason": "nobody knows them"}))
    data(await boss.post(f"/home/block/{ada.id}", {"reason": "a stolen card"}))
    data(await boss.post(f"/home/unblock/{ada.id}"))
    tokens = data(await log_in(shop, "ada"))
    headers = {"Authorization": f"Bearer {tokens['accessToken']}"}
    passwords = {"oldPassword": PASSWORD, "newPassword": "another long password"}
    assert (await shop.http.post("/auth/password", json=passwords, headers=headers)).status_code == 200
    assert (await shop.http.post("/auth/logout-everywhere", headers=headers)).status_code == 200
    made = {"login": "new-admin", "password": PASSWORD, "name": "New Admin", "role": "admin"}
    data(await boss.post("/home/admins", made))
    done = await _entries(boss)
    actions = {one["action"]: one for one in done}
    assert actions["person.reject"]["reason"] == "nobody knows them"
    assert actions["person.block"]["reason"] == "a stolen card"
    assert actions["person.block"]["before"] == {"state": "approved"}
    assert {"person.approve", "person.unblock", "password.change", "session.end-all", "admin.create"} <= set(actions)
    assert actions["admin.create"]["after"]["login"] == "new-admin"
    assert await _entries(boss, object=f"person {ada.id[:13]}", action="person.unblock") == [actions["person.unblock"]]
    whole = (await boss.get("/api/audit", format="csv")).text
    assert "password" in whole  # the action
    for secret in (PASSWORD, "another long password", "argon2"):
        assert secret not in whole


async def test_money_that_admins_move_stands_in_it_and_what_customers_do_themselves_does_not(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    ada, wallet = await customer(shop)
    for who in (ada, admin):
        shop.clock.forward(1)
        data(await who.post(f"/api/wallets/transfer-to-offline/{ada.id}", {"amount": "1.00"}))
        shop.clock.forward(1)
        series = data(await who.post(f"/api/wallets/issue-codes/{ada.id}", {"count": 1, "cap": "0.50"}))
        shop.clock.forward(1)
        data(await who.post(f"/api/wallets/withdraw-codes/{ada.id}", {"series": series["series"]}))
    shop.clock.forward(1)
    data(await admin.post(f"/api/wallets/add-money/{ada.id}", {"amount": "5.00", "receipt": "cash 1"}))
    done = [one for one in await _entries(admin, object=f"wallet {wallet}") if one["actor"] != "test"]
    assert [one["action"] for one in done] == ["funding.cash", "codes.withdraw", "codes.issue", "wallet.move"]
    assert {one["actor"] for one in done[:2]} | {done[2]["actor"]} == {admin.caller.actor}
    assert done[0]["after"] == {"amount": 500, "receipt": "CASH 1", "currency": "EUR"}


async def test_pages_and_the_file_have_all_that_fits_and_cells_run_nothing(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    for number in range(5):
        user_id = data(await register(shop, f"eve{number}"))["userId"]
        shop.clock.forward(1)
        data(await admin.post(f"/home/reject/{user_id}", {"reason": f"=cmd|' /C calc'!A{number}"}))
    shop.clock.forward(WAITING)
    reasons, cursor = [], None
    while True:
        query = {"action": "person.reject", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = data(await admin.get("/api/audit", **query))
        reasons += [one["reason"] for one in page["entries"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert reasons == [f"=cmd|' /C calc'!A{number}" for number in reversed(range(5))]
    answer = await admin.get("/api/audit", action="person.reject", format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["reason"] for row in rows] == [f"'{reason}" for reason in reasons]
    assert rows[0]["before"] == '{"state": "waiting"}'


async def test_seals_are_verified_over_rest(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    await one_round(shop.services)
    heads = {one["chain"]: one["head"] for one in data(await admin.get("/api/audit/seals"))["chains"]}
    found = data(await admin.post("/api/audit/verify", {"heads": [heads["audit"]]}))
    assert (found["ok"], found["breaks"], found["waiting"]) == (True, [], 0)
    assert found["checked"] > 0
    owner = await shop.target.connect_owner()
    try:
        await owner.execute("UPDATE audit SET actor = 'nobody'")
    finally:
        await owner.close()
    found = data(await admin.post("/api/audit/verify", {"heads": ["00" * 32]}))
    assert found["ok"] is False
    assert {one["broken"] for one in found["breaks"]} == {"changed", "head missing"}
    assert found["breaks"][0]["row"].startswith("audit entry ")
    assert refused(await admin.post("/api/audit/verify", {"heads": ["zz"]})) == (422, "MALFORMED")

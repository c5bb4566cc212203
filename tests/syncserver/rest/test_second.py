"""Above an amount an admin needs a second one."""

from dataclasses import replace

import pytest

from shared.ids import uuid_bytes
from shared.money import Money
from syncserver.people import admins, approving
from syncserver.people.access import Caller, Role
from syncserver.people.second import WAITS_MS, may_go_ahead
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import data, person
from tests.syncserver.rest.people import PASSWORD, admin_with_password

pytestmark = pytest.mark.anyio


async def ask(shop: Shop, caller: Caller, minor: int, currency: str = "EUR", subject: str = "wallet 1") -> bool:
    services = replace(shop.services, two_person_amount=100)
    await person(shop, caller.role, caller.user_id).enter()
    async with shop.services.pool.acquire() as connection, connection.transaction():
        return await may_go_ahead(
            connection, services, caller, action="fund", subject=subject, money=Money(minor, currency)
        )


async def test_two_admins_must_mean_the_same(shop: Shop) -> None:
    ada, bob = (person(shop, Role.ADMIN).caller for _ in range(2))
    assert await ask(shop, ada, 100_00)
    assert await ask(shop, ada, 100, "JPY")
    assert not await ask(shop, ada, 101, "JPY")
    assert not await ask(shop, ada, 100_01)
    assert not await ask(shop, ada, 100_01), "one person is no two"
    assert not await ask(shop, bob, 100_02), "another amount"
    assert not await ask(shop, bob, 100_01, subject="wallet 2")
    assert await ask(shop, bob, 100_01)
    assert not await ask(shop, bob, 100_01), "it was done once"


async def test_whoever_asked_first_is_forgotten_after_a_day(shop: Shop) -> None:
    ada, bob = (person(shop, Role.ADMIN).caller for _ in range(2))
    assert not await ask(shop, ada, 100_01)
    shop.clock.forward(WAITS_MS + 1)
    assert not await ask(shop, bob, 100_01)
    assert await ask(shop, ada, 100_01)


async def test_whoever_asks_again_after_a_day_waits_for_another_day(shop: Shop) -> None:
    ada, bob = (person(shop, Role.ADMIN).caller for _ in range(2))
    assert not await ask(shop, ada, 100_01)
    shop.clock.forward(WAITS_MS + 1)
    assert not await ask(shop, ada, 100_01)
    shop.clock.forward(WAITS_MS)
    assert await ask(shop, bob, 100_01)


async def test_whom_an_admin_made_is_no_second_person_until_the_operator_vouches_for_them(shop: Shop) -> None:
    root = person(shop, Role.SUPERADMIN, await admin_with_password(shop, "root", Role.SUPERADMIN))
    bob = person(shop, Role.ADMIN, await admin_with_password(shop, "bob"))
    made: list[Caller] = []
    for maker, login, role in ((root, "one", Role.SUPERADMIN), (root, "two", Role.ADMIN)):
        body = {"login": login, "password": PASSWORD, "name": login, "role": role.value}
        made.append(Caller(uuid_bytes(data(await maker.post("/home/admins", body))["userId"]), role))
    body = {"login": "three", "password": PASSWORD, "name": "three", "role": "admin"}
    grandchild = data(await person(shop, Role.SUPERADMIN, made[0].user_id).post("/home/admins", body))["userId"]
    made.append(Caller(uuid_bytes(grandchild), Role.ADMIN))

    assert not await ask(shop, root.caller, 100_01)
    for one in made:
        assert not await ask(shop, one, 100_01)
    assert await ask(shop, bob.caller, 100_01)
    assert not await ask(shop, made[1], 100_01)
    assert not await ask(shop, made[2], 100_01), "nor are two whom one made"
    await admins.vouch(shop.services, made[2].user_id)
    assert await ask(shop, made[2], 100_01)


async def test_the_word_of_an_admin_who_was_blocked_since_is_not_the_first(shop: Shop) -> None:
    ada, bob, carl = (person(shop, Role.ADMIN).caller for _ in range(3))
    assert not await ask(shop, ada, 100_01)
    await approving.block(shop.services, person(shop, Role.SUPERADMIN).caller, ada.user_id, "a thief")
    assert not await ask(shop, bob, 100_01)
    assert await ask(shop, carl, 100_01)

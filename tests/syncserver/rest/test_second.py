"""Above an amount an admin needs a second one."""

from dataclasses import replace

import pytest

from shared.money import Money
from syncserver.people.access import Caller, Role
from syncserver.people.second import WAITS_MS, may_go_ahead
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import person

pytestmark = pytest.mark.anyio


async def ask(shop: Shop, caller: Caller, minor: int, currency: str = "EUR", subject: str = "wallet 1") -> bool:
    services = replace(shop.services, two_person_amount=100)
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

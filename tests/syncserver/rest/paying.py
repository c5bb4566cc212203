"""Payments of tests over the REST API."""

from typing import Any

import httpx

from shared.geo import Place
from shared.ids import uuid_text
from syncserver.people.access import Role
from syncserver.registry import vendors
from syncserver.wallets import accounts
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person, customer, data, person

ONLINE = "/api/transactions/make-payment-online"
FAR_AWAY = Place.from_degrees("48.8566", "2.3522")


async def pay(who: Person, amount: Any, *, key: str | None = None, **changes: Any) -> httpx.Response:
    """Pay the shop's vendor from the online balance."""
    return await who.post(ONLINE, {"vendorId": uuid_text(who.shop.vendor), "amount": amount} | changes, key=key)


async def rich(shop: Shop, online: str = "5000.00") -> tuple[Person, str]:
    """A customer who has a lot in the online balance alone."""
    ada, wallet = await customer(shop)
    await accounts.move_offline(shop.services, wallet, "150.00", "test", back=True)
    await accounts.fund(shop.services, wallet, online, "test")
    return ada, wallet


async def loosen(shop: Shop, **limits: Any) -> None:
    """Change the vendor's limits."""
    await vendors.change_policy(shop.services, shop.vendor, limits, actor="test")


async def flagged(shop: Shop, amount: Any = "10.00", who: Person | None = None) -> str:
    """The id of an online payment that waits for an admin: its customer says to be far from home."""
    payer = who or (await customer(shop))[0]
    paid = data(await pay(payer, amount, place={"lat": FAR_AWAY.lat, "lon": FAR_AWAY.lon}))
    assert paid["state"] == "FLAGGED"
    return str(paid["id"])


def seller(shop: Shop) -> Person:
    """Somebody of the shop."""
    return person(shop, Role.VENDOR, vendor=shop.vendor)

"""People of a test who register and log in as anybody does."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.ids import uuid_bytes
from syncserver.people import admins
from syncserver.people.access import Role
from syncserver.sync.turns import Turns
from tests.syncserver.kit import HOUR, TALLINN, Shop
from tests.syncserver.rest.kit import Person, data, person

PASSWORD = "correct horse battery"
WAITING = 24 * HOUR


def registration(login: str, **changes: Any) -> dict[str, Any]:
    """The body of a registration."""
    asked = {
        "login": login,
        "password": PASSWORD,
        "name": "Ada Lovelace",
        "role": "customer",
        "lat": TALLINN.lat,
        "lon": TALLINN.lon,
        "currency": "EUR",
    }
    return asked | changes


async def register(shop: Shop, login: str, **changes: Any) -> httpx.Response:
    return await shop.http.post("/home/register", json=registration(login, **changes))


async def log_in(shop: Shop, login: str, password: str = PASSWORD) -> httpx.Response:
    return await shop.http.post("/auth/login", json={"login": login, "password": password})


async def refresh(shop: Shop, token: str) -> httpx.Response:
    return await shop.http.post("/auth/refresh", json={"refreshToken": token})


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


async def wait(shop: Shop, tokens: dict[str, Any]) -> httpx.Response:
    """What needs nothing but an access token that is good."""
    return await shop.http.get("/home/checkWaitingPeriod", headers=bearer(tokens))


@dataclass(slots=True)
class Approved:
    """Somebody who was approved, and the admin who did it."""

    id: str
    admin: Person


async def approved(shop: Shop, login: str, **changes: Any) -> Approved:
    """Somebody who registered, waited and was approved."""
    admin = person(shop, Role.ADMIN)
    user_id = data(await register(shop, login, **changes))["userId"]
    shop.clock.forward(WAITING)
    data(await admin.post(f"/home/approve/{user_id}"))
    return Approved(user_id, admin)


async def admin_with_password(shop: Shop, login: str, role: Role = Role.ADMIN) -> bytes:
    """An admin as the command makes one."""
    turns = Turns(1, most_waiting=1, seconds=10.0)
    return await admins.add_admin(
        shop.services, turns, login=login, name=login, role=role, password=PASSWORD, actor="cli test"
    )


async def wallet_of(shop: Shop, user_id: str) -> str | None:
    found = await shop.services.pool.fetchval("SELECT wallet FROM wallet WHERE customer::text = $1", user_id)
    assert uuid_bytes(user_id)
    return str(found) if found is not None else None

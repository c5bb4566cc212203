"""People of a test who call the REST API."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.ids import uuid7, uuid_text
from syncserver.database.arrays import uuid_of
from syncserver.people.access import Caller, Role, grant
from tests.syncserver.kit import Shop


@dataclass(slots=True)
class Person:
    """Somebody with an access token."""

    shop: Shop
    caller: Caller
    keys: int = 0

    @property
    def id(self) -> str:
        """The user id as paths name it."""
        return uuid_text(self.caller.user_id)

    @property
    def headers(self) -> dict[str, str]:
        """The token, made anew: it is good for ten minutes of the test's clock."""
        return {"Authorization": f"Bearer {grant(self.shop.services, self.caller)}"}

    async def enter(self) -> None:
        """Stand in the database where it matters who somebody is: an admin, as the command makes one."""
        if self.caller.is_admin:
            await self.shop.services.pool.execute(
                "INSERT INTO person (user_id, login, name, role, state, password, registered_at) "
                "VALUES ($1, $2, 'Admin', $3, 'approved', '$argon2id$', 0) ON CONFLICT DO NOTHING",
                uuid_of(self.caller.user_id),
                f"admin-{self.caller.user_id.hex()}",
                self.caller.role,
            )

    async def get(self, path: str, **query: str) -> httpx.Response:
        """GET a path."""
        return await self.shop.http.get(path, params=query, headers=self.headers)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """POST a body under an Idempotency-Key, a new one unless it is named."""
        await self.enter()
        self.keys += 1
        headers = {**self.headers, "Idempotency-Key": key or f"key-{self.keys}"}
        return await self.shop.http.post(path, json=body, headers=headers)


def person(shop: Shop, role: Role, user_id: bytes | None = None, vendor: bytes | None = None) -> Person:
    """Somebody of a role; a new user unless one is named."""
    new = [uuid7(shop.clock(), shop.services.random(10)) for _ in range(2)]
    return Person(shop, Caller(user_id or new[0], role, vendor, session=new[1]))


async def customer(shop: Shop) -> tuple[Person, str]:
    """A customer as the shop's tests make them, who calls the API: with the number of the wallet."""
    wallet = await shop.customer()
    found = await shop.services.pool.fetchval("SELECT customer FROM wallet WHERE wallet = $1", wallet)
    return person(shop, Role.CUSTOMER, found.bytes), wallet


def data(answer: httpx.Response, status: int = 200) -> Any:
    """What a success answers."""
    body = answer.json()
    assert (answer.status_code, body["success"], body["errorCode"]) == (status, True, None), answer.text
    return body["data"]


def refused(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an error."""
    body = answer.json()
    assert (body["success"], body["data"]) == (False, None), answer.text
    return answer.status_code, body["errorCode"]

"""Whatever is sent as a body, a query or a header, an endpoint answers that it is none: never that we broke."""

import re

import pytest

from shared.ids import uuid_text
from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.endpoint import Endpoint
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person, person, refused

pytestmark = pytest.mark.anyio
DEEP = 20_000
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"\x00\xff",
    "null": b"null",
    "a list": b"[]",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"x":' * (DEEP // 2) + b"1" + b"}" * (DEEP // 2),
    "deep inside": b'{"amount":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a huge number": b'{"amount":' + b"9" * 5_000 + b"}",
    "a huge float": b'{"amount":1e999999}',
    "NaN": b'{"amount":NaN}',
    "a lone surrogate": b'{"amount":"\\ud800"}',
    "NUL": b'{"amount":"1\\u0000"}',
    "a huge text": b'{"amount":"' + b"9" * 60_000 + b'"}',
    "other digits": '{"amount":"١٢"}'.encode(),
    "not UTF-8": b'{"amount":"\xff"}',
    "cut off": b'{"amount":"1',
    "UTF-16": '{"amount":"1"}'.encode("utf-16"),
    "too large": b" " * 70_000,
    "something more": b'{"amount":"1","amount2":"1"}',
}


def path_of(endpoint: Endpoint, user_id: str) -> str:
    return re.sub(r"\{\w+\}", user_id, endpoint.path)


def one_who_may(endpoint: Endpoint) -> Role:
    """A role that gets as far as the body, whoever's id is named where admins may."""
    everybody: list[Role] = [Role.SUPERADMIN, *Role]
    return next(role for role in everybody if endpoint.roles is None or role in endpoint.roles)


def caller_of(shop: Shop, endpoint: Endpoint) -> Person:
    """Somebody of that role; of a shop's people, one of the shop that paths name here."""
    role = one_who_may(endpoint)
    return person(shop, role, vendor=bytes(16) if role is Role.VENDOR else None)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
async def test_hostile_bodies_are_refused(standing_shop: Shop, endpoint: Endpoint) -> None:
    who = caller_of(standing_shop, endpoint)
    for said, body in BODIES.items():
        headers = {**who.headers, "Content-Type": "application/json", "Idempotency-Key": said.replace(" ", "-")}
        path = path_of(endpoint, uuid_text(bytes(16)))
        answer = await standing_shop.http.request(endpoint.method, path, content=body, headers=headers)
        assert answer.status_code < 500, (said, answer.text)
        assert endpoint.body is None or answer.status_code >= 400, (said, answer.text)
    await standing_shop.assert_reconciled()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
async def test_hostile_paths_queries_and_headers_are_refused(standing_shop: Shop, endpoint: Endpoint) -> None:
    who = caller_of(standing_shop, endpoint)
    for name in (
        "%00",
        "%ff%fe",
        "%ed%a0%80",
        "..%2f",
        "x" * 4_000,
        "{%7B}",
        "%D9%A1",
        "00000000000070008000000000000001",
    ):
        if "{" in endpoint.path:
            answer = await standing_shop.http.request(endpoint.method, path_of(endpoint, name), headers=who.headers)
            assert 400 <= answer.status_code < 500, (name, answer.text)
    for query in ("a=1&a=2", "%00=%00", "x=%ff", "cursor=%00", "limit=-1", "limit=" + "9" * 4_000, "=", "&&&"):
        path = path_of(endpoint, uuid_text(bytes(16)))
        answer = await standing_shop.http.request(endpoint.method, f"{path}?{query}", headers=who.headers)
        assert answer.status_code < 500, (query, answer.text)
    answer = await standing_shop.http.request(endpoint.method, f"{path}?nameless=1", headers=who.headers)
    assert refused(answer)[0] == 422, "what is not known is not passed over"
    for bearer in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer " + "x" * 4_000,
        "Bearer a.b.c.d.e",
        "Bearer \u00ff",
    ):
        answer = await standing_shop.http.request(
            endpoint.method, path, headers={b"Authorization": bearer.encode("latin-1")}
        )
        assert answer.status_code in ({401} if endpoint.roles is not None else range(200, 500)), bearer


@pytest.mark.parametrize("path", ["/api/devices/enrol"])
async def test_a_terminals_json_has_no_bottom_either(shop: Shop, path: str) -> None:
    body = b'{"more":' + b"[" * DEEP + b"]" * DEEP + b"}"
    answer = await shop.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422

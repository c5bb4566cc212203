"""How a terminal becomes a device: one token, one key, once."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.geo import Place
from shared.ids import uuid_bytes, uuid_text
from shared.keys import SigningKey
from shared.messages.enrolment import from_base64url, open_certificate, prove_enrolment, to_base64url, token_kid
from syncserver.registry import devices, enrolment
from tests.syncserver.kit import HOUR, TALLINN, Shop
from tests.syncserver.protocol.test_bodies import assert_refused

pytestmark = pytest.mark.anyio


def key(number: int) -> SigningKey:
    return SigningKey.from_seed(bytes([number]) * 32)


async def token_of(shop: Shop, **changes: Any) -> str:
    return await enrolment.make_token(shop.services, shop.vendor, **changes)


def body_of(token: str, signing: SigningKey, /, **changes: Any) -> dict[str, Any]:
    body = {
        "token": token,
        "publicKey": to_base64url(signing.public_key),
        "proof": to_base64url(prove_enrolment(token, signing)),
        "name": "till 1",
        "model": "Pi 5",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


async def post(shop: Shop, body: Any) -> httpx.Response:
    return await shop.http.post("/api/devices/enrol", json=body)


async def test_a_token_is_exchanged_for_a_device_with_a_certificate(shop: Shop) -> None:
    place = Place(TALLINN.lat + 1_000, TALLINN.lon)
    token = await token_of(shop, place=place)
    active = shop.services.keys.active
    assert token_kid(token) == active.kid
    answer = await post(shop, body_of(token, key(1)))
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data.keys() == {"deviceId", "epoch", "serverId", "vendor", "serverKeys", "certificate", "serverTime"}
    assert data["vendor"] == {
        "id": uuid_text(shop.vendor), "name": "Corner Shop", "lat": place.lat, "lon": place.lon, "currency": "EUR",
    }  # fmt: skip
    assert (data["epoch"], data["serverTime"]) == (1, shop.clock.now)
    assert data["serverKeys"] == [{"kid": active.kid.hex(), "publicKey": to_base64url(active.public_key)}]
    certificate = open_certificate(from_base64url(data["certificate"]), shop.services.keys.by_kid())
    assert (certificate.device, certificate.epoch) == (uuid_bytes(data["deviceId"]), 1)
    assert (certificate.key, certificate.vendor, certificate.name) == (key(1).public_key, shop.vendor, "till 1")


async def test_the_same_token_and_key_answer_the_same_again_and_no_other_key_does(shop: Shop) -> None:
    token = await token_of(shop)
    first = (await post(shop, body_of(token, key(1)))).json()["data"]
    shop.clock.forward(HOUR)
    again = (await post(shop, body_of(token, key(1), name="another name"))).json()["data"]
    assert again | {"serverTime": 0} == first | {"serverTime": 0}
    assert_refused(await post(shop, body_of(token, key(2))), 409, "KEY_CONFLICT")
    assert_refused(await post(shop, body_of(await token_of(shop), key(1))), 409, "KEY_CONFLICT")
    next_one = await token_of(shop, device=uuid_bytes(first["deviceId"]))
    assert_refused(await post(shop, body_of(next_one, key(1))), 409, "KEY_CONFLICT")
    # A refused key does not use the token up.
    assert (await post(shop, body_of(next_one, key(3)))).json()["data"]["epoch"] == 2
    assert len(await devices.list_devices(shop.services)) == 1


async def test_many_at_once_make_one_device_of_one_token(shop: Shop) -> None:
    token, other = await token_of(shop), await token_of(shop)
    answers = await asyncio.gather(*(post(shop, body_of(token, key(1 + number % 2))) for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3
    assert len({answer.json()["data"]["deviceId"] for answer in answers if answer.status_code == 200}) == 1
    bodies = [body_of(other, key(9)), body_of(await token_of(shop), key(9))]
    statuses = [answer.status_code for answer in await asyncio.gather(*(post(shop, body) for body in bodies))]
    assert sorted(statuses) == [200, 409]
    assert len(await devices.list_devices(shop.services)) == 2


async def test_unknown_and_expired_tokens_are_answered_alike(shop: Shop) -> None:
    token, early = await token_of(shop), await token_of(shop)
    strange = [
        "",
        "x",
        token + "x",
        token[1:],
        token.upper(),
        "é",
        "\x00",
        "x" * 10_000,
        "\U0001f600",
        token.split(".")[0],
    ]
    for text in strange:
        assert_refused(await post(shop, body_of(text, key(1))), 401, "ENROLMENT_TOKEN")
    assert (await post(shop, body_of(early, key(2)))).status_code == 200
    shop.clock.forward(24 * HOUR - 1)
    assert (await post(shop, body_of(early, key(2)))).status_code == 200
    shop.clock.forward(1)
    for text in (token, early):
        assert_refused(await post(shop, body_of(text, key(2))), 401, "ENROLMENT_TOKEN")


async def test_a_proof_is_of_this_token_by_this_key(shop: Shop) -> None:
    token, other = await token_of(shop), await token_of(shop)
    zeros = to_base64url(bytes(32))
    for changes in (
        {"proof": to_base64url(prove_enrolment(other, key(1)))},
        {"proof": to_base64url(prove_enrolment(token, key(2)))},
        {"proof": to_base64url(key(1).sign(token.encode()))},
        {"proof": to_base64url(bytes(64))},
        {"publicKey": to_base64url(key(2).public_key)},
        {"publicKey": zeros, "proof": to_base64url(bytes(64))},
        {"publicKey": to_base64url(b"\x01" + bytes(31)), "proof": to_base64url(b"\x01" + bytes(63))},
    ):
        assert_refused(await post(shop, body_of(token, key(1), **changes)), 422, "INVALID_PROOF")
    assert (await post(shop, body_of(token, key(1)))).status_code == 200


async def test_fields_of_the_wrong_kind_are_refused(shop: Shop) -> None:
    token = await token_of(shop)
    proof = to_base64url(prove_enrolment(token, key(1)))
    wrong: dict[str, tuple[Any, ...]] = {
        "token": (None, 1, [], {}, True),
        "publicKey": (None, 1, "", "x", to_base64url(bytes(31)), to_base64url(bytes(33)), "=" * 43, "ä" * 43, "/" * 43),
        "proof": (
            None,
            1,
            "",
            proof + "=",
            proof + "==",
            proof[:-1],
            proof + "A",
            " " + proof,
            proof.replace("-", "+") + "+",
        ),
        "name": (None, 1, [], "x" * 129, "ä" * 65, "a\x00", "a\nb", "\x7f"),
        "model": (None, 1, "x" * 129, "\x1b[31m"),
    }
    for field, values in wrong.items():
        for value in values:
            assert_refused(await post(shop, body_of(token, key(1), **{field: value})), 422)
    assert (await post(shop, body_of(token, key(1), name="ä" * 64, model=""))).status_code == 200


async def test_a_body_that_is_no_small_json_object_is_refused(shop: Shop) -> None:
    token = await token_of(shop)
    json_type = {"Content-Type": "application/json"}

    async def raw(content: bytes, **headers: str) -> httpx.Response:
        return await shop.http.post("/api/devices/enrol", content=content, headers=json_type | headers)

    good = httpx.Request("POST", "http://x", json=body_of(token, key(1))).content
    surrogate = good.replace(b"till 1", b"\\ud800")
    lone = good.replace(token.encode(), b"\\ud800" + token.encode())
    for content in (
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        good[:-1],
        good + b"x",
        b"\xff\xfe",
        b"[" * 50_000,
        surrogate,
        lone,
    ):
        assert_refused(await raw(content), 422)
    assert_refused(await raw(b'{"token": "' + b"x" * 70_000 + b'"}'), 413, "TOO_LARGE")
    assert_refused(await raw(good, **{"Content-Type": "application/x-www-form-urlencoded"}), 415)
    assert_refused(await raw(good, **{"Content-Type": ""}), 415)
    assert (await raw(good, **{"Content-Type": "application/json; charset=utf-8"})).status_code == 200


async def test_a_token_of_a_device_that_was_revoked_meanwhile_makes_no_epoch(shop: Shop) -> None:
    till = await shop.terminal()
    token = await token_of(shop, device=till.device)
    await devices.revoke(shop.services, till.device)
    assert_refused(await post(shop, body_of(token, key(1))), 409, "DEVICE_STATE")

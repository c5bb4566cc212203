"""Who may upload and pull: client assertions, access tokens, and everything that only looks like one."""

import base64
import hashlib
import hmac
import json
import os
from typing import Any

import httpx
import pytest

from shared import tokens
from shared.ids import uuid_text
from shared.keys import SigningKey
from shared.messages.enrolment import to_base64url
from syncserver.maintenance.rounds import one_round
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.protocol.admin import next_epoch
from tests.syncserver.protocol.test_bodies import assert_refused

pytestmark = pytest.mark.anyio

NEVER_USED = SigningKey.from_seed(b"\x14" * 32)


def jwt(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(till: FakeTerminal, claims: Any) -> str:
    """An assertion of any JSON, with escapes that a library would refuse to write."""
    text = jwt({"alg": "EdDSA", "typ": "JWT"}, claims).rsplit(".", 1)[0]
    return text + "." + to_base64url(till.key.sign(text.encode()))


def forge(header: dict[str, Any], claims: Any, secret: bytes) -> str:
    """A JWT whose HMAC is made with a public key as its secret."""
    signed = jwt(header, claims).rsplit(".", 1)[0]
    return signed + "." + to_base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))


def claims_of(till: FakeTerminal, **changes: Any) -> dict[str, Any]:
    return dict(tokens.peek(till.assertion(**changes)))


def assert_oauth(answer: httpx.Response, status: int, error: str) -> None:
    """RFC 6749, section 5.2."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"error", "error_description"}
    assert body["error"] == error, body
    allowed = set(map(chr, range(0x20, 0x7F))) - {'"', "\\"}
    assert set(body["error_description"]) <= allowed
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


async def test_an_assertion_of_the_current_key_is_exchanged_once(shop: Shop) -> None:
    till = await shop.terminal()
    assertion = till.assertion()
    answer = await till.ask_token(assertion)
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert answer.headers["cache-control"] == "no-store"
    assert_oauth(await till.ask_token(assertion), 401, "invalid_client")
    jti = claims_of(till)["jti"]
    assert (await till.ask_token(till.assertion(jti=jti))).status_code == 200
    assert_oauth(await till.ask_token(till.assertion(jti=jti)), 401, "invalid_client")
    # Another device may use the same jti, and the memory outlives the assertion.
    other = await shop.terminal(name="till 2")
    assert (await other.ask_token(other.assertion(jti=jti))).status_code == 200
    late = till.assertion(exp=shop.clock.now // 1_000 + 60)
    assert (await till.ask_token(late)).status_code == 200
    shop.clock.forward(59_999)
    await one_round(shop.services)
    assert_oauth(await till.ask_token(late), 401, "invalid_client")


async def test_only_right_claims_make_an_assertion(shop: Shop) -> None:
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    now = shop.clock.now // 1_000
    audience = tokens.audience(shop.services.server_id)
    theirs = uuid_text(other.device)
    subjects: tuple[Any, ...] = ("", "x", None, 1, [], uuid_text(os.urandom(16)), "\ud800")
    wrong: list[dict[str, Any]] = [
        *({"aud": aud} for aud in ("", "tallystick:", audience + "x", [audience], audience.upper(), 1, None, theirs)),
        *({"exp": exp} for exp in (now, now - 1, now + 66, now + 3_600, now + 70.5, str(now + 50), True, None, -1)),
        *({"exp": exp} for exp in (2**53, 2**200, 1e308)),
        {"iss": theirs},
        {"sub": theirs},
        {"iss": theirs, "sub": theirs},
        *({"sub": sub, "iss": sub} for sub in subjects),
        {"sub": uuid_text(till.device).upper()},
        *({"jti": jti} for jti in (None, "", "x" * 129, 1, "a\x00b", ["x"], "\ud800", "\udfff!")),
    ]
    for changes in wrong:
        answer = await till.ask_token(signed(till, claims_of(till) | changes))
        assert_oauth(answer, 401, "invalid_client")
    dates = ({"exp": now + 50.5}, {"exp": now + 60}, {"exp": now + 1})
    for changes in (*dates, {"jti": "ä" * 128}, {"extra": [1]}, {"nbf": now + 9_999}):
        assert (await till.ask_token(till.assertion(**changes))).status_code == 200, changes


async def test_only_the_devices_current_key_signs_assertions(shop: Shop) -> None:
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    claims = claims_of(till)
    header = {"alg": "EdDSA", "typ": "JWT"}
    public = till.key.public_key
    no_maps: tuple[Any, ...] = ([], "x", 1, None)
    forged = [
        tokens.encode(claims, NEVER_USED, token_type="JWT"),
        tokens.encode(claims, other.key, token_type="JWT"),
        tokens.encode(claims, shop.services.keys.active, token_type="JWT"),
        jwt({"alg": "none"}, claims),
        jwt({"alg": "None"}, claims),
        jwt(header, claims),
        jwt(header, claims, bytes(64)),
        *(forge({"alg": "HS256"}, claims, secret) for secret in (public, to_base64url(public).encode(), b"")),
        *(jwt({"alg": alg}, claims, bytes(64)) for alg in ("Ed25519", "ES256", "RS256", "", None, 1, ["EdDSA"])),
        jwt(header | {"crit": ["x"], "x": 1}, claims, bytes(64)),
        jwt(header | {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(NEVER_USED.public_key)}}, claims),
        *(jwt(header, value) for value in no_maps),
        "x", "..", "a.b.c", ".", "a.b", "a.b.c.d.e", "é.é.é", "%00", "x" * 5_000, "e30.e30.", "=.=.=",
        to_base64url(b'{"alg":' + b"[" * 2_000) + ".e30.",
        till.assertion() + "x",
        till.assertion()[:-4],
        till.assertion().replace(".", ". "),
    ]  # fmt: skip
    for assertion in forged:
        assert_oauth(await till.ask_token(assertion), 401, "invalid_client")
    reborn = await next_epoch(shop, till, b"\x15" * 32)
    assert_oauth(await till.ask_token(till.assertion()), 401, "invalid_client")
    assert (await reborn.ask_token(reborn.assertion())).status_code == 200


async def test_a_token_request_that_is_none_is_answered_as_oauth_says(shop: Shop) -> None:
    till = await shop.terminal()
    good = {
        "grant_type": "client_credentials",
        "client_assertion_type": tokens.ASSERTION_TYPE,
        "client_assertion": till.assertion(),
    }
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    async def post(data: dict[str, Any] | None = None, **raw: Any) -> httpx.Response:
        return await shop.http.post("/auth/token", **({"data": data} if data is not None else raw))

    for grant in (
        "password",
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "Client_Credentials",
    ):
        assert_oauth(await post(good | {"grant_type": grant}), 400, "unsupported_grant_type")
    for missing in ("client_assertion", "client_assertion_type", "grant_type"):
        answer = await post({name: value for name, value in good.items() if name != missing})
        assert_oauth(answer, 400, "invalid_request")
    assert_oauth(await post(good | {"client_assertion_type": "x"}), 400, "invalid_request")
    assert_oauth(await post(good | {"grant_type": ["client_credentials"] * 2}), 400, "invalid_request")
    for body in (b"", b"&&&", b"grant_type", b"\xff\xfe", b"a=1&" * 100, b"%=&=&=="):
        assert_oauth(await post(content=body, headers=form), 400, "invalid_request")
    assert_oauth(await post(content=b"a=" + b"x" * 9_000, headers=form), 413, "invalid_request")
    assert_oauth(await post(json=good), 415, "invalid_request")
    # A field that nobody asked for, or an empty one, does no harm.
    assert (await post(good | {"scope": "", "client_id": uuid_text(till.device)})).status_code == 200


async def test_only_a_bearer_token_of_this_server_opens_anything(shop: Shop) -> None:
    till = await shop.terminal()
    services = shop.services
    key, audience = services.keys.active, tokens.audience(services.server_id)
    now = shop.clock.now // 1_000
    claims = {"iss": audience, "aud": audience, "sub": uuid_text(till.device), "role": "device", "exp": now + 600}
    kind = "at+jwt"

    def made(signer: SigningKey = key, token_type: str = kind, **changes: Any) -> str:
        return tokens.encode(
            {k: v for k, v in (claims | changes).items() if v is not None}, signer, token_type=token_type
        )

    header = {"alg": "EdDSA", "typ": kind}
    bad = [
        made(NEVER_USED), made(till.key), made(token_type="JWT"), made(token_type="at+JWT"),
        *(made(exp=exp) for exp in (now, now - 1, None, now + 600.5, str(now + 600), True)),
        *(made(aud=aud) for aud in (None, "tallystick:x", [audience], "")),
        *(made(iss=iss) for iss in (None, uuid_text(till.device))),
        *(made(role=role) for role in (None, "admin", ["device"])),
        *(made(sub=sub) for sub in (None, "", "x", 1)),
        jwt({"alg": "none", "typ": kind}, claims), jwt(header, claims), jwt(header, claims, bytes(64)),
        *(forge({"alg": "HS256", "typ": kind}, claims, secret) for secret in (key.public_key, b"")),
        till.assertion(), till.access + "x", till.access[:-1], till.access.swapcase(), "x", "a.b.c", "..", "x" * 5_000,
        base64.b64encode(b"user:password").decode(),
    ]  # fmt: skip
    good = made()
    values = [f"Bearer {token}" for token in bad]
    values += [
        "",
        "Bearer",
        "Bearer ",
        good,
        f"Basic {good}",
        f"Token {good}",
        f"Bearer {good} {good}",
        f"Bearer,{good}",
    ]
    for value in values:
        headers = till.headers | {"Authorization": value}
        assert_refused(await shop.http.get("/api/sync/book", headers=headers), 401, "INVALID_TOKEN")
        answer = await shop.http.post("/api/sync/batches", content=till.batch([]), headers=headers)
        assert_refused(answer, 401, "INVALID_TOKEN")
    for path in ("/api/sync/book", "/api/sync/batches"):
        method = "GET" if path.endswith("book") else "POST"
        assert_refused(await shop.http.request(method, path), 401, "INVALID_TOKEN")
    raw = httpx.Headers([(b"authorization", b"Bearer \xff\xfe\xe9.\xe9.\xe9")])
    assert_refused(await shop.http.get("/api/sync/book", headers=raw), 401, "INVALID_TOKEN")
    for value in (f"Bearer {good}", f"bearer {good}", f"BEARER  {good}"):
        headers = {"Authorization": value}
        assert (await shop.http.get("/api/sync/book", headers=headers)).status_code == 200
    # A token for a device that nobody enrolled opens nothing either.
    headers = till.headers | {"Authorization": f"Bearer {made(sub=uuid_text(os.urandom(16)))}"}
    answer = await shop.http.post("/api/sync/batches", content=till.batch([]), headers=headers)
    assert_refused(answer, 401)
    assert_refused(await shop.http.get("/api/sync/book", headers=headers), 403)


async def test_an_access_token_lasts_ten_minutes(shop: Shop) -> None:
    till = await shop.terminal()
    shop.clock.forward(600_000 - 1)
    assert (await till.send(till.batch([]))).status_code == 200
    shop.clock.forward(1)
    assert_refused(await till.send(till.batch([])), 401, "INVALID_TOKEN")
    await till.log_in()
    assert (await till.send(till.batch([]))).status_code == 200


async def test_a_bearer_uploads_as_its_own_device_alone(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till, thief = await shop.terminal(), await shop.terminal(name="till 2")
    raw = till.pay(code, 500)[1]
    assert (await thief.result(raw)).reasons == ("WRONG_DEVICE",)
    assert await shop.balances(wallet) == (5_000, 14_000, 1_000, 0)
    assert (await till.result(raw)).reasons == ()
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()

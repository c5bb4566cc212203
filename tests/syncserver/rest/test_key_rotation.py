"""A new signing key is known before it signs, the old one until all that it signed is over; no process restarts."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from shared import cose, vouchers
from shared.errors import TallystickError, UnknownKeyError
from shared.keys import SigningKey
from shared.messages.enrolment import open_certificate
from shared.messages.receipt import open_receipt
from syncserver.api.app import make_app
from syncserver.database.connect import DatabaseTarget
from syncserver.keys import signing
from syncserver.keys.errors import KeyRotationError, UnknownSigningKeyError
from syncserver.keys.signing import BOOKS_MS, KEY_LIFETIME_MS, RUN_OUT_MS, PublishedKey, all_keys, revoke, rotate
from syncserver.people.access import Role, authenticate, grant
from syncserver.registry import enrolment, vendors
from syncserver.services import Services
from tests.syncserver.kit import HOUR, FakeTerminal, Shop, Unlimited, open_services
from tests.syncserver.rest.kit import person

pytestmark = pytest.mark.anyio

LEAD = (24 + 72) * HOUR


@dataclass(slots=True)
class Other:
    """A second process on the same database."""

    services: Services
    http: httpx.AsyncClient


@pytest.fixture
async def other(shop: Shop, database: DatabaseTarget) -> AsyncIterator[Other]:
    async with open_services(database, shop.clock) as services:
        transport = httpx.ASGITransport(app=make_app(services, limits=Unlimited()))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as http:
            yield Other(services, http)


async def rotated(services: Services, lead_ms: int | None = None) -> PublishedKey:
    """As the command does it, which is a process of its own."""
    async with services.pool.acquire() as connection:
        return await rotate(connection, services.kek, services.clock, services.random, lead_ms)


async def reread(*processes: Services) -> None:
    """What each process does every two seconds."""
    for services in processes:
        async with services.pool.acquire() as connection:
            await services.keys.read_again(connection)


def kid_of(raw: bytes) -> bytes | None:
    return cose.parse(raw).kid


async def test_tokens_and_receipts_before_and_after_on_two_processes(shop: Shop, other: Other) -> None:
    old = shop.services.keys.active
    till = await shop.terminal()
    pinned = dict(till.server_keys)
    one, two, three = (await shop.codes(await shop.customer(), hours=24 * 30))[:3]
    await till.upload(till.pay(one, 100)[1])

    made = await rotated(other.services)
    assert made.signs_from == shop.clock() + LEAD
    await reread(shop.services, other.services)
    for services in (shop.services, other.services):
        assert services.keys.active.kid == old.kid, "published, and does not sign yet"
        assert set(services.keys.by_kid()) == {old.kid, made.kid}
    shop.clock.now = made.signs_from - 60_000
    await till.log_in()
    till.server_keys = pinned
    page = await till.pull()
    told = {key.kid: (key.key, key.not_after) for key in page.server_keys}
    assert told == {
        old.kid: (old.public_key, made.signs_from + RUN_OUT_MS),
        made.kid: (made.public_key, made.signs_from + KEY_LIFETIME_MS),
    }
    before = grant(shop.services, person(shop, Role.ADMIN).caller)
    body = till.batch([till.pay(two, 100)[1]])
    first = await till.send(body)
    assert kid_of(first.content) == old.kid

    shop.clock.now = made.signs_from
    after = grant(shop.services, person(shop, Role.ADMIN).caller)
    for services in (shop.services, other.services):
        assert services.keys.active.kid == made.kid
        assert authenticate(services, before).role is authenticate(services, after).role is Role.ADMIN
    # The old token of the till is good at the other process, and so is the new key at this till.
    answer = await other.http.post(
        "/api/sync/batches", content=till.batch([till.pay(three, 100)[1]]), headers=till.headers
    )
    assert answer.status_code == 200
    assert kid_of(answer.content) == made.kid
    with pytest.raises(UnknownKeyError):
        open_receipt(answer.content, pinned)
    till.server_keys = pinned
    late = await till.pull()
    assert {key.kid for key in late.server_keys} == {old.kid, made.kid}, "a till that was away learns it by a known key"
    till.server_keys = {key.kid: key.key for key in late.server_keys}
    assert open_receipt(answer.content, till.server_keys).results
    assert kid_of((await till.send(body)).content) in till.server_keys, "an answer that was lost is given again"
    assert (await till.pull()).version
    await shop.assert_reconciled()


async def test_books_are_signed_by_the_key_before_for_half_a_year_more(shop: Shop) -> None:
    keys = shop.services.keys
    first = keys.active
    second = await rotated(shop.services, 0)
    await reread(shop.services)
    for moment in (second.signs_from - 1, second.signs_from, second.signs_from + BOOKS_MS - 1):
        shop.clock.now = moment
        assert keys.for_books.kid == first.kid
    third = await rotated(shop.services, 0)
    await reread(shop.services)
    shop.clock.now = second.signs_from + BOOKS_MS
    assert keys.for_books.kid == second.kid
    shop.clock.now = third.signs_from
    assert (keys.active.kid, keys.for_books.kid) == (third.kid, second.kid)
    shop.clock.now = third.signs_from + BOOKS_MS
    assert keys.for_books.kid == third.kid


async def test_an_enrolment_token_of_the_old_key_still_enrols(shop: Shop) -> None:
    old = shop.services.keys.active
    made = await rotated(shop.services, 0)
    await reread(shop.services)
    token = await enrolment.make_token(shop.services, shop.vendor)
    assert token.endswith(old.kid.hex())
    shop.clock.now = made.signs_from
    till = FakeTerminal(shop, SigningKey.from_seed(os.urandom(32)))
    await till.enrol(token)
    certificate = await shop.services.pool.fetchval("SELECT certificate FROM device_epoch")
    assert open_certificate(certificate, {old.kid: old.public_key}).device == till.device
    assert (await enrolment.make_token(shop.services, shop.vendor)).endswith(made.kid.hex())


async def test_a_voucher_outlives_the_rotation(shop: Shop) -> None:
    old = shop.services.keys.active
    made = await rotated(shop.services, 0)
    await reread(shop.services)
    shop.clock.now = made.signs_from - 1
    (code, *_) = await shop.codes(await shop.customer(), 1, 1_000, hours=365 * 24)
    assert kid_of(vouchers.from_text(code.voucher)) == old.kid
    shop.clock.forward(365 * 24 * HOUR)
    await reread(shop.services)
    assert vouchers.open_voucher(vouchers.from_text(code.voucher), shop.services.keys.by_kid())
    shop.clock.forward(2 * 24 * HOUR)
    assert set(shop.services.keys.by_kid()) == {made.kid}
    async with shop.services.pool.acquire() as connection:
        assert [key.kid for key in await all_keys(connection)] == [made.kid, old.kid], "what it signed can be checked"


async def test_the_lead_is_as_long_as_a_till_may_stay_away_and_a_minute_at_least(shop: Shop) -> None:
    await vendors.change_policy(shop.services, shop.vendor, {"upload_hours": 200, "book_hours": 48}, actor="test")
    async with shop.services.pool.acquire() as connection:
        assert await signing.default_lead(connection) == 248 * HOUR
    made = await rotated(shop.services, 0)
    assert made.signs_from == shop.clock() + signing.LEAST_LEAD_MS


async def test_two_rotations_at_once_make_one_key(shop: Shop) -> None:
    answers = await asyncio.gather(*(rotated(shop.services) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(KeyRotationError) == 2
    assert await shop.services.pool.fetchval("SELECT count(*) FROM server_key") == 2
    made = next(answer for answer in answers if isinstance(answer, PublishedKey))
    shop.clock.now = made.signs_from
    again = await rotated(shop.services, 0)
    ends = await shop.services.pool.fetch("SELECT not_after FROM server_key ORDER BY signs_from")
    assert [row["not_after"] for row in ends] == [
        made.signs_from + RUN_OUT_MS,
        again.signs_from + RUN_OUT_MS,
        again.signs_from + KEY_LIFETIME_MS,
    ], "an earlier key's end is not put off"


async def test_a_key_that_is_over_signs_nobody_in(shop: Shop) -> None:
    token = grant(shop.services, person(shop, Role.ADMIN).caller)
    made = await rotated(shop.services, 0)
    await reread(shop.services)
    assert authenticate(shop.services, token)
    shop.clock.now = made.signs_from + RUN_OUT_MS
    with pytest.raises(TallystickError):
        authenticate(shop.services, token)


async def revoked(services: Services, kid: bytes) -> PublishedKey:
    """As the command does it."""
    async with services.pool.acquire() as connection:
        return await revoke(connection, services.kek, services.clock, services.random, kid)


async def test_nothing_of_a_stolen_key_is_believed_from_its_revocation_on(shop: Shop, other: Other) -> None:
    stolen = shop.services.keys.active
    spare = await rotated(shop.services, 24 * 365 * HOUR)
    await reread(shop.services, other.services)
    till = await shop.terminal()
    till.server_keys = {key.kid: key.key for key in (await till.pull()).server_keys}
    (code, *_) = await shop.codes(await shop.customer())
    token = grant(shop.services, person(shop, Role.ADMIN).caller)

    signs = await revoked(other.services, stolen.kid)
    assert (signs.kid, signs.signs_from) == (spare.kid, shop.clock()), "the spare one signs at once"
    await reread(shop.services, other.services)
    for services in (shop.services, other.services):
        assert (services.keys.active.kid, services.keys.for_books.kid) == (spare.kid, spare.kid)
        with pytest.raises(TallystickError):
            authenticate(services, token)
        with pytest.raises(TallystickError):
            vouchers.open_voucher(vouchers.from_text(code.voucher), services.keys.by_kid())
    assert (await shop.http.get("/api/sync/book", headers=till.headers)).status_code == 401
    await till.log_in()
    page = await till.pull()
    assert {key.kid: key.not_after for key in page.server_keys} == {spare.kid: spare.not_after, stolen.kid: 0}
    assert kid_of((await till.send(till.batch([till.pay(code, 100)[1]]))).content) == spare.kid
    shop.clock.forward(RUN_OUT_MS)
    await reread(shop.services)
    assert shop.services.keys.revoked == (), "all that it signed is over"
    await shop.assert_reconciled()


async def test_without_a_spare_key_a_new_one_signs_and_the_one_before_tells_of_it(shop: Shop) -> None:
    first = shop.services.keys.active
    second = await rotated(shop.services, 0)
    shop.clock.now = second.signs_from
    await reread(shop.services)
    assert shop.services.keys.active.kid == second.kid
    third = await revoked(shop.services, second.kid)
    await reread(shop.services)
    assert third.kid not in (first.kid, second.kid)
    assert (shop.services.keys.active.kid, shop.services.keys.for_books.kid) == (third.kid, first.kid)
    assert set(shop.services.keys.by_kid()) == {first.kid, third.kid}


async def test_the_only_key_is_replaced_and_one_that_signs_no_more_is_just_revoked(shop: Shop) -> None:
    first = shop.services.keys.active
    second = await revoked(shop.services, first.kid)
    await reread(shop.services)
    assert (shop.services.keys.active.kid, set(shop.services.keys.by_kid())) == (second.kid, {second.kid})
    third = await rotated(shop.services, 0)
    shop.clock.now = third.signs_from
    assert (await revoked(shop.services, second.kid)).kid == third.kid
    for kid in (second.kid, bytes(8)):
        with pytest.raises(UnknownSigningKeyError):
            await revoked(shop.services, kid)
    assert await shop.services.pool.fetchval("SELECT count(*) FROM server_key") == 3

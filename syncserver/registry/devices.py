"""Devices after their enrolment: their access tokens, their list, and what admins do to them."""

from dataclasses import dataclass
from typing import Any

import msgspec

from shared import tokens
from shared.errors import DecodingError, TokenError
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import DeviceState
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.judge.chain import missing_of, through_of
from syncserver.keys.access import issue, verify
from syncserver.registry.errors import ClientAssertionError, DeviceStateError, UnknownDeviceError
from syncserver.registry.vendors import QUERIES
from syncserver.services import Services

ACCESS_SECONDS = 600
ROLE = "device"
MAX_JTI = 128
# A little more than the 60 s that are allowed: a terminal may read our clock off a header of whole seconds.
LEEWAY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device as admins see it. Times in ms; `through` and `missing`, ranges of seq, are of its current epoch."""

    device: bytes
    vendor: bytes
    vendor_name: str
    name: str
    model: str
    epoch: int
    state: DeviceState
    through: int
    missing: tuple[tuple[int, int], ...]
    last_seen_at: int | None
    revoked_at: int | None = None
    # How many records of all its epochs are known to be missing.
    missing_records: int = 0


def object_of(device: bytes) -> str:
    """How the audit trail names a device."""
    return f"device {uuid_text(device)}"


async def grant(services: Services, assertion: str) -> str:
    """An access token in exchange for a client assertion (RFC 7523).

    Raises:
        ClientAssertionError: the assertion is malformed, expired, used before, for another server, or not signed by
            the key of the device's current epoch.
    """
    try:
        device = uuid_bytes(str(tokens.peek(assertion).get("sub", "")))
        public_key = await services.pool.fetchval(QUERIES["current_key"], uuid_of(device))
        if public_key is None:
            raise ClientAssertionError
        claims = tokens.decode(assertion, public_key, token_type=None)
    except (TokenError, DecodingError) as error:
        raise ClientAssertionError from error
    now = services.clock()
    expires, jti = claims.get("exp"), claims.get("jti")
    if claims.get("iss") != claims.get("sub") or claims.get("aud") != tokens.audience(services.server_id):
        raise ClientAssertionError
    # A NumericDate may have a fraction (RFC 7519, section 2); NaN fails the comparison.
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise ClientAssertionError("the assertion has no exp")
    if not now < expires * 1_000 <= now + (60 + LEEWAY_SECONDS) * 1_000:
        raise ClientAssertionError("the assertion's exp is past, or more than 60 s away")
    if not _is_identifier(jti):
        raise ClientAssertionError
    tag = await services.pool.execute(QUERIES["remember_assertion"], uuid_of(device), jti, int(expires * 1_000))
    if tag != "INSERT 0 1":
        raise ClientAssertionError("this assertion was used before")
    return _access_token(services, device, now)


def _is_identifier(jti: object) -> bool:
    """Whether this is a text that the database can remember: neither empty nor long, and UTF-8 without NUL."""
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAX_JTI or "\0" in jti:
        return False
    try:
        jti.encode()
    except UnicodeEncodeError:
        return False
    return True


def _access_token(services: Services, device: bytes, now: int) -> str:
    claims = {"sub": uuid_text(device), "role": ROLE}
    return issue(services.keys, tokens.audience(services.server_id), claims, now, ACCESS_SECONDS)


def authenticate(services: Services, token: str) -> bytes:
    """The device that an access token names.

    Raises:
        TokenError: the token is not one of this server's, has expired, or is for somebody else.
    """
    claims = verify(services.keys, tokens.audience(services.server_id), token, services.clock())
    if claims.get("role") != ROLE:
        raise TokenError
    try:
        return uuid_bytes(str(claims.get("sub")))
    except DecodingError as error:
        raise TokenError from error


async def list_devices(services: Services) -> list[DeviceView]:
    """All devices, the oldest first."""
    return [view_of(row) for row in await services.pool.fetch(QUERIES["list_devices"])]


def view_of(row: Any) -> DeviceView:
    """A device with its journals' ranges, as `list_devices` reads them."""
    ranges = tuple((first, last) for first, last in msgspec.json.decode(row["ranges"] or "[]"))
    missing = missing_of(ranges)
    # What an earlier epoch still owes is missing too.
    gaps = [gap for epoch in msgspec.json.decode(row["all_ranges"] or "[]") for gap in missing_of(epoch)]
    if row["revoked_at"] is not None:
        state = DeviceState.REVOKED
    elif row["quarantined_at"] is not None:
        state = DeviceState.QUARANTINED
    else:
        state = DeviceState.INCOMPLETE if gaps else DeviceState.ENROLLED
    return DeviceView(
        device=row["device"].bytes,
        vendor=row["vendor"].bytes,
        vendor_name=row["vendor_name"],
        name=row["name"],
        model=row["model"],
        epoch=row["epoch"],
        state=state,
        through=through_of(ranges),
        missing=missing,
        last_seen_at=row["last_seen_at"],
        revoked_at=row["revoked_at"],
        missing_records=sum(last - first + 1 for first, last in gaps),
    )


async def revoke(services: Services, device: bytes) -> None:
    """Revoke a device for good: it may still upload, its new payments are flagged, and it gets no book.

    Raises:
        UnknownDeviceError, DeviceStateError: nothing was done.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        tag = await connection.execute(QUERIES["revoke_device"], uuid_of(device), services.clock())
        if tag != "UPDATE 1":
            known = await connection.fetchrow(QUERIES["read_device"], uuid_of(device))
            raise UnknownDeviceError if known is None else DeviceStateError("this device is revoked already")
        await trail.note(connection, services, action="device.revoke", object_=object_of(device))


async def close_epoch(services: Services, device: bytes, epoch: int) -> None:
    """Close an epoch whose key is no longer trusted: its new payments are flagged.

    Raises:
        UnknownDeviceError: where there is no such epoch, or it is closed already.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        tag = await connection.execute(QUERIES["close_epoch"], uuid_of(device), epoch, services.clock())
        if tag != "UPDATE 1":
            raise UnknownDeviceError("there is no such open epoch")
        after = {"epoch": epoch}
        await trail.note(connection, services, action="device.compromised", object_=object_of(device), after=after)


async def forget_assertions(services: Services) -> None:
    """Drop the memory of assertions that have expired."""
    await services.pool.execute(QUERIES["forget_assertions"], services.clock() - 60_000)

"""How a terminal becomes a device: one-time tokens, and what they are exchanged for (docs/protocol.md, section 7)."""

import hashlib
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.errors import DecodingError, SignatureError, TallystickError
from shared.fields import checked_text
from shared.geo import Place
from shared.ids import uuid7, uuid_text
from shared.journal import genesis_of
from shared.keys import kid_of
from shared.messages.enrolment import Certificate, check_enrolment, sign_certificate, to_base64url
from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.registry.errors import (
    DeviceStateError,
    EnrolmentProofError,
    EnrolmentTokenError,
    KeyTakenError,
    UnknownDeviceError,
)
from syncserver.registry.vendors import QUERIES, Vendor, object_of, read_vendor
from syncserver.services import Services

TOKEN_MS = 24 * MS_PER_HOUR
TOKEN_RANDOM_BYTES = 24


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a terminal is answered."""

    device: bytes
    epoch: int
    vendor: Vendor
    certificate: bytes


def _hash(token: str) -> bytes:
    return hashlib.sha256(b"tallystick/v1/enrolment-token\x00" + token.encode()).digest()


async def make_token(
    services: Services, vendor: bytes, *, place: Place | None = None, device: bytes | None = None
) -> str:
    """A one-time token for a new terminal of a vendor, or for the next epoch of one; good for 24 hours.

    Args:
        services: the server.
        vendor: whose terminal it will be.
        place: where it stands; by default where the vendor is.
        device: an existing device of that vendor.

    Raises:
        UnknownVendorError, UnknownDeviceError: nothing was done.
    """
    owner = await read_vendor(services, vendor)
    if device is not None:
        row = await services.pool.fetchrow(QUERIES["read_device"], uuid_of(device))
        if row is None or row["vendor"].bytes != vendor or row["revoked_at"] is not None:
            raise UnknownDeviceError
        place = place or Place(row["lat"], row["lon"])
    place = place or owner.place
    token = f"{to_base64url(services.random(TOKEN_RANDOM_BYTES))}.{services.keys.active.kid.hex()}"
    now = services.clock()
    expires = now + TOKEN_MS
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            QUERIES["write_token"],
            _hash(token),
            uuid_of(vendor),
            uuid_or_none(device),
            place.lat,
            place.lon,
            expires,
            now,
        )
        await trail.note(
            connection,
            services,
            action="device.invite",
            object_=object_of(vendor),
            after={"device": device, "lat": place.lat, "lon": place.lon, "expires_at": expires},
        )
    return token


async def enrol(services: Services, *, token: str, public_key: bytes, proof: bytes, name: str, model: str) -> Enrolled:
    """Exchange a token for a device. The same token with the same key answers the same again.

    Raises:
        EnrolmentTokenError: the token is unknown or expired.
        EnrolmentProofError: the proof does not fit.
        KeyTakenError: another key used the token, or the key was ever seen elsewhere.
        DeviceStateError: the device was revoked meanwhile.
    """
    _check_texts(name, model)
    try:
        async with services.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(QUERIES["lock_token"], _hash(token))
            if row is None or row["expires_at"] <= services.clock():
                raise EnrolmentTokenError
            try:
                check_enrolment(token, public_key, proof)
            except SignatureError as error:
                raise EnrolmentProofError from error
            if row["used_key"] is not None:
                if row["used_key"] != public_key:
                    raise KeyTakenError
                device, epoch = row["made_device"].bytes, row["made_epoch"]
            else:
                device, epoch = await _make(services, connection, row, token, public_key, name, model)
            certificate = await connection.fetchval(QUERIES["read_certificate"], uuid_of(device), epoch)
            vendor = row["vendor"].bytes
            placed = Place(row["lat"], row["lon"])
    except asyncpg.UniqueViolationError as error:
        raise KeyTakenError from error
    owner = await read_vendor(services, vendor)
    return Enrolled(device, epoch, Vendor(owner.id, owner.name, placed, owner.currency, owner.blocked), certificate)


def _check_texts(name: str, model: str) -> None:
    try:
        checked_text(name, "name")
        checked_text(model, "model")
    except DecodingError as error:
        raise InvalidTerminalNameError(error.message) from error


class InvalidTerminalNameError(TallystickError):
    """A terminal's name and model are texts of at most 128 bytes."""

    code = "INVALID_INPUT"


async def _make(
    services: Services, connection: Connection, row: Any, token: str, public_key: bytes, name: str, model: str
) -> tuple[bytes, int]:
    if await connection.fetchval(QUERIES["key_is_known"], public_key):
        raise KeyTakenError
    now = services.clock()
    if row["device"] is None:
        device, epoch = uuid7(now, services.random(10)), 1
        await connection.execute(
            QUERIES["write_device"], uuid_of(device), row["vendor"], name, model, row["lat"], row["lon"], now
        )
    else:
        device = row["device"].bytes
        epoch = await connection.fetchval(QUERIES["start_epoch"], row["device"], name, model, row["lat"], row["lon"])
        if epoch is None:
            raise DeviceStateError
    certificate = Certificate(
        device=device, epoch=epoch, key=public_key, vendor=row["vendor"].bytes, name=name, issued_at=now
    )
    await connection.execute(
        QUERIES["write_epoch"],
        uuid_of(device),
        epoch,
        kid_of(public_key),
        public_key,
        # By the key that the token names: the terminal believes that one alone, also after a rotation.
        sign_certificate(certificate, services.keys.signer(token.rpartition(".")[2])),
        now,
        genesis_of(device, epoch, public_key),
        row["lat"],
        row["lon"],
    )
    await connection.execute(QUERIES["use_token"], _hash(token), public_key, uuid_of(device), epoch)
    await trail.note(
        connection,
        services,
        actor=f"device {uuid_text(device)}",
        action="device.enrol",
        object_=f"device {uuid_text(device)}",
        after={"vendor": row["vendor"], "epoch": epoch, "name": name, "kid": kid_of(public_key)},
    )
    return device, epoch

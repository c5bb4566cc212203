"""Enrolment: a terminal becomes a device of a shop, and pins the keys that it will believe from then on."""

from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import msgspec

from shared.errors import DecodingError, PlaceError, SignatureError
from shared.fields import checked_text, currency
from shared.geo import Place
from shared.ids import uuid_bytes
from shared.keys import PUBLIC_KEY_BYTES, SigningKey, kid_of
from shared.messages.enrolment import (
    from_base64url,
    open_certificate,
    prove_enrolment,
    to_base64url,
    token_kid,
)
from terminal.book.server_time import note_server_time
from terminal.clock import Clock
from terminal.journal.device import Device, read_device
from terminal.store.database import Store
from terminal.sync.address import checked_url
from terminal.sync.errors import AnswerError, CertificateError, OtherDeviceError, UnsyncedEpochError
from terminal.sync.exchange import Exchange
from terminal.sync.queries import SQL

ENROL_PATH = "/api/devices/enrol"


class EnrolmentKeys(Protocol):
    """Where device keys live: the vault."""

    def pending_key(self, token: str) -> SigningKey:
        """The key to enrol with, always the same for the same token."""

    def assign(self, token: str, epoch: int) -> None:
        """Note which epoch that key has."""


class _Vendor(msgspec.Struct, frozen=True):
    id: str
    name: str
    lat: int
    lon: int
    currency: str


class _ServerKey(msgspec.Struct, frozen=True, rename="camel"):
    kid: str
    public_key: str


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    device_id: str
    epoch: int
    server_id: str
    vendor: _Vendor
    server_keys: list[_ServerKey]
    certificate: str
    server_time: int


@dataclass(frozen=True, slots=True)
class _Enrolled:
    device: Device
    server_keys: dict[bytes, bytes]
    server_time: int


def enrol(
    token: str,
    server_url: str,
    *,
    name: str,
    model: str,
    store: Store,
    keys: EnrolmentKeys,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    allow_http: bool = False,
    even_unsynced: bool = False,
) -> Device:
    """Enrol with a one-time token. The same token again, after a lost answer, ends in the same device and epoch.

    A token of an admin for a terminal that is enrolled already starts its next epoch and keeps its journal.

    Args:
        token: what the admin handed over.
        server_url: the server's address, https:// but for this machine.
        name: what people call this terminal.
        model: what it is.
        store: the terminal's store.
        keys: the vault.
        clock: the terminal's clocks.
        transport: how requests travel; None is the real network.
        allow_http: take http:// for any host.
        even_unsynced: start the next epoch although records wait: for an enrolment whose answer was lost while
            sales went on, as the server takes the old epoch's key no longer. The records are sent all the same.

    Raises:
        UnsafeUrlError, TokenError: before anything is sent.
        UnsyncedEpochError: where records of the current epoch wait, or a shift is open.
        ServerUnreachableError, RefusedError: as the server has it.
        UntrustedAnswerError: where the answer is not that of the server that made the token: nothing is stored.
        OtherDeviceError: where the token is for another terminal than this one.
    """
    url = checked_url(server_url, allow_http=allow_http)
    pinned = token_kid(token)
    _refuse_unsynced(store, even_unsynced=even_unsynced)
    key = keys.pending_key(token)
    question = {
        "token": token,
        "publicKey": to_base64url(key.public_key),
        "proof": to_base64url(prove_enrolment(token, key)),
        "name": name,
        "model": model,
    }
    with Exchange(url, clock, transport) as exchange:
        answer = exchange.ask(
            "POST",
            ENROL_PATH,
            content=msgspec.json.encode(question),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
    enrolled = _checked(answer.data(), pinned, key.public_key, url, name)
    _refuse_other(store, enrolled.device)
    # First the key's epoch, then the device: a crash between the two leaves nothing that this token can't repeat.
    keys.assign(token, enrolled.device.epoch)
    _store(store, enrolled, clock)
    return enrolled.device


def _checked(data: dict[str, Any], pinned: bytes, public_key: bytes, url: str, name: str) -> _Enrolled:
    """The answer, believed for the key that the token names alone."""
    try:
        answer = msgspec.convert(data, _Answer)
        server_keys = dict(_server_key(key) for key in answer.server_keys)
        certificate = from_base64url(answer.certificate)
        device = Device(
            device=uuid_bytes(answer.device_id),
            epoch=answer.epoch,
            public_key=public_key,
            certificate=certificate,
            server_url=url,
            server_id=uuid_bytes(answer.server_id),
            vendor=uuid_bytes(answer.vendor.id),
            vendor_name=checked_text(answer.vendor.name, "vendor"),
            place=Place(answer.vendor.lat, answer.vendor.lon),
            currency=currency({"currency": answer.vendor.currency}),
            name=name,
        )
    except (msgspec.ValidationError, DecodingError, PlaceError, ValueError) as error:
        raise AnswerError("the server's answer to the enrolment can't be read") from error
    if pinned not in server_keys:
        raise CertificateError("The server does not have the key that the token names: it is another server.")
    try:
        word = open_certificate(certificate, {pinned: server_keys[pinned]})
    except (SignatureError, DecodingError) as error:
        raise CertificateError from error
    if (word.key, word.device, word.epoch, word.vendor) != (public_key, device.device, device.epoch, device.vendor):
        raise CertificateError
    return _Enrolled(device, server_keys, answer.server_time)


def _server_key(key: _ServerKey) -> tuple[bytes, bytes]:
    public_key = from_base64url(key.public_key, PUBLIC_KEY_BYTES)
    if kid_of(public_key).hex() != key.kid.lower():
        raise DecodingError("kid: not that of the key beside it")
    return kid_of(public_key), public_key


def _refuse_unsynced(store: Store, *, even_unsynced: bool) -> None:
    # A shift that began in one epoch can't end in the next: its close would stand in another journal.
    if store.row(SQL["shift_is_open"]) is not None:
        raise UnsyncedEpochError("A shift is open. Close it, which needs no network, and enrol again.")
    if not even_unsynced and store.value(SQL["count_unanswered"]):
        raise UnsyncedEpochError


def _refuse_other(store: Store, device: Device) -> None:
    if store.row(SQL["enrolled_as"]) is None:
        return
    known = read_device(store)
    if (known.device, known.server_id) != (device.device, device.server_id):
        raise OtherDeviceError
    if device.epoch < known.epoch:
        raise OtherDeviceError("This token was used for an earlier epoch of this terminal.")


def _store(store: Store, enrolled: _Enrolled, clock: Clock) -> None:
    device = enrolled.device
    with store.transaction():
        store.execute(
            SQL["set_device"],
            {
                "device": device.device,
                "epoch": device.epoch,
                "public_key": device.public_key,
                "certificate": device.certificate,
                "server_url": device.server_url,
                "server_id": device.server_id,
                "vendor": device.vendor,
                "vendor_name": device.vendor_name,
                "lat": device.place.lat,
                "lon": device.place.lon,
                "currency": device.currency,
                "name": device.name,
                "enrolled_at": clock.now(),
            },
        )
        for kid, key in enrolled.server_keys.items():
            store.execute(SQL["pin_key"], {"kid": kid, "key": key})
        note_server_time(store, enrolled.server_time, clock, fresh=True)

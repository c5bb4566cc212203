"""The journal: a chain of signed records, one per entry of a terminal (docs/protocol.md, section 4).

link(record) = SHA-256("tallystick/v1/chain" ‖ 00 ‖ the COSE bytes as they travel)
genesis      = SHA-256("tallystick/v1/genesis" ‖ 00 ‖ device ‖ epoch as 8 bytes big-endian ‖ raw public key)
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from shared import cbor, cose, fields
from shared.errors import DecodingError
from shared.fields import Fields
from shared.keys import SigningKey

LINK_BYTES = 32
PROOF_BYTES = 32
MAX_FLAGS = 16


def link_of(raw: bytes) -> bytes:
    """The link of a record's COSE bytes, which the next record names as its prev."""
    return hashlib.sha256(b"tallystick/v1/chain\x00" + raw).digest()


def genesis_of(device: bytes, epoch: int, public_key: bytes) -> bytes:
    """What the first record of an epoch names as its prev."""
    return hashlib.sha256(b"tallystick/v1/genesis\x00" + device + epoch.to_bytes(8) + public_key).digest()


@dataclass(frozen=True, slots=True)
class ChainPosition:
    """Where a record stands in its chain: all that a server needs to give it its place."""

    device: bytes
    epoch: int
    seq: int
    prev: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every record has. Times are ms: `at` by the wall clock, `tick` since the boot that `boot` names."""

    device: bytes
    epoch: int
    seq: int
    prev: bytes
    at: int
    tick: int
    boot: bytes
    shift: bytes
    cashier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Record):
    """A sale paid with one code. `lat` and `lon` are the terminal's declared place in 1e-7 degree."""

    id: bytes
    wallet: str
    series: bytes
    index: int
    proof: bytes
    amount: int
    currency: str
    lat: int
    lon: int
    book: int
    flags: tuple[str, ...]
    sale: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Record):
    """The end of a payment of the same device, epoch and shift."""

    payment: bytes
    reason: str
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftOpen(Record):
    """The start of a shift with `opening_float` minor units in the drawer (`float` on the wire)."""

    opening_float: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClose(Record):
    """The end of a shift: how many payments and how much, less the voided ones."""

    count: int
    total: int
    currency: str


_TYPE_NAMES: dict[type[Record], str] = {
    Payment: "payment",
    Void: "void",
    ShiftOpen: "shift_open",
    ShiftClose: "shift_close",
}
_WIRE_NAMES = {"opening_float": "float"}


def type_name(record: Record) -> str:
    """A record's `type` on the wire."""
    return _TYPE_NAMES[type(record)]


def encode_record(record: Record) -> bytes:
    """A record's payload, deterministically encoded."""
    payload: dict[str, Any] = {"type": type_name(record)}
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        if value is not None:
            payload[_WIRE_NAMES.get(name, name)] = list(value) if isinstance(value, tuple) else value
    return cbor.encode(payload)


def sign_record(record: Record, key: SigningKey) -> bytes:
    """A record's COSE bytes, as they are stored and travel."""
    return cose.sign(cose.Kind.RECORD, encode_record(record), key)


def position_of(payload: bytes) -> ChainPosition:
    """The place in the chain that a payload claims; the rest of it may be wrong.

    Raises:
        DecodingError: where the payload is no strict map, or device, epoch, seq or prev can't be read.
    """
    return _position(cbor.decode_map(payload, lenient_text=True, most_items=cbor.MAX_UPLOAD_ITEMS))


def _position(values: Fields) -> ChainPosition:
    return ChainPosition(
        device=fields.uuid(values, "device"),
        epoch=fields.uint(values, "epoch", least=1),
        seq=fields.uint(values, "seq", least=1),
        prev=fields.octets(values, "prev", LINK_BYTES),
    )


def payment_id_of(payload: bytes) -> bytes | None:
    """The id that a payment's payload claims, also where the rest of it is wrong; None for all else."""
    try:
        values = cbor.decode_map(payload, lenient_text=True, most_items=cbor.MAX_UPLOAD_ITEMS)
        return fields.uuid(values, "id") if values.get("type") == "payment" else None
    except DecodingError:
        return None


def decode_record(payload: bytes) -> Record:
    """The record that a verified payload holds.

    Raises:
        DecodingError: where sections 2 and 4 of the protocol refuse it; the message names the field.
    """
    values = cbor.decode_map(payload, most_items=cbor.MAX_UPLOAD_ITEMS)
    position = _position(values)
    common: dict[str, Any] = {
        "device": position.device,
        "epoch": position.epoch,
        "seq": position.seq,
        "prev": position.prev,
        "at": fields.uint(values, "at"),
        "tick": fields.uint(values, "tick"),
        "boot": fields.uuid(values, "boot"),
        "shift": fields.uuid(values, "shift"),
        "cashier": fields.text(values, "cashier"),
    }
    match values.get("type"):
        case "payment":
            return _decode_payment(values, common)
        case "void":
            return Void(
                **common,
                payment=fields.uuid(values, "payment"),
                reason=fields.text(values, "reason"),
                approver=fields.text(values, "approver"),
            )
        case "shift_open":
            return ShiftOpen(**common, opening_float=fields.uint(values, "float"))
        case "shift_close":
            return ShiftClose(
                **common,
                count=fields.uint(values, "count"),
                total=fields.uint(values, "total"),
                currency=fields.currency(values),
            )
        case _:
            raise DecodingError("type: unknown")


def _decode_payment(values: Fields, common: dict[str, Any]) -> Payment:
    return Payment(
        **common,
        id=fields.uuid(values, "id"),
        wallet=fields.wallet(values),
        series=fields.uuid(values, "series"),
        index=fields.uint(values, "index"),
        proof=fields.octets(values, "proof", PROOF_BYTES),
        amount=fields.uint(values, "amount", least=1),
        currency=fields.currency(values),
        lat=fields.latitude(values),
        lon=fields.longitude(values),
        book=fields.uint(values, "book"),
        flags=fields.texts(values, "flags", most=MAX_FLAGS),
        sale=fields.optional_uuid(values, "sale"),
    )

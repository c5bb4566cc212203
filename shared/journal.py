"""The journal: a chain of signed records, one per entry of a terminal (docs/protocol.md, section 4).

link(record) = SHA-256("tallystick/v1/chain" ‖ 00 ‖ the COSE bytes as they travel)
genesis      = SHA-256("tallystick/v1/genesis" ‖ 00 ‖ device ‖ epoch as 8 bytes big-endian ‖ raw public key)
"""

import hashlib
import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared import cbor, cose, fields, usual_payment
from shared.errors import DecodingError
from shared.fields import (
    CurrencyCode,
    Fields,
    FromOne,
    Latitude,
    Longitude,
    Octets16,
    Octets32,
    Text,
    Uint,
    WalletDigits,
)
from shared.keys import SigningKey

LINK_BYTES = 32
MAX_FLAGS = 16
_MAX_MESSAGE = 200
_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`")
_FIRST_FIELD = re.compile(r"\$\.(?P<field>\w+)")


def link_of(raw: bytes) -> bytes:
    """The link of a record's COSE bytes, which the next record names as its prev."""
    return hashlib.sha256(b"tallystick/v1/chain\x00" + raw).digest()


def genesis_of(device: bytes, epoch: int, public_key: bytes) -> bytes:
    """What the first record of an epoch names as its prev."""
    return hashlib.sha256(b"tallystick/v1/genesis\x00" + device + epoch.to_bytes(8) + public_key).digest()


class ChainPosition(msgspec.Struct, frozen=True, gc=False):
    """Where a record stands in its chain: all that a server needs to give it its place."""

    device: bytes
    epoch: int
    seq: int
    prev: bytes


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """What every record has. Times are ms: `at` by the wall clock, `tick` since the boot that `boot` names."""

    device: Octets16
    epoch: FromOne
    seq: FromOne
    prev: Octets32
    at: Uint
    tick: Uint
    boot: Octets16
    shift: Octets16
    cashier: Text


class Payment(Record, frozen=True, kw_only=True, gc=False, tag="payment"):
    """A sale paid with one code. `lat` and `lon` are the terminal's declared place in 1e-7 degree."""

    id: Octets16
    wallet: WalletDigits
    series: Octets16
    index: Uint
    proof: Octets32
    amount: FromOne
    currency: CurrencyCode
    lat: Latitude
    lon: Longitude
    book: Uint
    flags: Annotated[tuple[Text, ...], Meta(max_length=MAX_FLAGS)]
    sale: Octets16 | None = None


class Void(Record, frozen=True, kw_only=True, gc=False, tag="void"):
    """The end of a payment of the same device, epoch and shift."""

    payment: Octets16
    reason: Text
    approver: Text


class ShiftOpen(Record, frozen=True, kw_only=True, gc=False, tag="shift_open"):
    """The start of a shift with `opening_float` minor units in the drawer (`float` on the wire)."""

    opening_float: Uint = msgspec.field(name="float")


class ShiftClose(Record, frozen=True, kw_only=True, gc=False, tag="shift_close"):
    """The end of a shift: how many payments and how much, less the voided ones."""

    count: Uint
    total: Uint
    currency: CurrencyCode


_TYPES: dict[Any, type[Record]] = {
    str(kind.__struct_config__.tag): kind for kind in (Payment, Void, ShiftOpen, ShiftClose)
}
_TYPE_NAMES: dict[type[Record], str] = {kind: name for name, kind in _TYPES.items()}


def type_name(record: Record) -> str:
    """A record's `type` on the wire."""
    return _TYPE_NAMES[type(record)]


def encode_record(record: Record) -> bytes:
    """A record's payload, deterministically encoded."""
    payload: dict[str, Any] = {"type": type_name(record)}
    for name, wire_name in zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True):
        value = getattr(record, name)
        if value is not None:
            payload[wire_name] = list(value) if isinstance(value, tuple) else value
    return cbor.encode(payload)


def sign_record(record: Record, key: SigningKey) -> bytes:
    """A record's COSE bytes, as they are stored and travel."""
    return cose.sign(cose.Kind.RECORD, encode_record(record), key)


def position_of(payload: bytes) -> ChainPosition:
    """The place in the chain that a payload claims; the rest of it may be wrong.

    Raises:
        DecodingError: where the payload is no strict map, or device, epoch, seq or prev can't be read.
    """
    return position_in(cbor.decode_map(payload, lenient_text=True, most_items=cbor.MAX_UPLOAD_ITEMS))


def position_in(values: Fields) -> ChainPosition:
    """The same of a decoded map.

    Raises:
        DecodingError: where device, epoch, seq or prev can't be read.
    """
    return ChainPosition(
        device=fields.uuid(values, "device"),
        epoch=fields.uint(values, "epoch", least=1),
        seq=fields.uint(values, "seq", least=1),
        prev=fields.octets(values, "prev", LINK_BYTES),
    )


def payment_id_in(values: Fields) -> bytes | None:
    """The id that a payment's decoded map claims, also where the rest of it is wrong; None for all else."""
    try:
        return fields.uuid(values, "id") if values.get("type") == "payment" else None
    except DecodingError:
        return None


def payment_id_of(payload: bytes) -> bytes | None:
    """The same of a payload, None also where it can't be decoded."""
    try:
        return payment_id_in(cbor.decode_map(payload, lenient_text=True, most_items=cbor.MAX_UPLOAD_ITEMS))
    except DecodingError:
        return None


def decode_record(payload: bytes) -> Record:
    """The record that a verified payload holds.

    Raises:
        DecodingError: where sections 2 and 4 of the protocol refuse it; the message names the field.
    """
    usual = usual_payment.read(payload, Payment)
    return usual if usual is not None else _decoded(cbor.decode_map(payload, most_items=cbor.MAX_UPLOAD_ITEMS))


def _decoded(values: Fields) -> Record:
    name = values.get("type")
    kind = _TYPES.get(name) if type(name) is str else None
    if kind is None:
        raise DecodingError("type: unknown")
    try:
        # Texts stay texts and bytes bytes: nothing is read as base64.
        record = msgspec.convert(values, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        if any(type(key) is not str for key in values):
            # Unknown keys are ignored, also those that are no texts.
            return _decoded({key: value for key, value in values.items() if type(key) is str})
        raise DecodingError(_in_words(str(error))) from None
    _check_texts(record)
    return record


def _in_words(said: str) -> str:
    """What msgspec says of a field, with the field first, as errors of decoding have it."""
    missing = _MISSING.fullmatch(said)
    if missing is not None:
        return f"{missing['field']}: missing"
    what, _, path = said.rpartition(" - at `")
    field = _FIRST_FIELD.match(path)
    return (
        f"{field['field']}: {what[:1].lower()}{what[1:]}"[:_MAX_MESSAGE] if field is not None else said[:_MAX_MESSAGE]
    )


def _check_texts(record: Record) -> None:
    """What no type can say of a text: its length in bytes."""
    texts = [record.cashier]
    if isinstance(record, Payment):
        texts += record.flags
    elif isinstance(record, Void):
        texts += (record.reason, record.approver)
    for text in texts:
        if not text.isascii():
            fields.check_bytes(text, "a text")

"""What a field of a decoded CBOR map may hold (docs/protocol.md, section 2). Unknown keys are never looked at."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from shared.errors import DecodingError
from shared.geo import MAX_LAT, MAX_LON

MAX_INTEGER = 2**53 - 1
MAX_TEXT_BYTES = 128
KEY_BYTES = 32
_MISSING = object()

Fields = Mapping[Any, Any]

# The same rules as types, for what `msgspec.convert` reads: a record is checked in C, a thousand times an upload.
Uint = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
FromOne = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Latitude = Annotated[int, Meta(ge=-MAX_LAT, le=MAX_LAT)]
Longitude = Annotated[int, Meta(ge=-MAX_LON, le=MAX_LON)]
Octets16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Octets32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
# Characters, while the rule counts bytes: whoever converts also calls `check_bytes` on texts that are not ASCII. The
# class is Unicode's category Cc.
Text = Annotated[str, Meta(max_length=MAX_TEXT_BYTES, pattern=r"\A[^\x00-\x1f\x7f-\x9f]*\Z")]
CurrencyCode = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
WalletDigits = Annotated[str, Meta(pattern=r"\A[0-9]{10}\Z")]


def _get(fields: Fields, key: Any) -> Any:
    value = fields.get(key, _MISSING)
    if value is _MISSING:
        raise DecodingError("{key}: missing", key=key)
    return value


def uint(fields: Fields, key: Any, *, least: int = 0, most: int = MAX_INTEGER) -> int:
    """An unsigned integer between `least` and `most`; a float or a bool is none."""
    return _checked_uint(_get(fields, key), key, least, most)


def _checked_uint(value: Any, key: Any, least: int = 0, most: int = MAX_INTEGER) -> int:
    if type(value) is not int:
        raise DecodingError("{key}: not an integer", key=key)
    if not least <= value <= most:
        raise DecodingError("{key}: out of range", key=key)
    return value


def coordinate(fields: Fields, key: Any, limit: int) -> int:
    """A coordinate in 1e-7 degree, between -limit and limit."""
    return uint(fields, key, least=-limit, most=limit)


def latitude(fields: Fields, key: Any = "lat") -> int:
    """A latitude in 1e-7 degree."""
    return coordinate(fields, key, MAX_LAT)


def longitude(fields: Fields, key: Any = "lon") -> int:
    """A longitude in 1e-7 degree."""
    return coordinate(fields, key, MAX_LON)


def octets(fields: Fields, key: Any, length: int | None = None) -> bytes:
    """A byte string of exactly `length` bytes, or of any."""
    return _checked_octets(_get(fields, key), key, length)


def _checked_octets(value: Any, key: Any, length: int | None) -> bytes:
    if type(value) is not bytes:
        raise DecodingError("{key}: not a byte string", key=key)
    if length is not None and len(value) != length:
        raise DecodingError("{key}: not {length} bytes", key=key, length=length)
    return value


def uuid(fields: Fields, key: Any) -> bytes:
    """An id of 16 bytes."""
    return octets(fields, key, 16)


def optional_uuid(fields: Fields, key: Any) -> bytes | None:
    """An id of 16 bytes, or None where the key or its value is not there."""
    return None if fields.get(key) is None else uuid(fields, key)


def check_bytes(value: str, name: Any) -> None:
    """Refuse a text that is longer than 128 bytes or can't be written as UTF-8."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise DecodingError("{name}: not UTF-8", name=name) from None
    if size > MAX_TEXT_BYTES:
        raise DecodingError("{name}: longer than {most} bytes", name=name, most=MAX_TEXT_BYTES)


def checked_text(value: Any, name: Any) -> str:
    """A text of at most 128 bytes without control characters."""
    if type(value) is not str:
        raise DecodingError("{name}: not a text", name=name)
    check_bytes(value, name)
    # What is printable has no control character, and most texts are; a letter of Cc costs a look at each.
    if not value.isprintable() and any(unicodedata.category(character) == "Cc" for character in value):
        raise DecodingError("{name}: has a control character", name=name)
    return value


def text(fields: Fields, key: Any) -> str:
    """A text of at most 128 bytes without control characters."""
    return checked_text(_get(fields, key), key)


def flag(fields: Fields, key: Any) -> bool:
    """True or false."""
    value = _get(fields, key)
    if type(value) is not bool:
        raise DecodingError("{key}: not a boolean", key=key)
    return value


def items(fields: Fields, key: Any, *, most: int | None = None) -> list[Any]:
    """A list of at most `most` items."""
    value = _get(fields, key)
    if type(value) is not list:
        raise DecodingError("{key}: not a list", key=key)
    if most is not None and len(value) > most:
        raise DecodingError("{key}: more than {most} items", key=key, most=most)
    return value


def maps(fields: Fields, key: Any) -> list[Fields]:
    """A list of maps."""
    values = items(fields, key)
    if not all(isinstance(value, dict) for value in values):
        raise DecodingError("{key}: not a list of maps", key=key)
    return values


def texts(fields: Fields, key: Any, *, most: int | None = None) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(checked_text(value, key) for value in items(fields, key, most=most))


def uints(fields: Fields, key: Any) -> tuple[int, ...]:
    """A list of unsigned integers."""
    return tuple([_checked_uint(value, key) for value in items(fields, key)])


def octet_strings(fields: Fields, key: Any, length: int | None = None) -> tuple[bytes, ...]:
    """A list of byte strings."""
    return tuple([_checked_octets(value, key, length) for value in items(fields, key)])


def currency(fields: Fields, key: Any = "currency") -> str:
    """Three capital letters; whether they are a currency of anyone's is for the rules to say."""
    value = text(fields, key)
    if len(value) != len("EUR") or not (value.isascii() and value.isalpha() and value.isupper()):
        raise DecodingError("{key}: not an ISO 4217 code", key=key)
    return value


def wallet(fields: Fields, key: Any = "wallet") -> str:
    """Ten ASCII digits. A wrong check digit is a wallet that nobody has, which is for the rules to say."""
    return checked_wallet(_get(fields, key), key)


def checked_wallet(value: Any, name: Any) -> str:
    """Ten ASCII digits."""
    if type(value) is not str:
        raise DecodingError("{name}: not a text", name=name)
    if len(value) != len("2026112108") or not (value.isascii() and value.isdigit()):
        raise DecodingError("{name}: not 10 digits", name=name)
    return value

"""Identifiers: UUIDv7 (RFC 9562), wallet numbers with their Luhn digit, and names for what the bytes are."""

from typing import NewType
from uuid import UUID

from shared.errors import DecodingError, WalletNumberError

WalletNumber = NewType("WalletNumber", str)

UUID7_RANDOM_BYTES = 10
WALLET_DIGITS = 10


def uuid7(milliseconds: int, random: bytes) -> bytes:
    """A UUIDv7 of 16 bytes from a time (ms since the epoch, UTC) and 10 random bytes (RFC 9562 section 5.7)."""
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(random[:UUID7_RANDOM_BYTES])
    value = value & ~(0xF << 76) | 0x7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    return value.to_bytes(16)


def uuid_text(value: bytes) -> str:
    """The canonical text of a 16-byte id."""
    return str(UUID(bytes=value))


def uuid_bytes(text: str) -> bytes:
    """The 16 bytes of an id's canonical text, in either case.

    Raises:
        DecodingError: where the text is no UUID.
    """
    try:
        value = UUID(text)
    except ValueError:
        value = None
    # UUID() also takes braces, underscores, signs and digits of any script: two texts for one id.
    if value is None or str(value) != text.lower():
        raise DecodingError("{text!r} is not an id", text=text[:40])
    return value.bytes


def uuid_text_or_none(value: bytes | None) -> str | None:
    """The canonical text of a 16-byte id, where there is one."""
    return uuid_text(value) if value is not None else None


def uuid_bytes_or_none(text: str | None) -> bytes | None:
    """The 16 bytes of an id's canonical text, where there is one.

    Raises:
        DecodingError: where the text is no UUID.
    """
    return uuid_bytes(text) if text is not None else None


def luhn_digit(digits: str) -> str:
    """The check digit for a run of decimal digits (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        doubled = int(character) * (2 - position % 2)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the digits of a two-digit product are added
    return str(-total % 10)


def is_wallet_number(text: str) -> bool:
    """Whether the text is 10 ASCII digits of which the last one fits."""
    return len(text) == WALLET_DIGITS and text.isascii() and text.isdigit() and luhn_digit(text[:-1]) == text[-1]


def wallet_number(text: str) -> WalletNumber:
    """The wallet number that a person typed; spaces and hyphens do not matter.

    Raises:
        WalletNumberError: where it has not 10 digits or a wrong check digit.
    """
    cleaned = text.replace(" ", "").replace("-", "").strip()
    if not is_wallet_number(cleaned):
        raise WalletNumberError
    return WalletNumber(cleaned)

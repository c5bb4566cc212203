"""What a file holds, in whichever of its forms: raw bytes, hex, base64url, a QR code's text, an exported journal."""

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from shared import record_text, vouchers
from shared.errors import DecodingError
from shared.messages.enrolment import from_base64url

MAX_BYTES = 64 * 1024 * 1024
# One class and no group: for each turn of a group the matcher keeps notes, gigabytes for a large file.
_HEX = re.compile(r"[0-9a-fA-F]+")
_BASE64URL = re.compile(r"[0-9A-Za-z_-]+={0,2}")
_COSE_TAG = 0xD2
_MAP = 5  # the CBOR major type of an exported journal


class Form(StrEnum):
    """How the contents are to be read."""

    SIGNED = "signed"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Contents:
    """The bytes of one signed object or of one exported journal."""

    form: Form
    raw: bytes


def read_contents(content: bytes) -> Contents:
    """Find out what a file holds.

    Raises:
        DecodingError: where it is none of what can be checked.
    """
    found = _recognise(content)
    if found is not None:
        return found
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise DecodingError("neither a signed object nor an exported journal") from None
    return _read_text(text)


def _recognise(raw: bytes) -> Contents | None:
    if raw[:1] == bytes([_COSE_TAG]):
        return Contents(Form.SIGNED, raw)
    if raw and raw[0] >> 5 == _MAP:
        return Contents(Form.JOURNAL, raw)
    return None


def _read_text(text: str) -> Contents:
    # A space is a symbol of Base45, so that only the end of the line is not the code's.
    scanned = text.lstrip().rstrip("\r\n\t")
    if scanned.startswith(vouchers.PREFIX):
        return Contents(Form.SIGNED, vouchers.from_text(scanned))
    if scanned.startswith(record_text.PREFIX):
        return Contents(Form.SIGNED, record_text.from_text(scanned))
    compact = "".join(text.split())
    for raw in _decodings(compact):
        found = _recognise(raw)
        if found is not None:
            return found
    raise DecodingError(
        "neither a signed object nor an exported journal, nor the hex, base64url, TS1: or TR1: text of one"
    )


def _decodings(compact: str) -> list[bytes]:
    found = []
    if len(compact) % 2 == 0 and _HEX.fullmatch(compact):
        found.append(bytes.fromhex(compact))
    if _BASE64URL.fullmatch(compact):
        with suppress(DecodingError):
            found.append(from_base64url(compact.rstrip("=")))
    return found

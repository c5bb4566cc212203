"""Vouchers: a signed description of one code, for a terminal whose book lacks the customer (docs/protocol.md, 6).

The QR text is `TS1:` ‖ Base45(zlib(COSE bytes)). zlib output is not canonical, so only text → COSE is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared import cbor, cose, fields, packed_text
from shared.codes import VERIFIER_BYTES, KdfParameters
from shared.errors import DecodingError
from shared.geo import Place
from shared.keys import SigningKey

PREFIX = "TS1:"
MAX_TEXT = 2_000
MAX_COSE_BYTES = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """One code of a series: its cap in minor units, its validity in seconds, and the customer's rounded home."""

    series: bytes
    index: int
    wallet: str
    cap: int
    currency: str
    not_before: int
    expires: int
    home: Place
    verifier: bytes
    kdf: KdfParameters


def sign_voucher(voucher: Voucher, key: SigningKey) -> bytes:
    """A voucher's COSE bytes."""
    payload = {
        1: voucher.series,
        2: voucher.index,
        3: voucher.wallet,
        4: voucher.cap,
        5: voucher.currency,
        6: voucher.not_before,
        7: voucher.expires,
        8: voucher.home.lat,
        9: voucher.home.lon,
        10: voucher.verifier,
        11: voucher.kdf.t,
        12: voucher.kdf.m_kib,
    }
    return cose.sign(cose.Kind.VOUCHER, cbor.encode(payload), key)


def open_voucher(raw: bytes, keys: Mapping[bytes, bytes]) -> Voucher:
    """The voucher that COSE bytes hold, verified with a pinned server key (kid → public key).

    Raises:
        SignatureError: where no pinned key signed it.
        DecodingError: where it is malformed.
        KdfError: where its key derivation would cost too much.
    """
    values = cbor.decode_map(cose.open_with(raw, cose.Kind.VOUCHER, keys))
    return Voucher(
        series=fields.uuid(values, 1),
        index=fields.uint(values, 2),
        wallet=fields.wallet(values, 3),
        cap=fields.uint(values, 4),
        currency=fields.currency(values, 5),
        not_before=fields.uint(values, 6),
        expires=fields.uint(values, 7),
        home=Place(fields.latitude(values, 8), fields.longitude(values, 9)),
        verifier=fields.octets(values, 10, VERIFIER_BYTES),
        kdf=KdfParameters(fields.uint(values, 11), fields.uint(values, 12)),
    )


def to_text(raw: bytes) -> str:
    """The text of a voucher's QR code."""
    return packed_text.pack(PREFIX, raw)


def from_text(text: str) -> bytes:
    """The COSE bytes in a scanned text, at most 1 KiB whatever the zlib stream claims.

    Raises:
        DecodingError: where the text is no voucher.
    """
    scanned = text.strip("\r\n\t")
    if not scanned.startswith(PREFIX) or len(scanned) > MAX_TEXT:
        raise DecodingError("this text is no voucher (it does not begin with TS1:)")
    try:
        return packed_text.unpack(PREFIX, scanned, most_text=MAX_TEXT, most_bytes=MAX_COSE_BYTES)
    except DecodingError:
        raise DecodingError("this voucher is damaged") from None

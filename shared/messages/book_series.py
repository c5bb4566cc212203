"""One series of a book, there and back. A page holds thousands of them, so neither way takes a detour.

The bytes are those of `shared.cbor`: deterministic, with the map's nine keys in the order of RFC 8949 section 4.2.1,
which sorts them by their encoding and so by their length first.
"""

from functools import lru_cache

import msgspec

from shared import fields
from shared.codes import VERIFIER_BYTES, KdfParameters
from shared.errors import DecodingError
from shared.fields import Fields

_UINT, _BYTES, _TEXT, _ARRAY = 0x00, 0x40, 0x60, 0x80
_LARGEST_DIRECT = 23
_WIDTHS = ((1, 24), (2, 25), (4, 26), (8, 27))


class BookSeries(msgspec.Struct, frozen=True, kw_only=True):
    """One series: `verifiers` and `caps` (minor units) run by index from 0; `expires_at` in ms."""

    series: bytes
    wallet: str
    name: str
    kdf: KdfParameters
    verifiers: tuple[bytes, ...]
    caps: tuple[int, ...]
    spent: tuple[int, ...]
    expires_at: int


@lru_cache(maxsize=64)
def kdf_of(t: int, m_kib: int) -> KdfParameters:
    """Argon2id's cost, one object for all series that have the same.

    Raises:
        KdfError: where it is out of bounds.
    """
    return KdfParameters(t, m_kib)


# Of caps, sizes and costs there are few, and an expiry is often that of many series.
@lru_cache(maxsize=4_096)
def head(major: int, argument: int) -> bytes:
    """The shortest head of a CBOR item (RFC 8949 section 3): its major type in the upper three bits, its argument."""
    if argument <= _LARGEST_DIRECT:
        return bytes((major | argument,))
    for width, marker in _WIDTHS:
        if argument < 1 << 8 * width:
            return bytes((major | marker,)) + argument.to_bytes(width)
    raise OverflowError("no CBOR integer is this large")


def encode_series(entry: BookSeries) -> bytes:
    """A series as `cbor.encode` would have its map."""
    name, wallet = entry.name.encode(), entry.wallet.encode()
    return b"".join(
        (
            b"\xa9\x61m",
            head(_UINT, entry.kdf.m_kib),
            b"\x61t",
            head(_UINT, entry.kdf.t),
            b"\x64caps",
            _uints(entry.caps),
            b"\x64name",
            head(_TEXT, len(name)),
            name,
            b"\x65spent",
            _uints(entry.spent),
            b"\x66series",
            _octets(entry.series),
            b"\x66wallet",
            head(_TEXT, len(wallet)),
            wallet,
            b"\x69verifiers",
            head(_ARRAY, len(entry.verifiers)),
            *[_octets(verifier) for verifier in entry.verifiers],
            b"\x6aexpires_at",
            head(_UINT, entry.expires_at),
        )
    )


def encode_list(items: list[bytes]) -> bytes:
    """The array of items that are encoded already."""
    return head(_ARRAY, len(items)) + b"".join(items)


def encode_map(entries: dict[bytes, bytes]) -> bytes:
    """The map of keys and values that are encoded already, in the deterministic order of the keys' bytes."""
    return head(0xA0, len(entries)) + b"".join(key + entries[key] for key in sorted(entries))


def _octets(value: bytes) -> bytes:
    return head(_BYTES, len(value)) + value


def _uints(values: tuple[int, ...]) -> bytes:
    return head(_ARRAY, len(values)) + b"".join([head(_UINT, value) for value in values])


def decode_series(values: Fields) -> BookSeries:
    """The series that a decoded map holds.

    Raises:
        DecodingError, KdfError: where it is malformed.
    """
    verifiers = fields.octet_strings(values, "verifiers", VERIFIER_BYTES)
    caps = fields.uints(values, "caps")
    if len(caps) != len(verifiers):
        raise DecodingError("caps: not one for each verifier")
    return BookSeries(
        series=fields.uuid(values, "series"),
        wallet=fields.wallet(values),
        name=fields.text(values, "name"),
        kdf=kdf_of(fields.uint(values, "t"), fields.uint(values, "m")),
        verifiers=verifiers,
        caps=caps,
        spent=fields.uints(values, "spent"),
        expires_at=fields.uint(values, "expires_at"),
    )

"""Signed bytes as the text of a QR code: a prefix and Base45 of their zlib stream, read within bounds.

zlib output is not canonical, so only text → bytes is exact.
"""

import zlib

import base45

from shared.errors import DecodingError


def pack(prefix: str, raw: bytes) -> str:
    """The text for these bytes; every symbol of it is one of a QR code's alphanumeric mode."""
    encoded: bytes = base45.b45encode(zlib.compress(raw, 9))
    return prefix + encoded.decode("ascii")


def unpack(prefix: str, text: str, *, most_text: int, most_bytes: int) -> bytes:
    """The bytes in a text that begins with the prefix, at most `most_bytes` whatever the zlib stream claims.

    Raises:
        DecodingError: where it is longer, does not begin so, or is damaged.
    """
    if not text.startswith(prefix) or len(text) > most_text:
        raise DecodingError("this text does not begin with {prefix}, or is too long", prefix=prefix)
    try:
        packed = base45.b45decode(text.removeprefix(prefix))
        inflater = zlib.decompressobj()
        raw = inflater.decompress(packed, most_bytes + 1)  # one more, so that the stream can reach its end
    except (ValueError, zlib.error) as error:
        raise DecodingError("this text is damaged") from error
    if not inflater.eof or inflater.unused_data or len(raw) > most_bytes:
        raise DecodingError("this text is damaged")
    return raw

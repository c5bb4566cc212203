"""A signed record as the text of a receipt's QR code: `TR1:` ‖ Base45(zlib(COSE bytes)) (docs/verify.md)."""

from shared import packed_text

PREFIX = "TR1:"
MAX_TEXT = 4_296  # what the largest QR code holds
MAX_COSE_BYTES = 4_096


def to_text(raw: bytes) -> str:
    """The text of a record's QR code."""
    return packed_text.pack(PREFIX, raw)


def from_text(text: str) -> bytes:
    """The COSE bytes in a scanned text, at most 4 KiB whatever the zlib stream claims.

    Raises:
        DecodingError: where the text is none.
    """
    return packed_text.unpack(PREFIX, text.strip("\r\n\t"), most_text=MAX_TEXT, most_bytes=MAX_COSE_BYTES)

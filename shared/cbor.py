"""Strict CBOR (RFC 8949): deterministic encoding, and a decoder made for hostile bytes.

Structure is refused here for everything: indefinite lengths, duplicate keys, trailing bytes, text that is not
UTF-8, deep nesting. What a field may hold is refused in `shared.fields`. Tags stay opaque, so that no tag can pass
for an integer, a time or a text.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import cbor2

from shared.compound_keys import count_compound_keys
from shared.errors import DecodingError

MAX_DEPTH = 32
MAX_COMPOUND_KEYS = 256
# An item takes one byte on the wire and some sixty in memory. A book has many of them, a record or an upload has not.
MAX_ITEMS = 4_000_000
MAX_UPLOAD_ITEMS = 100_000
SMALL_BYTES = 4_096  # can't hold enough keys to matter
# Every tag that cbor2 would turn into a Python object of its own; see its list of semantic decoders.
_KNOWN_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)


def _opaque(tag: int) -> Callable[[Any, bool], cbor2.CBORTag]:
    def keep(value: Any, _immutable: bool) -> cbor2.CBORTag:
        return cbor2.CBORTag(tag, value)

    return keep


OPAQUE_TAGS: dict[int, Any] = {tag: _opaque(tag) for tag in _KNOWN_TAGS}


def encode(value: Any) -> bytes:
    """Deterministic encoding by RFC 8949 section 4.2.1."""
    return cbor2.dumps(value, canonical=True)


def encode_sorted(value: Any) -> bytes:
    """The same for maps whose keys the caller has written in their deterministic order: two times faster.

    Shorter keys first, then by their bytes (RFC 8949 section 4.2.1); everything else is deterministic anyway.
    """
    return cbor2.dumps(value)


def decode(data: bytes, *, lenient_text: bool = False, most_items: int = MAX_ITEMS) -> Any:
    """The one data item that `data` holds.

    `lenient_text` replaces what is not UTF-8 instead of refusing it: such a record is refused all the same, but its
    place in the chain can still be read.

    Raises:
        DecodingError: on anything but exactly one well-formed item of definite length without duplicate keys.
    """
    if (
        len(data) > SMALL_BYTES
        and count_compound_keys(data, most=MAX_COMPOUND_KEYS, max_depth=MAX_DEPTH, most_items=most_items)
        > MAX_COMPOUND_KEYS
    ):
        raise DecodingError(
            "more than {most_items} items, or more than {max_compound_keys} keys that are arrays, maps or tags",
            most_items=most_items,
            max_compound_keys=MAX_COMPOUND_KEYS,
        )
    stream = BytesIO(data)
    try:
        value = cbor2.load(
            stream,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=OPAQUE_TAGS,
            str_errors="replace" if lenient_text else "strict",
        )
    # cbor2 documents its own error alone, but an overflowing length or a shared reference can end in any of these.
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, MemoryError, RecursionError, LookupError) as error:
        raise DecodingError("these bytes are not strict CBOR") from error
    if stream.tell() != len(data):
        raise DecodingError("there are bytes after the end of the CBOR item")
    return value


def decode_map(data: bytes, *, lenient_text: bool = False, most_items: int = MAX_ITEMS) -> dict[Any, Any]:
    """The one map that `data` holds.

    Raises:
        DecodingError: see `decode`; also when the item is no map.
    """
    value = decode(data, lenient_text=lenient_text, most_items=most_items)
    if not isinstance(value, dict):
        raise DecodingError("this CBOR item is not a map")
    return value

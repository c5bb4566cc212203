"""Reading a long CBOR map whose values are long arrays of small items, as a page of a book is.

`cbor.decode` first counts every item of what is long, in Python, for keys that could be chosen to collide. Here items
are decoded some at a time, from slices that are too short to hold enough of such keys, so nothing has to be counted.
Whatever is of another form is left to `cbor.decode_map`. Both take the same values and refuse the same bytes, but for
such keys: there their number is bounded, here the length of the item that has them.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import cbor2

from shared.cbor import MAX_DEPTH, MAX_ITEMS, OPAQUE_TAGS, SMALL_BYTES, decode_map

_ARRAY, _MAP = 0x80, 0xA0
_LARGEST_DIRECT = 23
_ARGUMENT_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
# Of the depth that the whole may have, the map and an array in it take two.
_DEPTH = MAX_DEPTH - 2


class _OtherFormError(Exception):
    """These bytes are no map of texts and short items or arrays of short items."""


def decode_long_map(data: bytes) -> dict[Any, Any]:
    """The one map that `data` holds: the same as `cbor.decode_map`, faster where its values are long arrays.

    Raises:
        DecodingError: as `cbor.decode_map`.
    """
    # An item takes a byte at least: fewer bytes than items are allowed can't hold too many.
    if SMALL_BYTES < len(data) <= MAX_ITEMS:
        try:
            return _Reader(data).whole_map()
        except _OtherFormError:
            pass
    return decode_map(data)


class _Reader:
    """Reads on from a position."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def whole_map(self) -> dict[Any, Any]:
        count = self._head(_MAP)
        values: dict[Any, Any] = {}
        for _ in range(count):
            (key,) = self._items(1)
            if type(key) is not str or key in values:
                raise _OtherFormError
            if self._next_head() & 0xE0 == _ARRAY:
                values[key] = list(self._items(self._head(_ARRAY)))
            else:
                (values[key],) = self._items(1)
        if self._position != len(self._data):
            raise _OtherFormError
        return values

    def _next_head(self) -> int:
        if self._position >= len(self._data):
            raise _OtherFormError
        return self._data[self._position]

    def _head(self, major: int) -> int:
        """The argument of an item's head, which must be of this major type and of definite length."""
        first = self._next_head()
        argument = first & 0x1F
        self._position += 1
        if first & 0xE0 != major:
            raise _OtherFormError
        if argument <= _LARGEST_DIRECT:
            return argument
        width = _ARGUMENT_BYTES.get(argument)
        if width is None:
            raise _OtherFormError
        self._position += width
        return int.from_bytes(self._data[self._position - width : self._position])

    def _items(self, count: int) -> Iterator[Any]:
        """The next items, each whole within one slice."""
        while count:
            stream = BytesIO(self._data[self._position : self._position + SMALL_BYTES])
            decoder = cbor2.CBORDecoder(
                stream,
                max_depth=_DEPTH,
                allow_indefinite=False,
                allow_duplicate_keys=False,
                semantic_decoders=OPAQUE_TAGS,
                str_errors="strict",
            )
            start = self._position
            try:
                while count:
                    item = decoder.decode()
                    self._position = start + stream.tell()
                    count -= 1
                    yield item
            # The slice ends within an item, or the item is malformed: only if nothing came before it is that for sure.
            except (cbor2.CBORError, ValueError, TypeError, OverflowError, MemoryError, RecursionError, LookupError):
                if self._position == start:
                    raise _OtherFormError from None

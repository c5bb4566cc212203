"""A book's bytes are written by hand and read in slices: both must be what the plain ways give, byte for byte."""

from dataclasses import replace
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import cbor
from shared.errors import DecodingError
from shared.long_maps import decode_long_map
from shared.messages.book import Book, decode_book, encode_book
from shared.messages.book_series import BookSeries, encode_series, head
from tests.shared import samples
from tests.shared.samples import vector


def series_map(entry: BookSeries) -> dict[str, Any]:
    """A series as docs/protocol.md, section 9, has it."""
    return {
        "series": entry.series,
        "wallet": entry.wallet,
        "name": entry.name,
        "t": entry.kdf.t,
        "m": entry.kdf.m_kib,
        "verifiers": list(entry.verifiers),
        "caps": list(entry.caps),
        "spent": list(entry.spent),
        "expires_at": entry.expires_at,
    }


def long_page() -> bytes:
    """The payload of a page that takes several slices."""
    page = decode_book(vector("book", "payload"))
    numbered = [msgspec.structs.replace(page.series[0], series=number.to_bytes(16)) for number in range(300)]
    blocked = tuple(f"{number:010}" for number in range(1_000))
    return encode_book(replace(page, series=tuple(numbered), blocked=blocked))


LONG = long_page()


def outcome(decode: Any, data: bytes) -> Any:
    try:
        return decode(data)
    except DecodingError:
        return DecodingError


# A book is large to draw, and to shrink.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(samples.books)
def test_a_books_payload_is_what_the_deterministic_encoder_makes_of_it(page: Book) -> None:
    payload = encode_book(page)
    values = cbor.decode_map(payload)
    assert values["series"] == [series_map(entry) for entry in page.series]
    assert cbor.encode(values) == payload
    assert [encode_series(entry) for entry in page.series] == [cbor.encode(series_map(one)) for one in page.series]


@given(st.integers(0, 2**64 - 1))
def test_a_head_is_the_shortest_there_is(value: int) -> None:
    assert head(0, value) == cbor.encode(value)


def test_no_integer_is_cut_off() -> None:
    with pytest.raises(OverflowError):
        head(0, 2**64)


def test_a_long_page_reads_as_it_does_in_one_piece() -> None:
    assert len(LONG) > 10 * 4_096
    assert decode_long_map(LONG) == cbor.decode_map(LONG)
    assert len(decode_book(LONG).series) == 300


@settings(deadline=None)
@given(st.integers(0, len(LONG) - 1), st.integers(0, 255), st.sampled_from(["change", "insert", "drop", "cut"]))
def test_whatever_happens_to_a_long_page_both_ways_of_reading_it_agree(place: int, byte: int, what: str) -> None:
    spoilt = {
        "change": LONG[:place] + bytes([byte]) + LONG[place + 1 :],
        "insert": LONG[:place] + bytes([byte]) + LONG[place:],
        "drop": LONG[:place] + LONG[place + 1 :],
        "cut": LONG[:place],
    }[what]
    # repr, as a NaN is not equal to itself.
    assert repr(outcome(decode_long_map, spoilt)) == repr(outcome(cbor.decode_map, spoilt))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


FILLER = {"filler": ["x" * 100] * 100}
ODD: dict[str, bytes] = {
    **{f"nested {depth}": cbor.encode({**FILLER, "deep": nested(depth)}) for depth in range(26, 36)},
    **{f"nested {depth} in an array": cbor.encode({**FILLER, "deep": [0, nested(depth)]}) for depth in range(26, 36)},
    "an item longer than a slice": cbor.encode({**FILLER, "long": ["y" * 9_000, 1]}),
    "a value longer than a slice": cbor.encode({**FILLER, "long": "y" * 9_000}),
    "a key that is no text": cbor.encode({**FILLER, 1: 2}),
    "tags": cbor.encode({**FILLER, "tags": [cbor2.CBORTag(0, "2026-01-01T00:00:00Z"), cbor2.CBORTag(77, 1)]}),
    "an indefinite array": cbor.encode({**FILLER, "b": 1})[:-3] + b"\x61b\x9f\x01\xff",
    "the same key twice": b"\xa2\x61a" + cbor.encode(["x" * 100] * 100) + b"\x61a\x01",
    "more after the end": cbor.encode(FILLER) + b"\x00",
    "an array that promises more than there is": b"\xa1\x61a\x9a\xff\xff\xff\xff" + b"\x01" * 5_000,
    "no map": cbor.encode([FILLER]),
    "many keys that are arrays": cbor2.dumps({**FILLER, "k": {(number, 1): 0 for number in range(2_000)}}),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_taken_or_refused_as_in_one_piece(case: str) -> None:
    assert len(ODD[case]) > 4_096
    assert outcome(decode_long_map, ODD[case]) == outcome(cbor.decode_map, ODD[case])

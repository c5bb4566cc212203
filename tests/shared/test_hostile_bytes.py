"""Whatever the bytes, a decoder gives a value or one of our own errors, at once."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import cbor, cose, journal, policy, vouchers
from shared.compound_keys import count_compound_keys
from shared.cose import Kind
from shared.errors import DecodingError, NotSignedError, TallystickError
from shared.messages import batch, book, enrolment, receipt
from tests.shared.samples import DEVICE_KEYS, SERVER_KEY, SERVER_KEYS, VECTORS, vector

DECODERS: dict[str, Callable[[bytes], object]] = {
    "cbor": cbor.decode,
    "lenient cbor": lambda data: cbor.decode(data, lenient_text=True),
    "map": cbor.decode_map,
    "cose": cose.parse,
    "signed record": lambda data: cose.open_with(data, Kind.RECORD, DEVICE_KEYS),
    "record": journal.decode_record,
    "position": journal.position_of,
    "payment id": journal.payment_id_of,
    "batch": batch.decode_batch,
    "receipt": receipt.decode_receipt,
    "book": book.decode_book,
    "certificate": enrolment.decode_certificate,
    "signed voucher": lambda data: vouchers.open_voucher(data, SERVER_KEYS),
    "voucher": lambda data: vouchers.open_voucher(cose.sign(Kind.VOUCHER, data, SERVER_KEY), SERVER_KEYS),
}
PAYLOADS = [
    *(vector("records", number, "payload") for number in range(2)),
    *(vector(kind, "payload") for kind in ("voucher", "receipt", "book")),
    vector("batch", "body"),
    cose.parse(vector("enrolment", "certificate")).payload,
]
SIGNED = [
    *(vector("records", number, "cose") for number in range(2)),
    *(vector(kind, "cose") for kind in ("voucher", "receipt", "book")),
    vector("enrolment", "certificate"),
    *(vector("rejected", name, "cose") for name in VECTORS["rejected"]),
]


def _try_all(data: bytes) -> None:
    for decode in DECODERS.values():
        with suppress(TallystickError):
            decode(data)


# What a field may hold that it should not: every major type, out of range, deep, and every tag with a meaning.
_tags = st.sampled_from(
    [0, 1, 2, 3, 4, 5, 18, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 258, 260, 1004, 55799]
)  # not 256: cbor2 would write later texts as references
_odd_scalars = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.none(),
    st.just(cbor2.undefined),
    st.binary(max_size=40),
    st.binary(min_size=16, max_size=16),
    st.text(st.characters(codec="utf-8"), max_size=140),
    st.sampled_from(["payment", "void", "shift_open", "shift_close", "EUR", "2026112108", "settled", "fail", "LATE"]),
)
_odd_keys = st.one_of(
    st.sampled_from(sorted({key for payload in PAYLOADS for key in cbor.decode(payload) if isinstance(key, str)})),
    st.integers(0, 13),
    st.sampled_from([1.0, True, None, b"seq", (1, "a"), 2**70, -1]),
)
_odd_values = st.recursive(
    _odd_scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_odd_keys, inner, max_size=4)
        | st.builds(cbor2.CBORTag, _tags, inner)
    ),
    max_leaves=12,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) within a decoded value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in pairs for place in [(value, key), *_places(inner)]]


@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    _try_all(data)


@given(_odd_values)
def test_any_cbor(value: object) -> None:
    _try_all(cbor2.dumps(value))


@given(st.sampled_from(PAYLOADS), st.data())
@settings(max_examples=400)
def test_real_messages_with_some_values_exchanged(payload: bytes, data: st.DataObject) -> None:
    message = cbor.decode(payload)
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(message)
        container, key = places[data.draw(st.integers(0, len(places) - 1))] if places else (message, "seq")
        if isinstance(container, dict) and data.draw(st.booleans()):
            container.pop(key)
            container[data.draw(_odd_keys)] = data.draw(_odd_values)
        else:
            container[key] = data.draw(_odd_values)
    _try_all(cbor2.dumps(message))


@given(st.sampled_from(PAYLOADS + SIGNED), st.data())
@settings(max_examples=400)
def test_real_objects_flipped_cut_and_spliced(original: bytes, data: st.DataObject) -> None:
    damaged = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(damaged)))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "splice"])):
            case "flip" if position < len(damaged):
                damaged[position] ^= data.draw(st.integers(1, 255))
            case "cut":
                del damaged[position : position + data.draw(st.integers(1, 400))]
            case "insert":
                damaged[position:position] = data.draw(st.binary(min_size=1, max_size=9))
            case _:
                other = data.draw(st.sampled_from(PAYLOADS + SIGNED))
                start = data.draw(st.integers(0, len(other)))
                damaged[position : position + 20] = other[start : start + 60]
    _try_all(bytes(damaged))


@given(_odd_values)
def test_any_policy_of_a_book(value: object) -> None:
    decoded = cbor.decode(cbor2.dumps({"payment_limit": value, "actions": {"LATE": value, "SPEED": "fail"}, 1: value}))
    for wire in (decoded, {"actions": decoded["payment_limit"]}, {"loss_bearer": decoded["payment_limit"]}):
        with suppress(TallystickError):
            policy.from_wire(wire)


@pytest.mark.parametrize(
    "refused",
    [
        b"",
        b"\x01\x01",  # trailing
        b"\x9f\x01\xff",  # an indefinite list,
        b"\xbf\xff",  # map,
        b"\x5f\x41\x00\xff",  # byte string
        b"\x7f\x61a\xff",  # and text
        b"\xa2\x61a\x01\x61a\x02",  # a key twice
        b"\xa2\x61a\x01\x78\x01a\x02",  # the same in another encoding
        b"\x61\xff",  # no UTF-8
        b"\x63\xed\xa0\x80",  # a surrogate
        b"\xf8\x18",  # a simple value that is not well formed
        b"\x1c",
        b"\xff",
        b"\x81" * 33 + b"\x00",  # deep
        b"\xa1\x00" * 100_000 + b"\x00",
        b"\xc1" * 100_000 + b"\x00",
    ],
    ids=bytes.hex,
)
def test_what_is_no_strict_cbor_is_refused(refused: bytes) -> None:
    with pytest.raises(DecodingError):
        cbor.decode(refused)


@pytest.mark.parametrize("major", [2, 3, 4, 5])
@pytest.mark.parametrize("length", [2**20, 2**31, 2**40, 2**62, 2**63, 2**64 - 1])
def test_a_length_that_is_not_there_is_refused_without_setting_memory_aside(major: int, length: int) -> None:
    with pytest.raises(DecodingError):
        cbor.decode(bytes([major << 5 | 27]) + length.to_bytes(8) + bytes(10))


def test_no_tag_passes_for_anything_else() -> None:
    for tag in [*range(300), 1004, 43000, 55799, 2**32]:
        for value in (0, b"\x01" * 16, "2026-11-21", [1, 2], {"a": 1}):
            decoded = cbor.decode(cbor2.dumps(cbor2.CBORTag(tag, value)))
            assert type(decoded) is cbor2.CBORTag, tag
            assert decoded.tag == tag


_WORD = 2**64


def _colliding_pairs(number: int) -> list[tuple[int, int]]:
    """Pairs of integers whose tuples have one hash: CPython's xxHash lanes, run backwards."""
    one, two, five = 11400714785074694791, 14029467366897019727, 2870177450012600261

    def rotate(value: int, bits: int) -> int:
        return (value << bits | value >> (64 - bits)) % _WORD

    def lane(accumulator: int, value: int) -> int:
        return rotate((accumulator + value * two) % _WORD, 31) * one % _WORD

    before = rotate(lane(lane(five, 1), 1) * pow(one, -1, _WORD) % _WORD, 33)
    pairs: list[tuple[int, int]] = []
    first = 0
    while len(pairs) < number:
        first += 1
        second = (before - lane(five, first)) * pow(two, -1, _WORD) % _WORD
        second -= _WORD if second >= _WORD // 2 else 0
        if abs(second) < 2**61 - 1:  # its hash is the number itself
            pairs.append((first, second))
    assert len({hash(pair) for pair in pairs}) == 1
    return pairs


def test_keys_chosen_to_collide_are_refused_before_a_dict_is_busy_with_them() -> None:
    pairs = _colliding_pairs(20_000)
    flood = b"\xb9" + len(pairs).to_bytes(2) + b"".join(cbor2.dumps(list(pair)) + b"\x00" for pair in pairs)
    hidden = cbor.encode({"records": [b"x"], "note": [1, 2]})[:-3] + flood + b"\x01\x02"
    for data in (flood, hidden):
        with pytest.raises(DecodingError):
            cbor.decode(data)


def test_a_few_odd_keys_do_no_harm() -> None:
    value = {(number, "a"): number for number in range(200)} | {"filling": b"x" * 5_000}
    assert cbor.decode(cbor2.dumps(value)) == value


@given(_odd_values)
def test_the_count_of_odd_keys_is_that_of_the_value(value: object) -> None:
    def count(item: Any) -> int:
        if isinstance(item, cbor2.CBORTag):
            return count(item.value)
        if isinstance(item, list):
            return sum(map(count, item))
        if isinstance(item, dict):
            # A big integer is a tag with a byte string.
            odd = sum(isinstance(key, tuple) or (isinstance(key, int) and key >= 2**64) for key in item)
            return odd + sum(map(count, item.values()))
        return 0

    assert count_compound_keys(cbor2.dumps(value), most=10**6, max_depth=99) == count(value)


@given(st.binary(max_size=100))
def test_counting_keys_of_random_bytes_ends(data: bytes) -> None:
    assert count_compound_keys(data, most=256, max_depth=32) <= len(data)


@given(st.data())
def test_the_usual_form_of_a_signed_object_is_read_as_any_other_is(data: st.DataObject) -> None:
    """The short way must take nothing that the long way refuses, and give the same."""
    size = data.draw(st.sampled_from([0, 1, 23, 24, 25, 255, 256, 257, 400, 65_535, 65_536]))
    raw = bytearray(cose.sign(cose.Kind.RECORD, bytes(size), SERVER_KEY))
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.one_of(st.integers(0, min(24, len(raw) - 1)), st.integers(0, len(raw) - 1)))
        raw[place] = data.draw(st.integers(0, 255))
    changed = bytes(raw)[: data.draw(st.sampled_from([len(raw), len(raw), len(raw) - 1]))]
    usual = cose._parse_usual(changed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cose, "_parse_usual", lambda _: None)
        try:
            other = cose.parse(changed)
        except NotSignedError:
            other = None
    assert usual is None or usual == other

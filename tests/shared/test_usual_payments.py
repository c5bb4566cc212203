"""What is read by its bytes is what the general decoder gives, or it is not read so at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared import cbor, journal, usual_payment
from shared.errors import DecodingError
from shared.journal import Payment
from tests.shared import samples

usual = samples.payments.map(lambda payment: replace(payment, flags=()))


def decoded(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> journal.Record | None:
    """What the general decoder alone makes of a payload; None where it refuses it."""
    with monkeypatch.context() as patch:
        patch.setattr(usual_payment, "read", lambda _payload, _make: None)
        try:
            return journal.decode_record(payload)
        except DecodingError:
            return None


def agree(payload: bytes) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = usual_payment.read(payload, Payment)
        assert found is None or found == decoded(payload, monkeypatch)


@given(usual)
def test_a_payment_of_a_till_is_read_so_where_its_cashier_is_written_in_ascii(payment: Payment) -> None:
    found = usual_payment.read(journal.encode_record(payment), Payment)
    assert found == (payment if payment.cashier.isascii() else None)


@given(usual, st.sampled_from(sorted(Payment.__struct_fields__)), st.data())
def test_a_value_that_is_none_of_a_payment_is_not_read(payment: Payment, field: str, data: st.DataObject) -> None:
    values = cbor.decode_map(journal.encode_record(payment))
    strange: st.SearchStrategy[Any] = (
        st.integers(-(2**64), 2**64 - 1)
        | st.none()
        | st.booleans()
        | st.floats()
        | st.binary(max_size=33)
        | st.text(max_size=130)
        | st.lists(st.text(max_size=4), max_size=2)
    )
    agree(cbor.encode({**values, field: data.draw(strange)}))


@given(usual, st.data())
def test_bytes_that_were_changed_on_the_way(payment: Payment, data: st.DataObject) -> None:
    payload = bytearray(journal.encode_record(payment))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload) - 1))
        kind = data.draw(st.sampled_from(("change", "insert", "drop")))
        if kind == "drop":
            del payload[at]
        else:
            payload[at : at + (kind == "change")] = bytes([data.draw(st.integers(0, 255))])
    agree(bytes(payload))


@given(usual, st.binary(min_size=1, max_size=9))
def test_bytes_behind_it_are_not_overlooked(payment: Payment, more: bytes) -> None:
    assert usual_payment.read(journal.encode_record(payment) + more, Payment) is None


@given(usual, st.sampled_from(("epoch", "seq", "index", "amount", "book")), st.integers(0, 23))
def test_an_integer_in_more_bytes_than_it_needs(payment: Payment, field: str, value: int) -> None:
    payload = journal.encode_record(replace(payment, **{field: value}))
    key = cbor.encode(field)
    for longer in (b"\x18", b"\x19\x00", b"\x1a\x00\x00\x00", b"\x1b" + bytes(7)):
        agree(payload.replace(key + bytes([value]), key + longer + bytes([value])))

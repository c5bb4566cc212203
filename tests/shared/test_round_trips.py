"""Every valid message means the same after its journey, and is encoded in one way alone."""

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from shared import cbor, cose, journal, policy, vouchers
from shared.cose import Kind
from shared.messages import batch, book, enrolment, receipt
from tests.shared import samples
from tests.shared.samples import DEVICE_KEY, DEVICE_KEYS, SERVER_KEY, SERVER_KEYS

_scalars = (
    st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.none()
    | st.binary(max_size=40)
    | st.text(st.characters(codec="utf-8"), max_size=40)
)
values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(2, 99), inner),
    max_leaves=20,
)


@given(values)
def test_any_value_is_decoded_to_what_was_encoded(value: object) -> None:
    encoded = cbor.encode(value)
    assert cbor.decode(encoded) == value
    assert cbor.encode(cbor.decode(encoded)) == encoded


@given(st.dictionaries(st.text(max_size=6), st.integers(0, 9), max_size=8))
def test_maps_are_encoded_in_the_bytewise_order_of_their_keys(value: dict[str, int]) -> None:
    encoded = cbor.encode(value)
    keys = [cbor2.dumps(key) for key in cbor.decode(encoded)]
    assert keys == sorted(keys)


@given(samples.records)
def test_a_record_survives_signing(record: journal.Record) -> None:
    raw = journal.sign_record(record, DEVICE_KEY)
    payload = cose.open_with(raw, Kind.RECORD, DEVICE_KEYS)
    assert journal.decode_record(payload) == record
    position = journal.position_of(payload)
    assert (position.device, position.epoch, position.seq, position.prev) == (
        record.device,
        record.epoch,
        record.seq,
        record.prev,
    )
    assert journal.payment_id_of(payload) == (record.id if isinstance(record, journal.Payment) else None)


@given(samples.payments)
def test_keys_that_nobody_knows_are_ignored(payment: journal.Payment) -> None:
    values = cbor.decode_map(journal.encode_record(payment))
    assert journal.decode_record(cbor.encode({**values, "tip": 1.5, "nested": {"a": [1]}, 7: b"x"})) == payment


@given(samples.vouchers_)
def test_a_voucher_survives_its_qr_code(voucher: vouchers.Voucher) -> None:
    raw = vouchers.from_text(vouchers.to_text(vouchers.sign_voucher(voucher, SERVER_KEY)))
    assert vouchers.open_voucher(raw, SERVER_KEYS) == voucher


@given(samples.batches)
def test_a_batch_survives_its_upload(uploaded: batch.Batch) -> None:
    assert batch.decode_batch(batch.encode_batch(uploaded)) == uploaded


@given(samples.receipts)
def test_a_receipt_survives_signing(answer: receipt.Receipt) -> None:
    assert receipt.open_receipt(receipt.sign_receipt(answer, SERVER_KEY), SERVER_KEYS) == answer


@given(samples.books)
def test_a_book_survives_signing(page: book.Book) -> None:
    assert book.open_book(book.sign_book(page, SERVER_KEY), SERVER_KEYS) == page


@given(samples.certificates)
def test_a_certificate_survives_signing(certificate: enrolment.Certificate) -> None:
    assert enrolment.open_certificate(enrolment.sign_certificate(certificate, SERVER_KEY), SERVER_KEYS) == certificate


@given(samples.policies)
def test_a_policy_survives_its_book(limits: policy.Policy) -> None:
    wire = limits.to_wire()
    assert policy.from_wire(cbor.decode_map(cbor.encode(wire))) == limits
    assert policy.Policy().with_changes(wire) == limits


@given(st.binary(max_size=200))
def test_base64url_is_read_as_it_was_written_and_in_no_other_way(value: bytes) -> None:
    assert enrolment.from_base64url(enrolment.to_base64url(value), len(value)) == value

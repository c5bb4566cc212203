"""A signed object by itself: its kind is found by its signature, and what is wrong with it is named."""

import base64
from typing import Any

import pytest

from shared import cbor, cose, vouchers
from shared.cose import Kind
from shared.keys import SigningKey
from shared.messages.enrolment import sign_certificate
from shared.messages.receipt import sign_receipt
from tallystick.verification.check import check
from tallystick.verification.report import Report
from tallystick.verification.trust import Origin, Trust, TrustError, key_from_hex, trust_of_home
from tests.shared.samples import VECTORS, vector
from tests.tallystick.samples import (
    CERTIFICATE,
    DEVICE_KEY,
    SERVER_KEY,
    STRANGER,
    TRUST,
    flip_signature,
    found,
    payload_of,
    receipt_for,
    resign,
    sign_all,
)

VECTOR_SERVER = SigningKey.from_seed(vector("server_seed"))
VECTOR_TRUST = Trust(
    {VECTOR_SERVER.kid: VECTOR_SERVER.public_key}, vector("enrolment", "certificate"), origin=Origin.GIVEN
)
OBJECTS = {
    "record": vector("records", 1, "cose"),
    "receipt": vector("receipt", "cose"),
    "voucher": vector("voucher", "cose"),
    "book": vector("book", "cose"),
    "certificate": vector("enrolment", "certificate"),
}
each_object = pytest.mark.parametrize(("kind", "raw"), OBJECTS.items())


def _field(report: Report) -> str | None:
    assert len(report.problems) == 1
    return report.problems[0].field


@each_object
def test_the_objects_of_the_vectors_are_good(kind: str, raw: bytes) -> None:
    report = check(raw, VECTOR_TRUST)
    assert report.ok, report.problems
    assert (report.kind, report.entries) == (kind, 1)
    assert report.summary
    assert report.notes


@each_object
def test_hex_and_base64url_say_the_same_as_bytes(kind: str, raw: bytes) -> None:
    text = raw.hex()
    wrapped = "\n".join(text[start : start + 64] for start in range(0, len(text), 64)).upper() + "\n"
    padded = base64.urlsafe_b64encode(raw)
    for form in (text.encode(), wrapped.encode(), padded, padded.rstrip(b"="), b" " + padded + b"\r\n"):
        report = check(form, VECTOR_TRUST)
        assert (report.ok, report.kind) == (True, kind)


def test_the_text_of_a_voucher_is_checked_as_it_is_scanned() -> None:
    text = VECTORS["voucher"]["text"].encode()
    for form in (text, text + b"\n", b"\n" + text + b"\r\n"):
        assert check(form, VECTOR_TRUST).ok
    assert not check(text[:-3], VECTOR_TRUST).ok
    assert "up to 50.00 EUR from wallet 2026112108" in check(text, VECTOR_TRUST).summary


@each_object
def test_every_flipped_bit_is_noticed(kind: str, raw: bytes) -> None:
    for bit in range(0, len(raw) * 8, 7):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not check(bytes(flipped), VECTOR_TRUST).ok, (kind, bit)


@each_object
def test_without_the_key_an_object_can_not_be_verified_and_the_answer_says_what_is_missing(
    kind: str, raw: bytes
) -> None:
    report = check(raw, Trust())
    assert (report.ok, report.kind, _field(report)) == (False, kind, "kid")
    wanted = "--certificate" if kind == "record" else "--server-key"
    assert wanted in report.problems[0].problem


@pytest.mark.parametrize("name", VECTORS["rejected"])
def test_the_rejected_records_of_the_vectors_are_bad(name: str) -> None:
    fields = {
        "float amount": "amount",
        "amount 0": "amount",
        "amount 2^53": "amount",
        "control character": "cashier",
        "latitude": "lat",
        "unknown type": "type",
        "another device": "device",
        "another epoch": "epoch",
        "flipped bit": "signature",
        "another kind": "signature",
        "another key": "signature",
        "not COSE": None,
        "trailing byte": None,
        "indefinite map": None,
        "duplicate key": None,
    }
    assert _field(check(vector("rejected", name, "cose"), VECTOR_TRUST)) == fields[name]


def test_one_kind_never_passes_for_another() -> None:
    payload = payload_of(sign_receipt(receipt_for(sign_all()), SERVER_KEY))
    for kind in (Kind.BOOK, Kind.VOUCHER, Kind.DEVICE):
        report = check(resign(payload, SERVER_KEY, kind), TRUST)
        assert not report.ok
        assert report.kind == ("certificate" if kind is Kind.DEVICE else kind.value)


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        (Kind.RECEIPT, {"through": -1}, "through"),
        (Kind.RECEIPT, {"results": [{}]}, "status"),
        (Kind.BOOK, {"policy": {"payment_limit": -1}}, "policy"),
        (Kind.BOOK, {"more": 1}, "more"),
        (Kind.VOUCHER, {4: 1.5}, "cap"),
        (Kind.VOUCHER, {12: 2**40}, "t, memory"),
        (Kind.VOUCHER, {8: 2**40}, "lat"),
        (Kind.DEVICE, {"key": b"short"}, "key"),
    ],
)
def test_a_field_that_may_not_stand_there_is_named(kind: Kind, change: dict[Any, Any], field: str) -> None:
    name = {"device": "certificate"}.get(kind.value, kind.value)
    payload = {**cbor.decode_map(cose.parse(OBJECTS[name]).payload), **change}
    report = check(resign(payload, VECTOR_SERVER, kind), VECTOR_TRUST)
    assert (report.kind, _field(report)) == (name, field)


def test_a_record_names_its_seq_also_where_it_is_bad() -> None:
    records = sign_all()
    payload = {**payload_of(records[1]), "amount": 0}
    trust = Trust(TRUST.server_keys, sign_certificate(CERTIFICATE, SERVER_KEY), Origin.GIVEN)
    report = check(resign(payload), trust)
    assert [(problem.entry, problem.seq, problem.field) for problem in report.problems] == [(1, 2, "amount")]


def test_a_certificate_alone_is_taken_at_the_word_of_whoever_gave_it() -> None:
    given = Trust(certificate=sign_certificate(CERTIFICATE, STRANGER), origin=Origin.GIVEN)
    report = check(sign_all()[0], given)
    assert report.ok
    assert any("taken as given" in note for note in report.notes)
    distrusted = Trust(TRUST.server_keys, given.certificate, Origin.GIVEN)
    assert found(check(sign_all()[0], distrusted)) == [("certificate", 1, None, "certificate")]


def test_a_record_of_another_device_or_epoch_than_the_certificate_is_bad() -> None:
    payload = payload_of(sign_all()[0])
    trust = Trust(TRUST.server_keys, sign_certificate(CERTIFICATE, SERVER_KEY), Origin.GIVEN)
    assert _field(check(resign({**payload, "device": bytes(16)}), trust)) == "device"
    assert _field(check(resign({**payload, "epoch": 9}), trust)) == "epoch"
    assert _field(check(flip_signature(resign(payload)), trust)) == "signature"


def test_a_device_can_not_sign_what_a_server_says_nor_a_server_what_a_device_says() -> None:
    trust = Trust(TRUST.server_keys, sign_certificate(CERTIFICATE, SERVER_KEY), Origin.GIVEN)
    receipt = payload_of(sign_receipt(receipt_for(sign_all()), SERVER_KEY))
    assert _field(check(resign(receipt, DEVICE_KEY, Kind.RECEIPT), trust)) == "signature"
    record = payload_of(sign_all()[0])
    assert _field(check(resign(record, SERVER_KEY), trust)) == "signature"


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"hello", b"0", b"zz", b"TS1:", b"\xff\xfe", b"{}", b"d2" * 3, "é".encode()]
)
def test_files_that_hold_nothing_of_ours_are_bad(content: bytes) -> None:
    report = check(content, TRUST)
    assert not report.ok
    assert report.problems[0].problem


def test_trust_of_a_data_folder() -> None:
    kid, key = SERVER_KEY.kid.hex(), SERVER_KEY.public_key.hex()
    stored = f'{{"server_keys": [{{"kid": "{kid}", "key": "{key}"}}], "certificate": null}}'.encode()
    assert trust_of_home(stored) == Trust({SERVER_KEY.kid: SERVER_KEY.public_key}, None, Origin.HOME)
    assert trust_of_home(stored.replace(b"null", b'"d2"')).certificate == b"\xd2"
    for damaged in (
        b"",
        b"[]",
        b"{}",
        stored[:-1],
        stored.replace(kid.encode(), b"00" * 8),
        stored.replace(key.encode(), b"zz"),
        stored.replace(b"null", b"7"),
        stored.replace(b"null", b'"zz"'),
    ):
        with pytest.raises(TrustError):
            trust_of_home(damaged)


@pytest.mark.parametrize("text", ["", "00", "0" * 63, "0" * 65, "g" * 64, " " + "0" * 63, "0" * 64 + "\n"])
def test_a_key_is_64_hex_digits(text: str) -> None:
    with pytest.raises(TrustError):
        key_from_hex(text)
    assert key_from_hex("0A" * 32) == b"\x0a" * 32


def test_a_voucher_for_a_currency_and_times_of_no_calendar_is_still_described() -> None:
    raw = cose.sign(
        Kind.VOUCHER,
        cbor.encode({**cbor.decode_map(vector("voucher", "payload")), 5: "XYZ", 7: 2**53 - 1}),
        VECTOR_SERVER,
    )
    report = check(vouchers.to_text(raw).encode(), VECTOR_TRUST)
    assert report.ok
    assert "5000 minor units of XYZ" in report.summary[0]

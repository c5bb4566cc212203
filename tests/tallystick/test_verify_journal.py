"""A journal is good as it was written, and each kind of damage is named by its entry and field."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed_result

from shared import cbor
from shared.journal import link_of, sign_record
from shared.lifecycles import Status
from shared.messages.enrolment import sign_certificate
from shared.messages.receipt import RecordResult, sign_receipt
from tallystick.verification.check import check
from tallystick.verification.trust import Origin, Trust
from tests.tallystick import samples
from tests.tallystick.samples import (
    CERTIFICATE,
    DAY,
    DEVICE_KEY,
    SERVER_KEY,
    STRANGER,
    TRUST,
    File,
    flip_signature,
    found,
    payload_of,
    payment,
    payment_id,
    receipt_for,
    resign,
    shift_close,
    shift_open,
    sign_all,
    void,
)

OTHER_SHIFT = b"\x0f" * 16


def test_an_honest_day_is_good_and_summed_up() -> None:
    report = File().check()
    assert report.ok, report.problems
    assert (report.kind, report.entries) == ("journal", 5)
    assert report.summary == (
        "'till 1', device d0d0d0d0-d0d0-d0d0-d0d0-d0d0d0d0d0d0, epoch 1",
        "5 records, 2 payments (1 voided)",
        "25.00 EUR taken, voided payments left out",
        "receipts through seq 5",
    )
    assert report.notes == (f"signed by server key {SERVER_KEY.kid.hex()}",)


def test_an_empty_journal_is_good() -> None:
    report = File(records=[]).check()
    assert report.ok
    assert report.summary[1:] == ("0 records, 0 payments", "no receipts")


def test_sums_are_kept_by_currency_also_for_one_that_no_list_knows() -> None:
    records = sign_all((payment(1, 150), payment(2, 250), payment(3, 7, currency="JPY"), payment(4, 9, currency="XYZ")))
    report = File(records=records).check()
    assert report.ok
    assert report.summary[2:5] == ("4.00 EUR taken", "7 JPY taken", "9 minor units of XYZ taken")


def test_a_journal_that_nobody_vouches_for_says_so_plainly() -> None:
    report = File().check(Trust())
    assert report.ok
    assert report.notes == (
        f"signed by server key {SERVER_KEY.kid.hex()}, which you must know from elsewhere: the file itself brought it",
    )


def test_keys_that_the_file_brings_do_not_count_beside_keys_that_were_named() -> None:
    report = File().check(Trust({STRANGER.kid: STRANGER.public_key}, origin=Origin.GIVEN))
    assert found(report) == [("certificate", None, None, None)]
    assert SERVER_KEY.kid.hex() in report.problems[0].problem


def test_the_certificate_that_was_named_must_be_the_journals() -> None:
    given = sign_certificate(CERTIFICATE, SERVER_KEY)
    assert File().check(Trust(certificate=given, origin=Origin.GIVEN)).ok
    other = sign_certificate(replace(CERTIFICATE, epoch=2), SERVER_KEY)
    assert not File().check(Trust(certificate=other, origin=Origin.GIVEN)).ok
    # A till that was enrolled again still has the journals of its earlier epochs.
    assert File().check(replace(TRUST, certificate=other, origin=Origin.HOME)).ok


def _damage(index: int, change: Callable[[dict[str, Any]], object], key: Any = DEVICE_KEY) -> list[bytes]:
    """The day's records with one of them changed and signed again."""
    records = sign_all()
    payload = payload_of(records[index])
    change(payload)
    records[index] = resign(payload, key)
    return records


def test_a_flipped_bit_is_named_and_breaks_the_chain_after_it() -> None:
    records = sign_all()
    records[1] = records[1][:100] + bytes([records[1][100] ^ 1]) + records[1][101:]
    report = File(records=records, receipts=[]).check()
    assert found(report)[0] == ("records", 2, 2, "signature")
    assert ("records", 3, 3, "prev") in found(report)


def test_a_signature_that_does_not_fit_is_made_good_by_the_link_of_the_next_record() -> None:
    records = sign_all()
    records[2] = flip_signature(records[2])
    rest: list[bytes] = records[:3]
    prev = link_of(records[2])
    for seq, make in enumerate(DAY[3:], start=4):
        rest.append(sign_record(make(samples.common(seq, prev)), DEVICE_KEY))
        prev = link_of(rest[-1])
    report = File(records=rest).check()
    assert report.ok, report.problems
    assert "record 3 (seq 3): its own signature does not fit; authentic by its link to seq 4" in report.notes


def test_the_last_record_has_nobody_to_stand_for_it() -> None:
    records = sign_all()
    records[-1] = flip_signature(records[-1])
    assert found(File(records=records, receipts=[]).check()) == [("records", 5, 5, "signature")]


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("amount", 0, "amount"),
        ("amount", 12.5, "amount"),
        ("amount", 2**53, "amount"),
        ("currency", "eur", "currency"),
        ("lat", 900_000_001, "lat"),
        ("cashier", "a\nb", "cashier"),
        ("flags", ["LATE"] * 17, "flags"),
        ("type", "refund", "type"),
        ("proof", b"short", "proof"),
    ],
)
def test_a_field_that_may_not_stand_there_is_named(key: str, value: object, field: str) -> None:
    records = _damage(2, lambda payload: payload.update({key: value}))
    assert found(File(records=records, receipts=[]).check())[0] == ("records", 3, 3, field)


def test_a_field_that_is_missing_is_named() -> None:
    report = File(records=_damage(1, lambda payload: payload.pop("wallet")), receipts=[]).check()
    assert found(report)[0] == ("records", 2, 2, "wallet")
    assert report.problems[0].problem == "missing"
    assert str(report.problems[0]) == "record 2 (seq 2), wallet: missing"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"device": b"\x01" * 16}, "device"), ({"epoch": 2}, "epoch"), ({"prev": bytes(32)}, "prev")],
)
def test_a_record_from_elsewhere_is_named(change: dict[str, Any], field: str) -> None:
    for index in (0, 3):
        report = File(records=_damage(index, lambda payload: payload.update(change)), receipts=[]).check()
        assert found(report)[0] == ("records", index + 1, index + 1, field)


def test_records_that_are_no_cose_or_of_another_key_or_header_are_named() -> None:
    records = sign_all()
    payload = payload_of(records[2])
    for raw, field in (
        (b"\x01", "COSE"),
        (resign(payload, STRANGER), "kid"),
        (b"\xd2" + cbor.encode([cbor.encode({1: -8}), {}, cbor.encode(payload), bytes(64)]), "protected"),
    ):
        report = File(records=[*records[:2], raw, *records[3:]], receipts=[]).check()
        assert found(report)[0] == ("records", 3, 3 if field != "COSE" else None, field)


def test_a_removed_repeated_or_moved_record_is_named() -> None:
    records = sign_all()
    removed = File(records=[*records[:2], *records[3:]], receipts=[]).check()
    assert found(removed)[0] == ("records", 3, 4, "seq")
    assert "seq 3 is missing" in removed.problems[0].problem
    repeated = File(records=[*records[:2], *records[1:]], receipts=[]).check()
    assert ("records", 3, 2, "seq") in found(repeated)
    moved = File(records=[records[0], records[2], records[1], *records[3:]], receipts=[]).check()
    assert found(moved)[0] == ("records", 2, 3, "seq")


def test_a_cut_end_is_noticed_by_the_receipt() -> None:
    records = sign_all()
    file = File(records=records[:4], receipts=[sign_receipt(receipt_for(records), SERVER_KEY)])
    report = file.check()
    assert found(report)[0] == ("receipts", 1, None, "through")
    assert "the server has seq 5, this journal ends at 4" in report.problems[0].problem


def test_a_cut_beginning_is_taken_only_where_a_receipt_covers_it() -> None:
    records = sign_all()
    honest = sign_receipt(receipt_for(records), SERVER_KEY)
    compacted = File(records=records[3:], receipts=[honest]).check()
    assert compacted.ok, compacted.problems
    assert "begins with seq 4: what was before it is not in this file" in compacted.notes
    assert found(File(records=records[3:], receipts=[]).check()) == [("records", 1, 4, "seq")]


def test_a_payment_id_is_used_once() -> None:
    report = File(records=sign_all((payment(1), payment(1))), receipts=[]).check()
    assert found(report) == [("records", 2, 2, "id")]


def test_a_payment_is_voided_once_and_in_its_shift() -> None:
    twice = File(records=sign_all((payment(1), void(1), void(1))), receipts=[]).check()
    assert found(twice) == [("records", 3, 3, "payment")]
    unknown = File(records=sign_all((payment(1), void(2))), receipts=[]).check()
    assert found(unknown) == [("records", 2, 2, "payment")]
    elsewhere = File(records=sign_all((payment(1), void(1, shift=OTHER_SHIFT))), receipts=[]).check()
    assert found(elsewhere) == [("records", 2, 2, "shift")]


@pytest.mark.parametrize(
    ("close", "fields"),
    [
        (shift_close(2, 2_500), ["count"]),
        (shift_close(1, 2_501), ["total"]),
        (shift_close(2, 3_500), ["count", "total"]),
        (shift_close(1, 2_500, currency="SEK"), ["currency"]),
    ],
)
def test_a_shift_closes_on_what_it_took(close: Any, fields: list[str]) -> None:
    report = File(records=sign_all((*DAY[:4], close)), receipts=[]).check()
    assert [field for _, _, _, field in found(report)] == fields
    assert {entry for _, entry, _, _ in found(report)} == {5}


def test_a_shift_without_sales_closes_on_nothing() -> None:
    assert File(records=sign_all((shift_open(), shift_close(0, 0)))).check().ok


def test_nothing_belongs_to_a_shift_that_is_closed() -> None:
    for late in (payment(9), void(2), shift_close(1, 2_500)):
        assert found(File(records=sign_all((*DAY, late)), receipts=[]).check()) == [("records", 6, 6, "shift")]
    again = File(records=sign_all((shift_open(), shift_open())), receipts=[]).check()
    assert found(again) == [("records", 2, 2, "shift")]
    assert File(records=sign_all((*DAY, shift_open(shift=OTHER_SHIFT), payment(3, shift=OTHER_SHIFT)))).check().ok


def _with_receipt(**changes: Any) -> list[tuple[str, int | None, int | None, str | None]]:
    records = sign_all()
    receipts = [sign_receipt(receipt_for(records, **changes), SERVER_KEY)]
    return found(File(records=records, receipts=receipts).check())


def test_a_receipt_that_does_not_fit_its_journal_is_named() -> None:
    results = receipt_for(sign_all()).results
    assert _with_receipt(device=bytes(16)) == [("receipts", 1, None, "device")]
    assert _with_receipt(epoch=2) == [("receipts", 1, None, "epoch")]
    assert _with_receipt(head=bytes(32)) == [("receipts", 1, 5, "head")]
    assert _with_receipt(missing=((3, 4),)) == [("receipts", 1, None, "missing")]
    assert _with_receipt(missing=((7, 7),)) == [("receipts", 1, None, "missing")]
    assert _with_receipt(missing=((6, 6), (6, 7))) == [("receipts", 1, None, "missing")]
    assert _with_receipt(missing=((6, 6), (9, 12))) == []

    def answered(index: int, **changes: Any) -> list[tuple[str, int | None, int | None, str | None]]:
        return _with_receipt(
            results=(*results[:index], changed_result(results[index], **changes), *results[index + 1 :])
        )

    assert answered(1, id=payment_id(9)) == [("receipts", 1, 2, "results")]
    assert answered(0, id=payment_id(1)) == [("receipts", 1, 1, "results")]
    assert answered(1, status=Status.RECORDED) == [("receipts", 1, 2, "results")]
    assert answered(0, status=Status.SETTLED) == [("receipts", 1, 1, "results")]
    assert answered(4, seq=9) == [("receipts", 1, 9, "results")]
    assert answered(1, status=Status.FLAGGED, reasons=("FORK",), score=50) == []
    assert answered(1, seq=None, id=None, status=Status.REJECTED) == []


def test_a_first_receipt_of_nothing_names_the_genesis() -> None:
    receipts = [sign_receipt(receipt_for(sign_all(), 0, missing=((1, 4),)), SERVER_KEY)]
    assert File(receipts=receipts).check().ok


def test_two_receipts_may_repeat_an_answer_and_not_change_it() -> None:
    records = sign_all()
    first, second = receipt_for(records, 3), receipt_for(records)
    same = [sign_receipt(receipt, SERVER_KEY) for receipt in (first, second)]
    assert File(receipts=same).check().ok
    changed = replace(first, results=(*first.results[:2], RecordResult(3, payment_id(2), Status.FAILED)))
    report = File(receipts=[sign_receipt(changed, SERVER_KEY), same[1]]).check()
    assert found(report) == [("receipts", 2, 3, "results")]


def test_a_receipt_of_a_stranger_or_with_a_flipped_bit_is_named() -> None:
    records = sign_all()
    good = sign_receipt(receipt_for(records), SERVER_KEY)
    forged = sign_receipt(receipt_for(records), STRANGER)
    report = File(receipts=[good, forged, flip_signature(good), b"\x00"]).check()
    assert found(report) == [
        ("receipts", 2, None, "kid"),
        ("receipts", 3, None, "signature"),
        ("receipts", 4, None, None),
    ]


def test_a_record_that_is_not_good_must_have_been_rejected() -> None:
    records = _damage(4, lambda payload: payload.update(total=-1))
    file = File(records=records, receipts=[sign_receipt(receipt_for(records), SERVER_KEY)])
    assert found(file.check()) == [("records", 5, 5, "total"), ("receipts", 1, 5, "results")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "tallystick/v2/journal"}, "format"),
        ({"certificate": "text"}, "certificate"),
        ({"server_keys": [{"kid": bytes(8), "key": bytes(32)}]}, "server_keys"),
        ({"records": [1]}, "records"),
        ({"receipts": None}, "receipts"),
    ],
)
def test_a_file_that_is_no_export_says_which_field(change: dict[str, Any], field: str) -> None:
    assert found(File(changes=change).check()) == [("file", None, None, field)]


def test_a_certificate_that_nobody_signed_is_no_certificate() -> None:
    certificate = flip_signature(sign_certificate(CERTIFICATE, SERVER_KEY))
    report = File(certificate=certificate).check()
    assert [part for part, *_ in found(report)] == ["certificate"]
    assert report.entries == 5


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_single_damaged_byte_of_an_export_goes_unnoticed_or_raises(data: st.DataObject) -> None:
    content = bytearray(CONTENT)
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    report = check(bytes(content), TRUST)
    # The file's own server keys do not count where keys were named: only they may differ unseen.
    keys = CONTENT.index(b"server_keys") + len(b"server_keys")
    if not keys <= position < keys + 70:
        assert not report.ok


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(content: bytes) -> None:
    assert not check(content, TRUST).ok


CONTENT = File().content()

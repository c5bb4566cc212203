"""One signed object: of which kind it is, whether a trusted key signed it, and whether its fields may stand there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared import cbor, cose, vouchers
from shared.cose import Kind, Signed
from shared.errors import DecodingError, NotSignedError, SignatureError, TallystickError
from shared.journal import Record, decode_record
from shared.keys import kid_of
from shared.messages.book import decode_book
from shared.messages.enrolment import Certificate, decode_certificate
from shared.messages.receipt import decode_receipt
from tallystick.verification.descriptions import VOUCHER_FIELDS, describe, guess_kind, name_of
from tallystick.verification.report import Part, Problem, Report, field_and_problem
from tallystick.verification.trust import HOME_NOTE, Origin, Trust

NO_COSE = "no tagged COSE_Sign1 object in its one deterministic form"
OTHER_HEADER = "another protected header than {1: -8, 4: kid}, or an unprotected one"
_SERVER_KINDS = (Kind.RECEIPT, Kind.BOOK, Kind.VOUCHER, Kind.DEVICE)


def check_object(raw: bytes, trust: Trust) -> Report:
    """Check a record, receipt, voucher, certificate or book by itself."""
    try:
        signed = cose.parse(raw)
    except NotSignedError:
        return _bad("object", NO_COSE, "COSE")
    guessed = name_of(guess_kind(signed.payload))
    if signed.kid is None:
        return _bad(guessed, OTHER_HEADER, "protected")
    try:
        certificate = trust.open_certificate()
    except TallystickError as error:
        return _bad(guessed, f"the trusted certificate is not good: {error.message}", "certificate", Part.CERTIFICATE)
    keys = list(_keys_for(signed.kid, trust, certificate))
    if not keys:
        return _bad(guessed, _unknown_key(signed.kid, guessed), "kid")
    kind = next((kind for kind, key in keys if _is_signed(signed, kind, key)), None)
    if kind is None:
        return _bad(guessed, f"the signature does not fit these bytes and key {signed.kid.hex()}", "signature")
    return _check_payload(raw, signed, kind, trust, certificate)


def _keys_for(kid: bytes, trust: Trust, certificate: Certificate | None) -> Iterator[tuple[Kind, bytes]]:
    if kid in trust.server_keys:
        yield from ((kind, trust.server_keys[kid]) for kind in _SERVER_KINDS)
    if certificate is not None and kid == kid_of(certificate.key):
        yield Kind.RECORD, certificate.key


def _is_signed(signed: Signed, kind: Kind, key: bytes) -> bool:
    try:
        cose.verify(signed, kind, key)
    except SignatureError:
        return False
    return True


def _check_payload(raw: bytes, signed: Signed, kind: Kind, trust: Trust, certificate: Certificate | None) -> Report:
    name, notes = name_of(kind), _notes(signed, kind, trust)
    decoders: Mapping[Kind, Callable[[bytes], Any]] = {
        Kind.RECORD: decode_record,
        Kind.RECEIPT: decode_receipt,
        Kind.BOOK: decode_book,
        Kind.DEVICE: decode_certificate,
        Kind.VOUCHER: lambda _: vouchers.open_voucher(raw, trust.server_keys),
    }
    try:
        message = decoders[kind](signed.payload)
    except TallystickError as error:
        field, problem = field_and_problem(error)
        if kind is Kind.VOUCHER and field is not None:
            field = VOUCHER_FIELDS.get(field, field)
        return Report(
            kind=name,
            entries=1,
            problems=(Problem(problem, field, entry=1, seq=_seq_of(signed.payload, kind)),),
            notes=notes,
        )
    problems = tuple(_foreign(message, certificate)) if isinstance(message, Record) and certificate else ()
    return Report(kind=name, entries=1, problems=problems, summary=describe(message), notes=notes)


def _foreign(record: Record, certificate: Certificate) -> Iterator[Problem]:
    if record.device != certificate.device:
        yield Problem("another device than the certificate's", "device", entry=1, seq=record.seq)
    if record.epoch != certificate.epoch:
        yield Problem(f"epoch {record.epoch}, but the certificate is for {certificate.epoch}", "epoch", 1, record.seq)


def _seq_of(payload: bytes, kind: Kind) -> int | None:
    if kind is not Kind.RECORD:
        return None
    try:
        seq = cbor.decode_map(payload, lenient_text=True).get("seq")
    except DecodingError:
        return None
    return seq if type(seq) is int else None


def _notes(signed: Signed, kind: Kind, trust: Trust) -> tuple[str, ...]:
    kid = "" if signed.kid is None else signed.kid.hex()
    note = f"signed by {'device' if kind is Kind.RECORD else 'server'} key {kid}"
    if trust.origin is Origin.HOME:
        return (note, HOME_NOTE)
    if kind is Kind.RECORD and not trust.server_keys:
        return (note, "the certificate was taken as given: no server key was named that its signature could fit")
    return (note,)


def _unknown_key(kid: bytes, kind: str) -> str:
    hint = "the device's certificate (--certificate)" if kind == "record" else "its server's key (--server-key)"
    return f"signed by key {kid.hex()}, which is not among the trusted ones: name {hint}"


def _bad(kind: str, problem: str, field: str, part: Part = Part.FILE) -> Report:
    return Report(kind=kind, entries=1, problems=(Problem(problem, field, entry=1, part=part),))

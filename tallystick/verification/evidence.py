"""A server's bundle about one shift: its signature, every record and receipt in it, and that it says what they come to.

A till that contradicts itself, or whose records are missing, is no problem of the bundle: that is what it is evidence
of, and the summary tells it. A problem is what the bundle says and what is in it does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from shared import cose
from shared.cose import Kind
from shared.errors import NotSignedError, SignatureError, TallystickError, UnknownKeyError
from shared.ids import uuid_text
from shared.journal import Payment, ShiftClose, ShiftOpen, Void
from shared.lifecycles import Status
from shared.messages.enrolment import Certificate
from shared.messages.evidence import Evidence, decode_evidence
from tallystick.verification.answers import Answers
from tallystick.verification.descriptions import guess_kind, moment, money
from tallystick.verification.entries import Entry, read_entries
from tallystick.verification.journals import open_trusted
from tallystick.verification.report import Problem, Report, field_and_problem
from tallystick.verification.trust import HOME_NOTE, Origin, Trust

KIND = Kind.EVIDENCE.value


def is_evidence(raw: bytes) -> bool:
    """Whether signed bytes look like a bundle."""
    try:
        return guess_kind(cose.parse(raw).payload) is Kind.EVIDENCE
    except NotSignedError:
        return False


def check_evidence(raw: bytes, trust: Trust) -> Report:
    """Check a bundle, from its own signature to what its records come to."""
    signed = cose.parse(raw)
    try:
        bundle = decode_evidence(signed.payload)
        # Without anybody's word for it a bundle can still be checked against itself, which the notes say plainly.
        keys = trust.server_keys or bundle.server_keys
        cose.open_with(raw, Kind.EVIDENCE, keys)
        certificate = open_trusted(bundle.certificate, keys, trust)
    except UnknownKeyError as error:
        return Report(kind=KIND, problems=(Problem(error.message, "kid"),))
    except SignatureError:
        return Report(kind=KIND, problems=(Problem("does not fit these bytes", "signature"),))
    except TallystickError as error:
        field, problem = field_and_problem(error)
        return Report(kind=KIND, problems=(Problem(problem, field),))
    entries = read_entries(bundle.records, certificate)
    forks = [read_entries([fork], certificate)[0] for fork in bundle.forks]
    answers = _answers(certificate, keys, entries, forks)
    receipts = [problem for number, one in enumerate(bundle.receipts, 1) for problem in answers.enter(number, one)]
    problems = [
        *_of_bundle(bundle, certificate),
        *_of_records(bundle, entries),
        *(problem for fork in forks for problem in fork.problems if not fork.authentic),
        *receipts,
    ]
    if not problems:
        problems += _of_figures(bundle, entries, answers)
    return Report(
        kind=KIND,
        entries=len(entries),
        problems=tuple(problems),
        summary=tuple(_summary(bundle, certificate, entries, forks)),
        notes=tuple(_notes(bundle, signed.kid or b"", trust)),
    )


def _answers(
    certificate: Certificate,
    keys: Mapping[bytes, bytes],
    entries: Sequence[Entry],
    forks: Sequence[Entry],
) -> Answers:
    by_seq = {entry.seq: entry for entry in entries if entry.seq is not None}
    return Answers(
        certificate=certificate,
        keys=keys,
        entries=by_seq,
        links={seq: entry.link for seq, entry in by_seq.items()},
        whole=False,
        forked=frozenset(fork.seq for fork in forks if fork.seq is not None),
    )


def _of_bundle(bundle: Evidence, certificate: Certificate) -> Iterator[Problem]:
    if bundle.device != certificate.device:
        yield Problem("another device than the certificate's", "device")
    if bundle.epoch != certificate.epoch:
        yield Problem(f"epoch {bundle.epoch}, but the certificate is for {certificate.epoch}", "epoch")


def _of_records(bundle: Evidence, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Each is the device's own, and those that are not here are named."""
    for entry in entries:
        position = entry.position
        if not entry.authentic or position is None:
            yield from entry.problems or (entry.problem("its place can't be read", "seq"),)
        elif (position.device, position.epoch) != (bundle.device, bundle.epoch):
            yield entry.problem("of another device or epoch than the bundle", "device")
    seqs = [entry.seq or 0 for entry in entries]
    if any(later <= before for before, later in pairwise(seqs)):
        yield Problem("a seq stands there twice, or out of order", "records")
    expected, gaps = bundle.first, list[tuple[int, int]]()
    for seq in [*seqs, bundle.last + 1]:
        if seq > expected:
            gaps.append((expected, seq - 1))
        expected = max(expected, seq + 1)
    if tuple(gaps) != bundle.missing or (seqs and not bundle.first <= seqs[0] <= seqs[-1] <= bundle.last):
        yield Problem("what is not here is not what it says is missing", "missing")


def _of_figures(bundle: Evidence, entries: Sequence[Entry], answers: Answers) -> Iterator[Problem]:
    """What the records come to, as the server compares them with a close: refused ones do not count."""
    close = _of_type(bundle, entries, ShiftClose)
    opening = _of_type(bundle, entries, ShiftOpen)
    end = close.seq if isinstance(close, ShiftClose) else bundle.last + 1
    start = opening.seq if isinstance(opening, ShiftOpen) and opening.seq < end else 0
    inside = [
        entry.record
        for entry in entries
        if entry.record is not None
        and entry.record.shift == bundle.shift
        and start < entry.record.seq < end
        and answers.status_at(entry.record.seq) is not Status.REJECTED
    ]
    voided = {record.payment for record in inside if isinstance(record, Void)}
    taken = [record for record in inside if isinstance(record, Payment) and record.id not in voided]
    total = sum(payment.amount for payment in taken)
    if (len(taken), total) != (bundle.count, bundle.total):
        yield Problem(
            f"says {bundle.count} payments of {bundle.total}, the records come to {len(taken)} of {total}", "total"
        )


def _of_type(bundle: Evidence, entries: Sequence[Entry], kind: type) -> object:
    found = (entry.record for entry in entries if isinstance(entry.record, kind))
    return next((record for record in found if getattr(record, "shift", None) == bundle.shift), None)


def _summary(
    bundle: Evidence, certificate: Certificate, entries: Sequence[Entry], forks: Sequence[Entry]
) -> Iterator[str]:
    yield f"{certificate.name!r}, device {uuid_text(bundle.device)}, epoch {bundle.epoch}"
    yield f"shift {uuid_text(bundle.shift)}, which is {bundle.state}"
    yield f"{len(entries)} records from seq {bundle.first} to {bundle.last}, {len(bundle.receipts)} receipts"
    close = _of_type(bundle, entries, ShiftClose)
    if isinstance(close, ShiftClose):
        yield f"the till's close says {close.count} payments, {money(close.total, close.currency)}"
        yield f"the server has {bundle.count} payments, {money(bundle.total, close.currency)}"
    else:
        yield f"the till's close is not here; the server has {bundle.count} payments"
    for first, last in bundle.missing:
        yield f"missing: seq {first}" + (f" to {last}" if last != first else "")
    for fork in forks:
        yield f"a fork: two records at seq {fork.seq}"
    links = {entry.seq: entry.link for entry in entries}
    for entry in entries:
        before = links.get((entry.seq or 0) - 1)
        if entry.position is not None and before is not None and entry.position.prev != before:
            yield f"the journal contradicts itself: seq {entry.seq} does not follow the record before it"
        if entry.authentic and entry.record is None:
            yield f"seq {entry.seq} is no good record: {entry.problems[0].problem if entry.problems else 'unknown'}"
    yield from bundle.decisions


def _notes(bundle: Evidence, kid: bytes, trust: Trust) -> Iterator[str]:
    told = "" if trust.server_keys else ", which you must know from elsewhere: the file itself brought it"
    yield f"signed by server key {kid.hex()}{told}, {moment(bundle.made_at)}"
    if trust.origin is Origin.HOME:
        yield HOME_NOTE

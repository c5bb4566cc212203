"""An exported journal as a whole: certificate, records, chain, bookkeeping and receipts, and what they add up to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared import cose
from shared.errors import TallystickError, UnknownKeyError
from shared.ids import uuid_text
from shared.messages.enrolment import Certificate, open_certificate
from tallystick.verification.answers import Answers, check_answers
from tallystick.verification.bookkeeping import Books, enter_all
from tallystick.verification.chain import check_chain, first_seq
from tallystick.verification.descriptions import money
from tallystick.verification.entries import Entry, read_entries
from tallystick.verification.exported import ExportedJournal, decode_export
from tallystick.verification.report import Part, Problem, Report, field_and_problem
from tallystick.verification.trust import HOME_NOTE, Origin, Trust

_KIND = "journal"


@dataclass(frozen=True, slots=True)
class _Checked:
    """Everything that was found, before it is put into words."""

    certificate: Certificate
    entries: Sequence[Entry]
    books: Books
    answers: Answers


def check_journal(content: bytes, trust: Trust) -> Report:
    """Check an exported journal from its first record to its last receipt."""
    try:
        export = decode_export(content)
    except TallystickError as error:
        field, problem = field_and_problem(error)
        return Report(kind=_KIND, problems=(Problem(problem, field),))
    # A journal without anybody's word for it can still be checked against itself, which the notes say plainly.
    keys = trust.server_keys or export.server_keys
    try:
        certificate = open_trusted(export.certificate, keys, trust)
    except TallystickError as error:
        field, problem = field_and_problem(error)
        return Report(
            kind=_KIND, entries=len(export.records), problems=(Problem(problem, field, part=Part.CERTIFICATE),)
        )
    entries = read_entries(export.records, certificate)
    answers, receipt_problems = check_answers(export.receipts, entries, keys, certificate)
    books, book_problems = enter_all(entries, complete=first_seq(entries) == 1)
    record_problems = [
        *(problem for entry in entries for problem in entry.problems),
        *check_chain(entries, certificate),
        *book_problems,
        *_check_beginning(entries, answers),
    ]
    # Stable, so that a record's own problems come before those of its place.
    record_problems.sort(key=lambda problem: problem.entry or 0)
    checked = _Checked(certificate, entries, books, answers)
    return Report(
        kind=_KIND,
        entries=len(entries),
        problems=(*record_problems, *receipt_problems),
        summary=tuple(_summary(checked)),
        notes=tuple(_notes(checked, export, trust)),
    )


def open_trusted(raw: bytes, keys: Mapping[bytes, bytes], trust: Trust) -> Certificate:
    """The certificate that a file brings, by one of these keys; of the device that was named, where one was.

    Raises:
        TallystickError: it is not.
    """
    try:
        certificate = open_certificate(raw, keys)
    except UnknownKeyError:
        kid = cose.parse(raw).kid
        raise UnknownKeyError(f"signed by server key {kid.hex() if kid else '?'}, which is not trusted") from None
    given = trust.open_certificate() if trust.origin is Origin.GIVEN else None
    if given is not None and (given.device, given.epoch, given.key) != (
        certificate.device,
        certificate.epoch,
        certificate.key,
    ):
        raise UnknownKeyError("the journal is of another device, epoch or key than the certificate that was given")
    return certificate


def _check_beginning(entries: Sequence[Entry], answers: Answers) -> Iterator[Problem]:
    first = first_seq(entries)
    if first > 1 and (answers.through is None or answers.through < first - 1):
        yield entries[0].problem(f"the records before seq {first} are missing, and no receipt covers them", "seq")


def _summary(checked: _Checked) -> Iterator[str]:
    certificate, entries, books = checked.certificate, checked.entries, checked.books
    yield f"{certificate.name!r}, device {uuid_text(certificate.device)}, epoch {certificate.epoch}"
    voided = f" ({len(books.voided)} voided)" if books.voided else ""
    yield f"{_count(len(entries), 'record')}, {_count(len(books.payments), 'payment')}{voided}"
    for currency, minor in books.takings().items():
        yield f"{money(minor, currency)} taken{', voided payments left out' if books.voided else ''}"
    through = checked.answers.through
    yield "no receipts" if through is None else f"receipts through seq {through}"


def _notes(checked: _Checked, export: ExportedJournal, trust: Trust) -> Iterator[str]:
    signers = {cose.parse(export.certificate).kid, *checked.answers.signers}
    kids = ", ".join(sorted(kid.hex() for kid in signers if kid is not None))
    if trust.server_keys:
        yield f"signed by server key {kids}"
    else:
        yield f"signed by server key {kids}, which you must know from elsewhere: the file itself brought it"
    if trust.origin is Origin.HOME:
        yield HOME_NOTE
    elif trust.certificate is not None:
        yield "its device key is that of the certificate that was given"
    if (first := first_seq(checked.entries)) > 1:
        yield f"begins with seq {first}: what was before it is not in this file"
    for entry in checked.entries:
        if entry.committed_by is not None:
            yield (
                f"record {entry.number} (seq {entry.seq}): its own signature does not fit; "
                f"authentic by its link to seq {entry.committed_by}"
            )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

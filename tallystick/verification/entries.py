"""The records of a journal one by one: who signed each, what it says, and what commits to it.

Authentic is a record whose own signature verifies, or to which a later authentic record commits through an unbroken
run of links and seqs (docs/protocol.md, section 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared import cose
from shared.errors import DecodingError, NotSignedError, SignatureError
from shared.journal import ChainPosition, Record, decode_record, link_of, position_of
from shared.keys import kid_of
from shared.messages.enrolment import Certificate
from tallystick.verification.objects import NO_COSE, OTHER_HEADER
from tallystick.verification.report import Part, Problem, field_and_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record of a journal, `number` counting from 1.

    `position` is what it claims, also where it is not authentic. `committed_by` is the seq of the later record whose
    own signature stands for this one. `record` is there where it is authentic and its fields may stand.
    """

    number: int
    link: bytes
    payload: bytes = b""
    position: ChainPosition | None = None
    signed: bool = False
    committed_by: int | None = None
    record: Record | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def authentic(self) -> bool:
        """Whether the device stands for it."""
        return self.signed or self.committed_by is not None

    @property
    def seq(self) -> int | None:
        """The seq that it claims."""
        return None if self.position is None else self.position.seq

    def problem(self, problem: str, field: str | None) -> Problem:
        """A problem of this record."""
        return Problem(problem, field, entry=self.number, seq=self.seq, part=Part.RECORDS)


def read_entries(raws: Sequence[bytes], certificate: Certificate) -> list[Entry]:
    """Verify and decode the records of one device and epoch."""
    entries = [_verified(number, raw, certificate) for number, raw in enumerate(raws, start=1)]
    # From the last to the first, so that whoever commits to a record has been believed before it.
    for index in range(len(entries) - 2, -1, -1):
        entries[index] = _committed(entries[index], entries[index + 1])
    return [_decoded(entry) for entry in entries]


def _verified(number: int, raw: bytes, certificate: Certificate) -> Entry:
    entry = Entry(number=number, link=link_of(raw))
    try:
        signed = cose.parse(raw)
    except NotSignedError:
        return replace(entry, problems=(entry.problem(NO_COSE, "COSE"),))
    entry = replace(entry, payload=signed.payload, position=_position(signed.payload))
    if signed.kid is None:
        return replace(entry, problems=(entry.problem(OTHER_HEADER, "protected"),))
    if signed.kid != kid_of(certificate.key):
        return replace(entry, problems=(entry.problem(f"signed by another key, {signed.kid.hex()}", "kid"),))
    try:
        cose.verify(signed, cose.Kind.RECORD, certificate.key)
    except SignatureError:
        return entry
    return replace(entry, signed=True)


def _position(payload: bytes) -> ChainPosition | None:
    try:
        return position_of(payload)
    except DecodingError:
        return None


def _committed(entry: Entry, following: Entry) -> Entry:
    here, there = entry.position, following.position
    if entry.authentic or entry.problems or not following.authentic or here is None or there is None:
        return entry
    same_chain = (here.device, here.epoch, here.seq + 1) == (there.device, there.epoch, there.seq)
    if not same_chain or there.prev != entry.link:
        return entry
    return replace(entry, committed_by=following.committed_by or there.seq)


def _decoded(entry: Entry) -> Entry:
    if entry.problems:
        return entry
    if not entry.authentic:
        unsigned = entry.problem("does not fit, and no later authentic record commits to this one", "signature")
        return replace(entry, problems=(unsigned,))
    try:
        return replace(entry, record=decode_record(entry.payload))
    except DecodingError as error:
        field, problem = field_and_problem(error)
        return replace(entry, problems=(entry.problem(problem, field),))

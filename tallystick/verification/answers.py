"""Whether the server's receipts fit the journal that they answer: two halves of one tally stick."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared import cose
from shared.errors import SignatureError, TallystickError, UnknownKeyError
from shared.journal import Payment, genesis_of, payment_id_of
from shared.lifecycles import Status
from shared.messages.enrolment import Certificate
from shared.messages.receipt import Receipt, RecordResult, open_receipt
from tallystick.verification.entries import Entry
from tallystick.verification.report import Part, Problem, field_and_problem

_OF_OTHERS = (Status.RECORDED, Status.REJECTED)


@dataclass(slots=True)
class Answers:
    """The receipts read so far. `through` is the highest seq that one of them covers without a gap.

    Of a part of a journal (`whole` is False) they tell of other records too, and reach further. At seqs in `forked` two
    records have answers of their own.
    """

    certificate: Certificate
    keys: Mapping[bytes, bytes]
    entries: Mapping[int, Entry]
    links: Mapping[int, bytes]
    through: int | None = None
    whole: bool = True
    forked: frozenset[int] = frozenset()
    signers: set[bytes] = field(default_factory=set)
    _first: dict[int, tuple[int, RecordResult]] = field(default_factory=dict)

    def enter(self, number: int, raw: bytes) -> Iterator[Problem]:
        """Check the next receipt, `number` counting from 1."""
        try:
            receipt = open_receipt(raw, self.keys)
        except UnknownKeyError:
            yield _problem(number, f"signed by server key {_kid(raw)}, which is not among the trusted ones", "kid")
            return
        except SignatureError:
            yield _problem(number, f"does not fit these bytes and server key {_kid(raw)}", "signature")
            return
        except TallystickError as error:
            field_name, problem = field_and_problem(error)
            yield _problem(number, problem, field_name)
            return
        self.signers.add(bytes.fromhex(_kid(raw)))
        if (receipt.device, receipt.epoch) != (self.certificate.device, self.certificate.epoch):
            other = "device" if receipt.device != self.certificate.device else "epoch"
            yield _problem(number, f"of another {other} than the certificate's", other)
            return
        if self.whole:
            yield from self._check_reach(number, receipt)
        for result in receipt.results:
            if result.seq is not None and result.seq not in self.forked:
                yield from self._check_result(number, result.seq, result)

    def status_at(self, seq: int) -> Status | None:
        """What a record was answered; None where no receipt tells."""
        first = self._first.get(seq)
        return first[1].status if first is not None else None

    def _check_reach(self, number: int, receipt: Receipt) -> Iterator[Problem]:
        last = max(self.links, default=0)
        if receipt.through > last:
            yield _problem(number, f"the server has seq {receipt.through}, this journal ends at {last}", "through")
        elif self.links.get(receipt.through, receipt.head) != receipt.head:
            yield _problem(number, f"not the link of the journal's record {receipt.through}", "head", receipt.through)
        else:
            self.through = max(self.through or 0, receipt.through)
        expected = receipt.through
        for start, end in receipt.missing:
            if start <= expected or (expected == receipt.through and start != expected + 1):
                yield _problem(number, "does not begin above `through`, or is out of order", "missing")
                return
            expected = end

    def _check_result(self, number: int, seq: int, result: RecordResult) -> Iterator[Problem]:
        if seq in self._first and self._first[seq][1] != result:
            before, first = self._first[seq]
            yield _problem(number, f"{result.status}, but receipt {before} says {first.status}", "results", seq)
            return
        self._first.setdefault(seq, (number, result))
        entry = self.entries.get(seq)
        if entry is None:
            if self.whole and seq > min(self.links, default=0):  # else it may have been compacted away
                yield _problem(number, "answers a record that this journal does not have", "results", seq)
            return
        if result.id != payment_id_of(entry.payload):
            yield _problem(number, "answers another payment id than the record's", "results", seq)
        elif entry.record is None:
            if result.status is not Status.REJECTED:
                yield _problem(number, f"{result.status}, but the record is not good", "results", seq)
        elif isinstance(entry.record, Payment):
            if result.status is Status.RECORDED:
                yield _problem(number, "recorded is no answer to a payment", "results", seq)
        elif result.status not in _OF_OTHERS:
            yield _problem(number, f"{result.status} is an answer to payments alone", "results", seq)


def check_answers(
    receipts: Sequence[bytes], entries: Sequence[Entry], keys: Mapping[bytes, bytes], certificate: Certificate
) -> tuple[Answers, list[Problem]]:
    """Check every receipt against the records and their own links."""
    by_seq = {entry.seq: entry for entry in entries if entry.seq is not None}
    links = {seq: entry.link for seq, entry in by_seq.items()}
    first = entries[0].position if entries else None
    if first is None or first.seq == 1:
        links[0] = genesis_of(certificate.device, certificate.epoch, certificate.key)
    else:
        links[first.seq - 1] = first.prev
    answers = Answers(certificate=certificate, keys=keys, entries=by_seq, links=links)
    problems = [problem for number, raw in enumerate(receipts, start=1) for problem in answers.enter(number, raw)]
    return answers, problems


def _kid(raw: bytes) -> str:
    kid = cose.parse(raw).kid
    return "?" if kid is None else kid.hex()


def _problem(number: int, problem: str, field_name: str | None, seq: int | None = None) -> Problem:
    return Problem(problem, field_name, entry=number, seq=seq, part=Part.RECEIPTS)

"""A whole batch, record by record in its order: from arrivals and facts to results and all that is to be written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from shared.journal import ChainPosition, Payment, Record, ShiftClose, ShiftOpen, Void, type_name
from shared.lifecycles import STATUS_OF_PAYMENT, Status
from shared.messages.receipt import RecordResult
from shared.reasons import Reason
from syncserver.judge.authenticity import Arrival
from syncserver.judge.chain import Placement, Ranges, add_seqs
from syncserver.judge.facts import BatchFacts, KnownShift, VoidKey
from syncserver.judge.payments import NewPayment, judge_payment
from syncserver.judge.voids import APPLIED, WAITING, apply_void, judge_void

DUPLICATE_ID = "DUPLICATE_ID"


class PlacedRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that is written to the journal, or (`taken`) beside it as the other half of a fork."""

    arrival: Arrival
    position: ChainPosition
    result: RecordResult
    taken: bool
    fork: bool

    @property
    def record_type(self) -> str | None:
        """The record's type on the wire, None where it was refused."""
        return type_name(self.arrival.record) if self.arrival.record is not None else None

    @property
    def wallet(self) -> str | None:
        """The wallet that a payment names."""
        return self.arrival.record.wallet if isinstance(self.arrival.record, Payment) else None


@dataclass(slots=True)
class Judgement:
    """What a batch comes to. `results` are in the batch's order; the rest is what must be written."""

    results: list[RecordResult] = field(default_factory=list)
    placed: list[PlacedRecord] = field(default_factory=list)
    strays: list[Arrival] = field(default_factory=list)
    payments: list[NewPayment] = field(default_factory=list)
    voided: list[bytes] = field(default_factory=list)  # payments that a later void of this batch reversed
    new_voids: list[Void] = field(default_factory=list)
    settled_voids: list[VoidKey] = field(default_factory=list)  # stored voids whose payment came with this batch
    shift_opens: list[ShiftOpen] = field(default_factory=list)
    shift_closes: list[ShiftClose] = field(default_factory=list)
    quarantine: bool = False

    def ranges(self, before: Ranges) -> Ranges:
        """The seqs that are here with this batch."""
        return add_seqs(before, (placed.position.seq for placed in self.placed if not placed.taken))


def judge_batch(arrivals: Sequence[Arrival], facts: BatchFacts, judgement: Judgement) -> None:
    """Judge every record by itself, after those that were judged; one bad record never changes the answer to another.

    A batch may be judged in several pieces, in its order.
    """
    for arrival in arrivals:
        judgement.results.append(_judge_one(arrival, facts, judgement))


def _judge_one(arrival: Arrival, facts: BatchFacts, judgement: Judgement) -> RecordResult:
    position = arrival.position
    if position is None:
        # It may have had its place by the word of a record that is not in this batch.
        stored = facts.chain.place(arrival.claimed, arrival.link).replay if arrival.claimed is not None else None
        if stored is not None:
            return stored
        judgement.strays.append(arrival)
        return RecordResult(None, None, Status.REJECTED, (arrival.refusal or "",))
    chain, link = facts.chain, arrival.link
    placement = chain.place(position, link)
    if placement.replay is not None:
        return placement.replay
    if placement.fork:
        facts.device.quarantined = judgement.quarantine = True
    result = _effect(arrival, position, placement, facts, judgement)
    chain.put(position, link, arrival.record.at if arrival.record is not None else None, placement, result)
    judgement.placed.append(PlacedRecord(arrival, position, result, placement.taken, placement.fork))
    return result


def _effect(
    arrival: Arrival, position: ChainPosition, placement: Placement, facts: BatchFacts, judgement: Judgement
) -> RecordResult:
    record = arrival.record
    if record is None:
        return RecordResult(position.seq, arrival.payment, Status.REJECTED, (arrival.refusal or "",))
    if isinstance(record, Payment):
        return _pay(record, arrival, placement, facts, judgement)
    if placement.fork:
        return RecordResult(position.seq, None, Status.RECORDED, (Reason.FORK.value,))
    _record(record, facts, judgement)
    return RecordResult(position.seq, None, Status.RECORDED)


def _pay(
    record: Payment, arrival: Arrival, placement: Placement, facts: BatchFacts, judgement: Judgement
) -> RecordResult:
    key = (record.wallet, record.id)
    if key in facts.customers.known_ids:
        return RecordResult(record.seq, record.id, Status.REJECTED, (DUPLICATE_ID,))
    facts.customers.known_ids.add(key)
    judged = judge_payment(facts, record, arrival.link, fork=placement.fork)
    known = judged.known
    # Ids are unique in a wallet alone: the first payment of this journal with an id is the one that a void means.
    if facts.payments.setdefault(record.id, known) is known:
        void = facts.voids.get((record.id, record.shift))
        if void is not None and void.state == WAITING:
            apply_void(facts, record.id, known, void)
            judgement.settled_voids.append((record.id, record.shift))
    judgement.payments.append(judged)
    return RecordResult(record.seq, record.id, STATUS_OF_PAYMENT[known.state], known.reasons, judged.score)


def _record(record: Record, facts: BatchFacts, judgement: Judgement) -> None:
    match record:
        case Void():
            void = judge_void(facts, record)
            if void is not None:
                judgement.new_voids.append(record)
                if void.state == APPLIED:
                    judgement.voided.append(record.payment)
        case ShiftOpen():
            shift = facts.shifts.setdefault(record.shift, KnownShift(opened_seq=None, closed_seq=None))
            if shift.opened_seq is None:
                shift.opened_seq = record.seq
                judgement.shift_opens.append(record)
        case ShiftClose():
            shift = facts.shifts.setdefault(record.shift, KnownShift(opened_seq=None, closed_seq=None))
            if shift.closed_seq is None:
                shift.closed_seq = record.seq
                judgement.shift_closes.append(record)
        case _:
            raise AssertionError(type(record))

"""A terminal of the crowd: a real journal that grows, and the untidy ways in which it is sent."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.ids import uuid7
from shared.journal import Payment, Record, ShiftClose, ShiftOpen, Void, link_of
from shared.messages.receipt import Receipt, RecordResult
from tallystick.bench.till import CURRENCY, Code, paid_with
from tallystick.bench.world import CAP
from tests.syncserver.kit import HOUR, SECOND, TALLINN, FakeTerminal
from tests.syncserver.pressure.purse import Purse

# Codes are good from two hours ago: sales begin after that and go on towards the present.
FIRST_SALE_MS = 115 * 60 * SECOND
BOOTED_MS = 24 * HOUR
NOBODYS_WALLET = "0000000000"
_NEW_RECORDS = (4, 12)
_SHIFT_RECORDS = 40
_LOOK_BACK = 8
_VOID_SHARE = 0.08
_NOBODY_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Signed:
    """A record of a journal, with the bytes that travel and their link."""

    record: Record
    raw: bytes
    link: bytes


@dataclass(frozen=True, slots=True)
class Sending:
    """A batch that is to be answered; sent more than once it is the same batch."""

    batch: bytes
    records: Sequence[Signed]


@dataclass(slots=True)
class CrowdTerminal:
    """One terminal: what it signed, what it was answered first for each record, and what it still owes.

    Attributes:
        till: signs and speaks HTTP.
        purse: what its customers pay with.
        draw: its dice.
        at: its clock, ms since the epoch; sales go on from the past towards the present.
        lane: which of the ways to a server it takes.
        journal: every record, by seq from 1.
        answers: the first answer by seq.
        batches: every batch that was answered.
        owed: batches that were held back, to come after later ones.
    """

    till: FakeTerminal
    purse: Purse
    draw: random.Random
    at: int
    lane: int
    journal: list[Signed] = field(default_factory=list)
    answers: dict[int, RecordResult] = field(default_factory=dict)
    batches: set[bytes] = field(default_factory=set)
    owed: list[Sending] = field(default_factory=list)
    _shift_began: int = 0
    _paid: list[Payment] = field(default_factory=list)
    _voided: set[bytes] = field(default_factory=set)

    def sign_some(self) -> None:
        """Some hours of a till in a moment: payments, now and then a void, and shifts that begin and end."""
        if not self.journal:
            self._open_shift()
        for _ in range(self.draw.randint(*_NEW_RECORDS)):
            if len(self.journal) - self._shift_began >= _SHIFT_RECORDS:
                self.close_shift()
                self._open_shift()
            elif self._paid and self.draw.random() < _VOID_SHARE:
                self._void()
            else:
                self._pay(self.purse.take(self.draw))

    def sendings(self) -> list[Sending]:
        """How what is new is sent: in ranges that overlap, out of order, some twice, some again in another batch."""
        end = len(self.journal)
        answered = len(self.answers)
        start = max(0, min(end, answered) - self.draw.randint(0, _LOOK_BACK))
        middle = self.draw.randint(start, end - 1)
        back, forth = self.draw.randint(0, 3), self.draw.randint(1, 4)
        spans = [(start, min(end, middle + forth)), (max(start, middle - back), end)]
        made = [self._sending(first, last) for first, last in spans]
        if self.draw.random() < 0.3:
            made.append(self.draw.choice(made))
        if self.draw.random() < 0.2:
            made.append(self._sending(*self.draw.choice(spans)))
        self.draw.shuffle(made)
        if len(made) > 1 and self.draw.random() < 0.3:
            self.owed.append(made.pop())
        elif self.owed:
            made.append(self.owed.pop(0))
        return made

    def everything(self, at_once: int = 250) -> list[Sending]:
        """The whole journal again, in batches that it was never sent in."""
        return [self._sending(first, first + at_once) for first in range(0, len(self.journal), at_once)]

    def body(self, sending: Sending) -> bytes:
        """The bytes of an upload."""
        return self.till.batch([one.raw for one in sending.records], sending.batch)

    def learn(self, sending: Sending, receipt: Receipt) -> list[RecordResult]:
        """Keep what a verified receipt answers; those results that are the first to come for their record.

        Raises:
            AssertionError: it answers something else than what was sent, or otherwise than before.
        """
        assert (receipt.device, receipt.batch) == (self.till.device, sending.batch)
        assert len(receipt.results) == len(sending.records)
        self.batches.add(sending.batch)
        first: list[RecordResult] = []
        for signed, result in zip(sending.records, receipt.results, strict=True):
            seq = signed.record.seq
            payment = signed.record.id if isinstance(signed.record, Payment) else None
            assert (result.seq, result.id) == (seq, payment), f"record {seq} was answered {result}"
            known = self.answers.setdefault(seq, result)
            assert known == result, f"record {seq} was answered {known} at first and now {result}"
            if known is result:
                first.append(result)
        return first

    def close_shift(self) -> None:
        """End the shift with the sums that its records give."""
        standing = [payment for payment in self._paid if payment.id not in self._voided]
        total = sum(payment.amount for payment in standing)
        self._add(ShiftClose(**self._common(), count=len(standing), total=total, currency=CURRENCY))

    def _open_shift(self) -> None:
        self.till.shift = uuid7(self.at, self.draw.randbytes(10))
        self._paid.clear()
        self._voided.clear()
        self._shift_began = len(self.journal)
        self._add(ShiftOpen(**self._common(), opening_float=100_00))

    def _pay(self, code: Code) -> None:
        common = self._common()
        if self.draw.random() < _NOBODY_SHARE:
            code = replace(code, wallet=NOBODYS_WALLET)
        payment, amount = uuid7(self.at, self.draw.randbytes(10)), self.draw.randint(1, CAP)
        record = paid_with(code, common, payment, amount, TALLINN, book=self.till.book)
        self._add(record)
        self._paid.append(record)

    def _void(self) -> None:
        payment = self.draw.choice(self._paid).id
        self._add(Void(**self._common(), payment=payment, reason="wrong amount", approver="eve"))
        self._voided.add(payment)

    def _common(self) -> dict[str, Any]:
        self.at = min(self.at + self.draw.randint(2, 20) * SECOND, self.till.shop.clock.now)
        return self.till.common(self.at)

    def _add(self, record: Record) -> None:
        raw = self.till.add(record)
        self.journal.append(Signed(record, raw, link_of(raw)))

    def _sending(self, first: int, last: int) -> Sending:
        batch = uuid7(self.till.shop.clock.now, self.draw.randbytes(10))
        return Sending(batch, tuple(self.journal[first:last]))

"""Whether a journal's records fit each other: payments used and voided once, shifts closed on what they took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.journal import Payment, Record, ShiftClose, ShiftOpen, Void
from tallystick.verification.descriptions import money
from tallystick.verification.entries import Entry
from tallystick.verification.report import Problem


@dataclass(slots=True)
class _Shift:
    opened: int | None = None
    closed: int | None = None
    payments: dict[bytes, Payment] = field(default_factory=dict)


@dataclass(slots=True)
class Books:
    """What the records read so far add up to. `complete` says that the journal begins with seq 1."""

    complete: bool
    payments: dict[bytes, Payment] = field(default_factory=dict)
    voided: dict[bytes, int] = field(default_factory=dict)
    _shifts: dict[bytes, _Shift] = field(default_factory=dict)

    def enter(self, entry: Entry, record: Record) -> Iterator[Problem]:
        """Enter the next record; gives what does not fit the ones before it."""
        shift = self._shifts.setdefault(record.shift, _Shift())
        if shift.closed is not None:
            yield entry.problem(f"this shift was closed at seq {shift.closed}", "shift")
        match record:
            case Payment():
                yield from self._pay(entry, record, shift)
            case Void():
                yield from self._void(entry, record)
            case ShiftOpen():
                if shift.opened is not None:
                    yield entry.problem(f"this shift was opened at seq {shift.opened}", "shift")
                shift.opened = record.seq
            case ShiftClose():
                # The beginning of a shift may have been compacted away, and with it what it took.
                if self.complete or shift.opened is not None:
                    yield from self._close(entry, record, shift)
                shift.closed = record.seq
            case _:
                pass

    def takings(self) -> dict[str, int]:
        """What was taken and not voided, in minor units by currency."""
        sums: dict[str, int] = {}
        for payment in self.payments.values():
            if payment.id not in self.voided:
                sums[payment.currency] = sums.get(payment.currency, 0) + payment.amount
        return dict(sorted(sums.items()))

    def _pay(self, entry: Entry, payment: Payment, shift: _Shift) -> Iterator[Problem]:
        if payment.id in self.payments:
            yield entry.problem(f"used before, at seq {self.payments[payment.id].seq}", "id")
            return
        self.payments[payment.id] = shift.payments[payment.id] = payment

    def _void(self, entry: Entry, void: Void) -> Iterator[Problem]:
        payment = self.payments.get(void.payment)
        if void.payment in self.voided:
            yield entry.problem(f"voided before, at seq {self.voided[void.payment]}", "payment")
        elif payment is None:
            if self.complete:
                yield entry.problem("no record before it is a payment with this id", "payment")
        elif payment.shift != void.shift:
            yield entry.problem(f"the payment (seq {payment.seq}) is of another shift", "shift")
        else:
            self.voided[void.payment] = void.seq

    def _close(self, entry: Entry, close: ShiftClose, shift: _Shift) -> Iterator[Problem]:
        taken = [payment for payment in shift.payments.values() if payment.id not in self.voided]
        total = sum(payment.amount for payment in taken)
        odd = next((payment for payment in taken if payment.currency != close.currency), None)
        if close.count != len(taken):
            yield entry.problem(
                f"says {close.count}, the shift has {len(taken)} payments that were not voided", "count"
            )
        if odd is not None:
            yield entry.problem(f"says {close.currency}, the payment of seq {odd.seq} is in {odd.currency}", "currency")
        elif close.total != total:
            yield entry.problem(
                f"says {money(close.total, close.currency)}, the shift took {money(total, close.currency)}", "total"
            )


def enter_all(entries: Sequence[Entry], *, complete: bool) -> tuple[Books, list[Problem]]:
    """Enter every authentic record; `complete` where the journal begins with seq 1 and no record is unreadable."""
    books, problems = Books(complete), list[Problem]()
    for entry in entries:
        if entry.record is None:
            # What it said can't be known, so that nothing after it can be missed for sure.
            books.complete = False
            continue
        problems += books.enter(entry, entry.record)
    return books, problems

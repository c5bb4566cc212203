"""What this till took: pages of payments that are found as people look for them, and what became of each."""

import json
from dataclasses import dataclass

from shared import cose
from shared.journal import Payment, Void
from shared.messages.receipt import decode_receipt
from shared.money import Money
from shared.words import Word
from terminal.journal.chain import StoredRecord
from terminal.journal.payments import PaymentRow
from terminal.store.database import Row
from terminal.till.parts import Parts
from terminal.till.queries import SQL
from terminal.till.raised_limits import raised_for
from terminal.till.search import Place, read_search

MOST_ON_A_PAGE = 200
_NEWEST: Place = (2**62, 0)
# No batch holds more (terminal/sync/batches.py); the protocol allows 1,000.
_MOST_IN_A_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Payments, the newest first; `before` is where the next page begins, None at the end."""

    payments: tuple[PaymentRow, ...]
    before: Place | None


class EventKind(Word):
    """What can happen to a payment."""

    TAKEN = "taken"
    LIMIT_RAISED = "limit raised"
    SENT = "sent"
    ANSWERED = "answered"
    UPDATED = "updated"
    VOIDED = "voided"
    REFUND_ASKED = "refund asked"
    REFUNDED = "refunded"
    REFUND_REFUSED = "refund refused"


_REFUNDS = {"asked": EventKind.REFUND_ASKED, "done": EventKind.REFUNDED, "refused": EventKind.REFUND_REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a payment.

    `at` is by this terminal's clock (ms). `seq` and `link` are of the record that says it, `who` did it. `status` and
    `reasons` are the server's words (of a payment that was taken: its own flags; of a void: what the server made of
    it, None while it waits; of a refund that was refused: the server's code). `batch` is what it was sent in, `note` a
    person's reason, `amount` what was given back.
    """

    kind: EventKind
    at: int
    seq: int | None = None
    link: bytes | None = None
    who: str | None = None
    status: str | None = None
    reasons: tuple[str, ...] = ()
    batch: bytes | None = None
    note: str | None = None
    amount: Money | None = None


class History:
    """Looking back without touching."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def page(self, search: str = "", before: Place | None = None, most: int = 50) -> Page:
        """Payments in the order of the journal, the newest first.

        Args:
            search: nothing for all; the last digits of a wallet number or all of it, an amount such as 12.50, the
                beginning of a payment's id, a state (settled, pending, flagged, failed, voided), or a day (UTC) as
                2026-11-26. What is none of these finds nothing.
            before: where the page before it ended.
            most: how many at most, up to 200.

        Raises:
            NotEnrolledError: where this terminal is nobody's yet.
        """
        limit = max(1, min(most, MOST_ON_A_PAGE))
        parts = self._parts
        with parts.store.snapshot():
            epoch, seq = before or _NEWEST
            found = read_search(search, parts.store)
            if found is None:
                return Page((), None)
            bounds = {**found.values, "epoch": epoch, "seq": seq, "most": limit + 1}
            ids = [row["id"] for row in parts.store.rows(SQL[found.query], bounds)]
            payments = tuple(parts.payments.get(payment) for payment in ids[:limit])
        last = payments[-1] if len(ids) > limit else None
        return Page(payments, None if last is None else (last.epoch, last.seq))

    def together(self, payment: bytes | None = None) -> tuple[bytes, ...]:
        """The payments of the sale that one belongs to, in their order; by default of the newest. None before any.

        Raises:
            NoSuchPaymentError: where this terminal has none with that id.
        """
        with self._parts.store.snapshot():
            if payment is None:
                newest = self._parts.payments.latest(1)
                if not newest:
                    return ()
                payment = newest[0].id
            self._parts.payments.get(payment)
            return tuple(row["id"] for row in self._parts.store.rows(SQL["paid_together"], {"payment": payment}))

    def life(self, payment: bytes) -> tuple[Event, ...]:
        """All that happened to a payment as this till knows it, in order.

        Raises:
            NoSuchPaymentError: where this terminal has none with that id.
        """
        with self._parts.store.snapshot():
            row = self._parts.payments.get(payment)
            here = [self._taken(row), *self._raised(row), *self._sent(row)]
            events = [*here, *self._updates(row), *self._voids(row), *self._refunds(row)]
        return tuple(sorted(events, key=lambda event: event.at))

    def _taken(self, row: PaymentRow) -> Event:
        stored = self._parts.journal.record_at(row.epoch, row.seq)
        record = stored.decoded()
        flags = record.flags if isinstance(record, Payment) else ()
        return Event(
            kind=EventKind.TAKEN,
            at=stored.at,
            seq=stored.seq,
            link=stored.link,
            who=record.cashier,
            reasons=tuple(flags),
        )

    def _raised(self, row: PaymentRow) -> list[Event]:
        raised = raised_for(self._parts, row.id)
        if raised is None:
            return []
        return [Event(kind=EventKind.LIMIT_RAISED, at=raised.at, who=raised.approver, reasons=raised.reasons)]

    def _sent(self, row: PaymentRow) -> list[Event]:
        place = {"epoch": row.epoch, "seq": row.seq, "most": _MOST_IN_A_BATCH}
        events: list[Event] = []
        for batch in self._parts.store.rows(SQL["batches_with"], place):
            events.append(Event(kind=EventKind.SENT, at=batch["made_at"], batch=batch["id"]))
            if batch["receipt"] is not None:
                events.append(_answered(batch, row.seq))
        return events

    def _updates(self, row: PaymentRow) -> list[Event]:
        return [
            Event(
                kind=EventKind.UPDATED,
                at=told["heard_at"],
                status=told["status"],
                reasons=tuple(json.loads(told["reasons"])),
            )
            for told in self._parts.store.rows(SQL["updates_of_payment"], {"payment": row.id})
        ]

    def _voids(self, row: PaymentRow) -> list[Event]:
        # A void stands in the same epoch behind its payment, and is found by what it signed.
        voids = self._parts.journal.voids_behind(row.epoch, row.seq)
        return [
            self._voided(stored, record)
            for stored in voids
            if isinstance(record := stored.decoded(), Void) and record.payment == row.id
        ]

    def _refunds(self, row: PaymentRow) -> list[Event]:
        refunds = self._parts.store.rows(SQL["refunds_of_payment"], {"payment": row.id})
        return [_refund_event(refund, row.currency) for refund in refunds]

    def _voided(self, stored: StoredRecord, record: Void) -> Event:
        place = {"epoch": stored.epoch, "seq": stored.seq}
        answer = self._parts.store.row(SQL["answer_to"], place)
        return Event(
            kind=EventKind.VOIDED,
            at=stored.at,
            seq=stored.seq,
            link=stored.link,
            who=record.approver,
            status=None if answer is None else answer["status"],
            reasons=() if answer is None else tuple(json.loads(answer["reasons"])),
            note=record.reason,
        )


def _refund_event(refund: Row, currency: str) -> Event:
    ended = refund["ended_at"]
    return Event(
        kind=_REFUNDS[refund["state"]],
        at=refund["asked_at"] if ended is None else ended,
        who=refund["approver"],
        status=refund["problem"],
        note=refund["reason"],
        amount=Money(refund["amount"], currency),
    )


def _answered(batch: Row, seq: int) -> Event:
    # Verified when it came: here it is only read.
    receipt = decode_receipt(cose.parse(batch["receipt"]).payload)
    result = receipt.results[seq - batch["first_seq"]]
    return Event(
        kind=EventKind.ANSWERED,
        at=batch["answered_at"],
        batch=batch["id"],
        status=result.status.value,
        reasons=result.reasons,
    )

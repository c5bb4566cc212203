"""Shifts, their records and their days as they are answered."""

from typing import Any

import msgspec

from shared.ids import uuid_text
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.vendor_books import iso_time
from syncserver.shifts.decisions import Decision
from syncserver.shifts.halves import Claim, Received, Shift, money
from syncserver.shifts.records import Line, Stray, text_of


class ClaimView(msgspec.Struct, frozen=True, rename="camel"):
    """What the till's signed close says: payments less the voided ones, in minor units of whatever it names."""

    seq: int
    at: int
    count: int
    total: int
    currency: str
    text: str


class ReceivedView(msgspec.Struct, frozen=True, rename="camel"):
    """What is here. `count` and `total` are payments less those voided before the close.

    `carried` of them came after the close was signed. `missing` are ranges of seq, ten at most.
    """

    count: int
    total: Sum
    carried: int
    carried_total: Sum
    voided: int
    flagged: int
    failed: int
    records: int
    missing: list[tuple[int, int]]
    missing_records: int
    forks: int
    refused: int
    late: int
    outside: int
    after: int


class ShiftView(msgspec.Struct, frozen=True, rename="camel"):
    """A shift, both halves. `difference` is what the close says beyond what is here; null where there is none.

    `exceptions` are what is odd about it; `version` names these very figures, for a decision about them. `endedAt` is
    when it was closed, or opened where it is open, by its till's clock. `tillGone`: its terminal signs nothing more in
    this epoch, so an admin may close it. Times in ms.
    """

    device_id: str
    epoch: int
    shift_id: str
    vendor_id: str
    vendor: str
    device: str
    cashier: str
    state: str
    opened_at: int | None
    opening_float: Sum | None
    ended_at: int
    reconciled_at: int | None
    claim: ClaimView | None
    received: ReceivedView
    difference: Sum | None
    matches: bool
    exceptions: list[str]
    till_gone: bool
    version: str


class DecisionView(msgspec.Struct, frozen=True, rename="camel"):
    """What somebody did about a shift. `done` is false for the first of two; `said` are the figures as they stood."""

    number: int
    action: str
    done: bool
    before: str
    after: str
    reason: str | None
    stake: Sum | None
    said: str
    actor: str
    at: int


class ShiftDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A shift, and what people did about it, in order."""

    shift: ShiftView
    decisions: list[DecisionView]


class RecordView(msgspec.Struct, frozen=True, rename="camel"):
    """One record: what the till signed (`raw` in hex, `says` decoded), and what the server answered and has of it now.

    `other` is the other half of a fork; `problem` says why a record can't be decoded. `now` is a payment's state.
    """

    seq: int
    link: str
    other: bool
    fork: bool
    raw: str
    says: dict[str, Any] | None
    problem: str | None
    received_at: int
    status: str
    reasons: list[str]
    now: str | None
    decided_by: str | None
    decision_reason: str | None
    voided_by: int | None


class StrayView(msgspec.Struct, frozen=True, rename="camel"):
    """What was rejected without a place in a journal. What it says (`says`) is nobody's word."""

    device_id: str
    device: str
    vendor_id: str
    link: str
    reason: str
    received_at: int
    raw: str
    says: dict[str, Any] | None


def shift_view(shift: Shift, now: int) -> ShiftView:
    """A shift as it is answered at a time."""
    currency = shift.currency
    return ShiftView(
        device_id=uuid_text(shift.key.device),
        epoch=shift.key.epoch,
        shift_id=uuid_text(shift.key.shift),
        vendor_id=uuid_text(shift.vendor),
        vendor=shift.vendor_name,
        device=shift.device_name,
        cashier=shift.cashier,
        state=shift.state.value,
        opened_at=shift.opened_at,
        opening_float=Sum.of(shift.opening_float, currency) if shift.opening_float is not None else None,
        ended_at=shift.day_at,
        reconciled_at=shift.reconciled_at,
        claim=_claim(shift.claim) if shift.claim is not None else None,
        received=_received(shift.received, currency),
        difference=Sum.of(shift.difference, currency) if shift.difference is not None else None,
        matches=shift.matches,
        exceptions=[trouble.value for trouble in shift.troubles(now)],
        till_gone=shift.till_gone,
        version=shift.fingerprint,
    )


def _claim(claim: Claim) -> ClaimView:
    return ClaimView(claim.seq, claim.at, claim.count, claim.total, claim.currency, money(claim.total, claim.currency))


_GAPS_SHOWN = 10


def _received(here: Received, currency: str) -> ReceivedView:
    return ReceivedView(
        count=here.count,
        total=Sum.of(here.total, currency),
        carried=here.carried,
        carried_total=Sum.of(here.carried_total, currency),
        voided=here.voided,
        flagged=here.flagged,
        failed=here.failed,
        records=here.records,
        missing=list(here.missing[:_GAPS_SHOWN]),
        missing_records=here.missing_records,
        forks=here.forks,
        refused=here.refused,
        late=here.late,
        outside=here.outside,
        after=here.after,
    )


def decision_view(one: Decision) -> DecisionView:
    """A decision as it is answered."""
    stake = Sum.of(one.stake, one.currency) if one.stake is not None and one.currency is not None else None
    return DecisionView(
        number=one.number,
        action=one.action.value,
        done=one.done,
        before=one.before.value,
        after=one.after.value,
        reason=one.reason,
        stake=stake,
        said=one.said,
        actor=one.actor,
        at=one.at,
    )


def record_view(line: Line) -> RecordView:
    """A record as it is answered."""
    return RecordView(
        seq=line.seq,
        link=line.link.hex(),
        other=line.other,
        fork=line.fork,
        raw=line.raw.hex(),
        says=dict(line.says) if line.says is not None else None,
        problem=line.problem,
        received_at=line.received_at,
        status=line.status.value,
        reasons=list(line.reasons),
        now=line.now.value if line.now is not None else None,
        decided_by=line.decided_by,
        decision_reason=line.decision_reason,
        voided_by=line.voided_by,
    )


def stray_view(one: Stray) -> StrayView:
    """A stray as it is answered."""
    return StrayView(
        device_id=uuid_text(one.device),
        device=one.device_name,
        vendor_id=uuid_text(one.vendor),
        link=one.link.hex(),
        reason=one.reason,
        received_at=one.received_at,
        raw=one.raw.hex(),
        says=dict(one.says) if one.says is not None else None,
    )


SHIFT_COLUMNS = (
    "vendor", "device", "shift", "epoch", "cashier", "state", "exceptions", "opened_at", "ended_at",
    "claimed_count", "claimed_total", "claimed_currency", "received_count", "received_total", "currency", "difference",
    "missing_records",
)  # fmt: skip


def shift_row(shift: Shift, now: int) -> list[str | int | None]:
    """A shift as a line of a file."""
    one = shift_view(shift, now)
    return [
        one.vendor,
        one.device,
        one.shift_id,
        one.epoch,
        one.cashier,
        one.state,
        " ".join(one.exceptions),
        moment(one.opened_at),
        moment(one.ended_at),
        one.claim.count if one.claim is not None else None,
        one.claim.text.partition(" ")[0] if one.claim is not None else None,
        one.claim.currency if one.claim is not None else None,
        one.received.count,
        one.received.total.text,
        shift.currency,
        one.difference.text if one.difference is not None else None,
        one.received.missing_records,
    ]


RECORD_COLUMNS = (
    "seq", "type", "payment", "wallet", "amount_minor", "currency", "at", "received_at", "answer", "reasons",
    "now", "voided_by", "fork", "link", "raw", "says",
)  # fmt: skip


def record_row(line: Line) -> list[str | int | None]:
    """A record as a line of a file."""
    says = line.says or {}
    return [
        line.seq,
        says.get("type"),
        says.get("id") or says.get("payment"),
        says.get("wallet"),
        says.get("amount"),
        says.get("currency"),
        moment(says.get("at")),
        moment(line.received_at),
        line.status.value,
        " ".join(line.reasons),
        line.now.value if line.now is not None else None,
        line.voided_by,
        "fork" if line.fork else "",
        line.link.hex(),
        line.raw.hex(),
        text_of(line.says),
    ]


LAST_MOMENT = 253_402_300_799_999  # the end of the year 9999


def moment(at: int | None) -> str | int | None:
    """A time as a spreadsheet reads it; the number where no calendar reaches it, as a till may sign anything."""
    return iso_time(at) if at is not None and at <= LAST_MOMENT else at

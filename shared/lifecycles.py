"""Every life cycle as a table: which state may follow which. Nothing changes a state but what stands here."""

from collections.abc import Mapping
from typing import TypeVar

from shared.errors import LifeCycleError
from shared.words import Word


class TillState(Word):
    """A payment as its till sees it."""

    CREATED = "CREATED"
    VALIDATED = "VALIDATED"
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FLAGGED = "FLAGGED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"


class PaymentState(Word):
    """A payment as the server sees it."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SUCCESSFUL = "SUCCESSFUL"
    FLAGGED = "FLAGGED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"


class CodeState(Word):
    """One offline code."""

    ISSUED = "issued"
    CLAIMED = "claimed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"


class SeriesState(Word):
    """The codes that were issued together."""

    OPEN = "open"
    CLOSED = "closed"


class DeviceState(Word):
    """A terminal as the server sees it."""

    ENROLLED = "enrolled"
    INCOMPLETE = "incomplete"
    QUARANTINED = "quarantined"
    REVOKED = "revoked"


class ShiftState(Word):
    """A cashier's shift."""

    OPEN = "open"
    CLOSED = "closed"
    RECONCILED = "reconciled"
    DISPUTED = "disputed"


class PersonState(Word):
    """Somebody who registered with the server."""

    WAITING = "waiting"
    APPROVED = "approved"
    BLOCKED = "blocked"
    REJECTED = "rejected"


class PayoutState(Word):
    """What one vendor is paid by bank transfer."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Status(Word):
    """The answer to one record, on the wire."""

    SETTLED = "settled"
    FLAGGED = "flagged"
    FAILED = "failed"
    VOIDED = "voided"
    REJECTED = "rejected"
    RECORDED = "recorded"


_T, _P, _C, _D, _S = TillState, PaymentState, CodeState, DeviceState, ShiftState

TILL: Mapping[TillState, frozenset[TillState]] = {
    _T.CREATED: frozenset({_T.VALIDATED, _T.FAILED}),
    _T.VALIDATED: frozenset({_T.PENDING, _T.FAILED}),
    # A till voids what its server may have settled meanwhile: the void's record reverses that too.
    _T.PENDING: frozenset({_T.COMPLETED, _T.FLAGGED, _T.FAILED, _T.VOIDED}),
    _T.FLAGGED: frozenset({_T.COMPLETED, _T.FAILED, _T.VOIDED}),
    _T.COMPLETED: frozenset({_T.VOIDED}),
    _T.FAILED: frozenset(),
    _T.VOIDED: frozenset(),
}
PAYMENT: Mapping[PaymentState, frozenset[PaymentState]] = {
    _P.PENDING: frozenset({_P.PROCESSING}),
    _P.PROCESSING: frozenset({_P.SUCCESSFUL, _P.FLAGGED, _P.FAILED}),
    _P.FLAGGED: frozenset({_P.SUCCESSFUL, _P.FAILED, _P.REVERSED}),
    _P.SUCCESSFUL: frozenset({_P.REVERSED}),
    _P.FAILED: frozenset(),
    _P.REVERSED: frozenset(),
}
CODE: Mapping[CodeState, frozenset[CodeState]] = {
    _C.ISSUED: frozenset({_C.CLAIMED, _C.EXPIRED, _C.WITHDRAWN}),
    # A terminal that was offline may have taken the code before it expired or was withdrawn.
    _C.EXPIRED: frozenset({_C.CLAIMED, _C.RELEASED}),
    _C.WITHDRAWN: frozenset({_C.CLAIMED, _C.RELEASED}),
    _C.CLAIMED: frozenset(),
    _C.RELEASED: frozenset(),
}
SERIES: Mapping[SeriesState, frozenset[SeriesState]] = {
    SeriesState.OPEN: frozenset({SeriesState.CLOSED}),
    SeriesState.CLOSED: frozenset(),
}
DEVICE: Mapping[DeviceState, frozenset[DeviceState]] = {
    _D.ENROLLED: frozenset({_D.INCOMPLETE, _D.QUARANTINED, _D.REVOKED}),
    _D.INCOMPLETE: frozenset({_D.ENROLLED, _D.QUARANTINED, _D.REVOKED}),
    _D.QUARANTINED: frozenset({_D.ENROLLED, _D.INCOMPLETE, _D.REVOKED}),
    _D.REVOKED: frozenset(),
}
SHIFT: Mapping[ShiftState, frozenset[ShiftState]] = {
    _S.OPEN: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset({_S.RECONCILED, _S.DISPUTED}),
    _S.DISPUTED: frozenset({_S.RECONCILED}),
    _S.RECONCILED: frozenset(),
}
PERSON: Mapping[PersonState, frozenset[PersonState]] = {
    PersonState.WAITING: frozenset({PersonState.APPROVED, PersonState.REJECTED}),
    PersonState.APPROVED: frozenset({PersonState.BLOCKED}),
    PersonState.BLOCKED: frozenset({PersonState.APPROVED}),
    PersonState.REJECTED: frozenset(),
}
PAYOUT: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.PROPOSED: frozenset({PayoutState.APPROVED, PayoutState.CANCELLED}),
    PayoutState.APPROVED: frozenset({PayoutState.SENT, PayoutState.CANCELLED}),
    PayoutState.SENT: frozenset({PayoutState.PAID, PayoutState.FAILED, PayoutState.RETURNED}),
    # A bank may send back days later what it has paid.
    PayoutState.PAID: frozenset({PayoutState.RETURNED}),
    # Somebody said that the bank had refused it, and its statement says that it paid.
    PayoutState.FAILED: frozenset({PayoutState.PAID}),
    PayoutState.RETURNED: frozenset(),
    # One that is paid by hand was paid though it was called off.
    PayoutState.CANCELLED: frozenset({PayoutState.PAID}),
}

STATUS_OF_PAYMENT: Mapping[PaymentState, Status] = {
    _P.SUCCESSFUL: Status.SETTLED,
    _P.FLAGGED: Status.FLAGGED,
    _P.FAILED: Status.FAILED,
    _P.REVERSED: Status.VOIDED,
}
TILL_STATE_OF_STATUS: Mapping[Status, TillState] = {
    Status.SETTLED: _T.COMPLETED,
    Status.FLAGGED: _T.FLAGGED,
    Status.FAILED: _T.FAILED,
    Status.REJECTED: _T.FAILED,
    Status.VOIDED: _T.VOIDED,
}

_State = TypeVar("_State", bound=Word)


def check_step(table: Mapping[_State, frozenset[_State]], before: _State, after: _State) -> None:
    """Make sure that a table lets one state follow another.

    Raises:
        LifeCycleError: where it does not.
    """
    if after not in table[before]:
        raise LifeCycleError("{before} can't become {after}", before=before, after=after)

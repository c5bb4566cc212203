"""What an admin decides about a shift: it is reconciled, accepted with a reason, or disputed with one.

One that its till can't close any more is closed with a reason and what is here of it, which reconciles it.
"""

from dataclasses import dataclass

from shared.fields import MAX_INTEGER, checked_text
from shared.ids import uuid_text
from shared.lifecycles import SHIFT, ShiftState
from shared.money import Money
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.people.access import Caller
from syncserver.people.second import may_go_ahead
from syncserver.services import Services
from syncserver.shifts import decisions
from syncserver.shifts.decisions import Action
from syncserver.shifts.errors import (
    ShiftChangedError,
    ShiftHasExceptionsError,
    ShiftStateError,
    ShiftTillLivesError,
)
from syncserver.shifts.halves import Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody decides, and about which shift.

    Attributes:
        caller: the admin; None for whoever runs the server, who needs no second person.
        actor: how histories name whoever decides.
        seen: the fingerprint of what they looked at; None where they decide about whatever is there.
    """

    action: Action
    device: bytes
    shift: bytes
    epoch: int | None = None
    reason: str | None = None
    seen: str | None = None
    caller: Caller | None = None
    actor: str


async def decide(connection: Connection, services: Services, order: Order) -> tuple[Shift, bool]:
    """Carry a decision out, in the caller's transaction: the shift as it is then, and whether it was done.

    It was not where it takes a second person, who has to decide the same of the same figures.

    Raises:
        UnknownShiftError, AmbiguousShiftError: there is no such shift, or several.
        ReasonRequiredError, DecodingError: there is no reason, or it is no such text.
        ShiftChangedError: it is not what was looked at.
        ShiftStateError: it is in no state for this.
        ShiftHasExceptionsError: it is to be reconciled without a reason, and has exceptions.
        ShiftTillLivesError: it is to be closed, and its till may still do so.
    """
    check_reason(order)
    shift = await decisions.lock(connection, order.device, order.shift, order.epoch)
    if order.seen is not None and order.seen != shift.fingerprint:
        raise ShiftChangedError
    after = _next(order.action, shift, services.clock())
    ahead, stake = True, None
    if order.action in (Action.ACCEPT, Action.CLOSE):
        stake = min(shift.stake, MAX_INTEGER)
        ahead = order.caller is None or await may_go_ahead(
            connection,
            services,
            order.caller,
            action=f"{order.action} shift",
            subject=f"{uuid_text(shift.key.device)} {shift.key.epoch} {uuid_text(shift.key.shift)} {shift.fingerprint}",
            money=Money(stake, shift.currency),
        )
    await decisions.carry_out(
        connection,
        services,
        shift,
        order.action,
        actor=order.actor,
        reason=order.reason,
        stake=stake,
        done=ahead,
        after=after,
    )
    return (await decisions.lock(connection, order.device, order.shift, shift.key.epoch) if ahead else shift), ahead


def check_reason(order: Order) -> None:
    """Make sure of the reason: all but a plain reconciliation need one.

    Raises:
        ReasonRequiredError, DecodingError: there is none, or it is no such text.
    """
    if order.action is not Action.RECONCILE:
        required(order.reason)
    elif order.reason is not None:
        checked_text(order.reason, "reason")


def required(reason: str | None) -> str:
    """A reason that is there.

    Raises:
        ReasonRequiredError, DecodingError: there is none, or it is no such text.
    """
    if reason is None or not reason.strip():
        raise ReasonRequiredError
    return checked_text(reason, "reason")


def _next(action: Action, shift: Shift, now: int) -> ShiftState:
    """The state that a decision leads to."""
    if action is Action.CLOSE:
        _stepped(shift, ShiftState.CLOSED)
        if not shift.till_gone:
            raise ShiftTillLivesError
        return ShiftState.RECONCILED  # nobody can hold it against more than what is here
    if action is Action.DISPUTE:
        if shift.state is ShiftState.DISPUTED:
            return shift.state  # the figures disputed it already; now somebody says why
        return _stepped(shift, ShiftState.DISPUTED)
    if action is Action.ACCEPT and shift.state is ShiftState.RECONCILED and shift.received.after:
        return shift.state
    after = _stepped(shift, ShiftState.RECONCILED)
    if action is Action.RECONCILE and not shift.in_order(now):
        raise ShiftHasExceptionsError(f"This shift has exceptions: {' '.join(shift.troubles(now))}.")
    return after


def _stepped(shift: Shift, after: ShiftState) -> ShiftState:
    if after not in SHIFT[shift.state]:
        raise ShiftStateError(f"A shift that is {shift.state} can't become {after}.")
    return after

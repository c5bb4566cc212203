"""What admins do about shifts: reconcile, accept, dispute, ask again, begin a new epoch, and a whole day at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.words import Word
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint
from syncserver.api.rest.shift_views import ShiftView, shift_view
from syncserver.api.rest.shifts import FINDING, ONE, TAG, Day, EpochQuery
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.people.access import ADMINS
from syncserver.registry.errors import UnknownDeviceError, UnknownVendorError
from syncserver.services import Services
from syncserver.shifts import day as days
from syncserver.shifts import deciding, resending, writing_off
from syncserver.shifts.deciding import Order
from syncserver.shifts.decisions import Action
from syncserver.shifts.errors import (
    DayNotMatchingError,
    DayTooLargeError,
    NothingMissingError,
    NothingToTakeBackError,
    NothingToWriteOffError,
    ShiftChangedError,
    ShiftHasExceptionsError,
    ShiftStateError,
    ShiftTillLivesError,
)
from syncserver.shifts.halves import Shift
from syncserver.shifts.report import day_report


class Verdict(Word):
    """What an admin says of a shift."""

    RECONCILE = "reconcile"
    CLOSE = "close"
    ACCEPT = "accept"
    DISPUTE = "dispute"


class VerdictRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why (all but reconciling need it), and the `version` of the shift that was looked at."""

    reason: str | None = None
    version: Annotated[str, Meta(max_length=64)] | None = None


class ReasonRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why."""

    reason: str


class Resend(msgspec.Struct, frozen=True, rename="camel"):
    """What is waited for. The terminal learns it by the next receipt that it gets, and by nothing else.

    The protocol has no way by which a server calls a terminal: with its next upload it sends what is missing.
    """

    missing: list[tuple[int, int]]
    asked: str


class NewEpoch(msgspec.Struct, frozen=True, rename="camel"):
    """A one-time token for the terminal's next epoch, shown once; `hours` is how long it is good for."""

    token: str
    epoch: int
    hours: int


class DayQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The day (UTC) on which shifts ended, such as 2026-11-26."""

    day: Day


class DayReconciled(msgspec.Struct, frozen=True, rename="camel"):
    """A day whose shifts all match: how many were reconciled now, and how many there are."""

    day: str
    reconciled: int
    shifts: int


PDF = "application/pdf"
ASKED = "with the next receipt"


async def decide(call: Call[VerdictRequest, EpochQuery]) -> Answer[Any]:
    """`POST /api/shifts/{deviceId}/{shiftId}/decide/{verdict}`."""
    order = _order(call, Action(call.words["verdict"]))
    deciding.check_reason(order)

    async def work(connection: Connection) -> tuple[ShiftView, int]:
        shift, done = await deciding.decide(connection, call.services, order)
        return shift_view(shift, call.services.clock()), 200 if done else ACCEPTED

    return await call.once_or_wait(work)


def _order(call: Call[VerdictRequest, EpochQuery], action: Action) -> Order:
    return Order(
        action=action,
        device=call.path["deviceId"],
        shift=call.path["shiftId"],
        epoch=call.query.epoch,
        reason=call.body.reason,
        seen=call.body.version,
        caller=call.who,
        actor=call.who.actor,
    )


async def write_off(call: Call[VerdictRequest, EpochQuery]) -> Answer[Any]:
    """`POST /api/shifts/{deviceId}/{shiftId}/write-off`."""
    return await _with_money(call, Action.WRITE_OFF, writing_off.write_off)


async def take_back(call: Call[VerdictRequest, EpochQuery]) -> Answer[Any]:
    """`POST /api/shifts/{deviceId}/{shiftId}/take-back`."""
    return await _with_money(call, Action.TAKE_BACK, writing_off.take_back)


async def _with_money(
    call: Call[VerdictRequest, EpochQuery],
    action: Action,
    move: Callable[[Connection, Services, Order], Awaitable[tuple[Shift, bool]]],
) -> Answer[Any]:
    order = _order(call, action)
    deciding.required(order.reason)

    async def work(connection: Connection) -> tuple[ShiftView, int]:
        shift, done = await move(connection, call.services, order)
        return shift_view(shift, call.services.clock()), 200 if done else ACCEPTED

    return await call.once_or_wait(work)


async def resend(call: Call[None, EpochQuery]) -> Answer[Any]:
    """`POST /api/shifts/{deviceId}/{shiftId}/resend`."""

    async def work(connection: Connection) -> Resend:
        _, missing = await resending.ask(
            connection,
            call.services,
            call.path["deviceId"],
            call.path["shiftId"],
            call.query.epoch,
            actor=call.who.actor,
        )
        return Resend(list(missing), ASKED)

    return await call.once(work)


async def re_anchor(call: Call[ReasonRequest, EpochQuery]) -> Answer[NewEpoch]:
    """`POST /api/shifts/{deviceId}/{shiftId}/re-anchor`. The token is stored nowhere, so no key repeats it."""
    anchor = await resending.re_anchor(
        call.services,
        call.path["deviceId"],
        call.path["shiftId"],
        call.query.epoch,
        reason=deciding.required(call.body.reason),
        actor=call.who.actor,
    )
    return Answer(NewEpoch(anchor.token, anchor.epoch, anchor.hours))


async def reconcile_day(call: Call[None, DayQuery]) -> Answer[Any]:
    """`POST /api/vendors/{vendorId}/reconcile-day`."""

    async def work(connection: Connection) -> DayReconciled:
        day, done = await days.reconcile_day(
            connection, call.services, call.path["vendorId"], call.query.day, actor=call.who.actor
        )
        return DayReconciled(day.day, done, len(day.shifts))

    return await call.once(work)


async def report(call: Call[None, DayQuery]) -> Response:
    """`GET /api/vendors/{vendorId}/day-report`."""
    return await report_answer(call.services, call.path["vendorId"], call.query.day)


async def report_answer(services: Services, vendor: bytes, text: str) -> Response:
    """A shop's day as a PDF."""
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        day = await days.read_day(connection, vendor, text)
        decided = await days.decisions_of_day(connection, day)
    content = await asyncio.to_thread(day_report, day, decided, services.clock())
    headers = {
        "Content-Disposition": f'attachment; filename="shifts-{day.day}.pdf"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=PDF, headers=headers)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=f"{ONE}/decide/{{verdict}}",
        handle=decide,
        summary="Reconcile a shift; with a reason accept or dispute it, or close it where its terminal is gone",
        answers=ShiftView,
        roles=ADMINS,
        words={"verdict": Verdict},
        body=VerdictRequest,
        query=EpochQuery,
        errors=(
            *FINDING,
            ReasonRequiredError,
            ShiftChangedError,
            ShiftStateError,
            ShiftHasExceptionsError,
            ShiftTillLivesError,
        ),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
    *(
        Endpoint(
            method="POST",
            path=f"{ONE}/{path}",
            handle=handle,
            summary=summary,
            answers=ShiftView,
            roles=ADMINS,
            body=VerdictRequest,
            query=EpochQuery,
            errors=(*FINDING, ReasonRequiredError, ShiftChangedError, *errors),
            once=True,
            statuses=(200, ACCEPTED),
            tag=TAG,
        )
        for path, handle, summary, errors in (
            (
                "write-off",
                write_off,
                "Pay a shop out of the house's loss what a close proves and whose records are lost",
                (ShiftStateError, NothingToWriteOffError),
            ),
            (
                "take-back",
                take_back,
                "Take back of a shop what was written off for a shift and has come since",
                (NothingToTakeBackError,),
            ),
        )
    ),
    Endpoint(
        method="POST",
        path=f"{ONE}/resend",
        handle=resend,
        summary="Note that a shift's missing records are waited for; its terminal learns which with its next receipt",
        answers=Resend,
        roles=ADMINS,
        query=EpochQuery,
        errors=(*FINDING, NothingMissingError),
        once=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=f"{ONE}/re-anchor",
        handle=re_anchor,
        summary="A token for the next epoch of a shift's terminal: a new key and an empty journal",
        answers=NewEpoch,
        roles=ADMINS,
        body=ReasonRequest,
        query=EpochQuery,
        errors=(*FINDING, ReasonRequiredError, UnknownDeviceError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/reconcile-day",
        handle=reconcile_day,
        summary="Reconcile all shifts of a shop's day, where all match",
        answers=DayReconciled,
        roles=ADMINS,
        query=DayQuery,
        errors=(UnknownVendorError, DayNotMatchingError, DayTooLargeError),
        once=True,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/vendors/{vendorId}/day-report",
        handle=report,
        summary="A shop's day on paper: shifts, sums, exceptions, who decided what",
        media=(PDF,),
        roles=ADMINS,
        query=DayQuery,
        errors=(UnknownVendorError, DayTooLargeError),
        tag=TAG,
    ),
)

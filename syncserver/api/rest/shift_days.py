"""A shop's day of shifts: reconciled at once, and on paper."""

import asyncio
from typing import Any

import msgspec
from starlette.responses import Response

from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.shifts import TAG, Day
from syncserver.database.connection import Connection
from syncserver.people.access import ADMINS
from syncserver.registry.errors import UnknownVendorError
from syncserver.services import Services
from syncserver.shifts import day as days
from syncserver.shifts.errors import DayNotMatchingError, DayTooLargeError
from syncserver.shifts.report import day_report

PDF = "application/pdf"


class DayQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The day (UTC) on which shifts ended, such as 2026-11-26."""

    day: Day


class DayReconciled(msgspec.Struct, frozen=True, rename="camel"):
    """A day whose shifts all match: how many were reconciled now, and how many there are."""

    day: str
    reconciled: int
    shifts: int


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

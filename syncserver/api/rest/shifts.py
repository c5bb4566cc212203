"""Shifts for admins: the list, one shift, its records, and what was sent and has no place."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from shared.lifecycles import ShiftState
from syncserver.api.rest.cursors import number, pack, page_of, unpack
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.shift_views import (
    RECORD_COLUMNS,
    SHIFT_COLUMNS,
    RecordView,
    ShiftDetail,
    ShiftView,
    StrayView,
    decision_view,
    record_row,
    record_view,
    shift_row,
    shift_view,
    stray_view,
)
from syncserver.api.rest.spreadsheets import CSV, csv_answer
from syncserver.api.rest.vendors import Cursor, Limit
from syncserver.people.access import ADMINS
from syncserver.shifts import decisions, evidence, listing, reading
from syncserver.shifts import records as shift_records
from syncserver.shifts.errors import AmbiguousShiftError, EvidenceTooLargeError, UnknownShiftError
from syncserver.shifts.halves import UNCLOSED_HOURS, Shift, ShiftKey
from syncserver.shifts.listing import Filters, Place
from syncserver.shifts.records import Line, RecordPlace, Stray, StrayPlace

TAG = "Shifts"
ONE = "/api/shifts/{deviceId}/{shiftId}"
FINDING = (UnknownShiftError, AmbiguousShiftError)
Id = Annotated[str, Meta(max_length=36)]
Day = Annotated[str, Meta(min_length=10, max_length=10)]
Epoch = Annotated[int, Meta(ge=1, le=2**31 - 1)]
BUNDLE = "application/cbor"
_LINK_BYTES = 32


class ShiftListQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which shifts: of a vendor, of a terminal, that ended on a day (UTC, 2026-11-26), in a state, exceptions alone.

    An open one is an exception once it is open for longer than `unclosedHours`.
    """

    vendor: Id | None = None
    device: Id | None = None
    day: Day | None = None
    state: Literal["open", "closed", "reconciled", "disputed"] | None = None
    exceptions_only: bool = False
    unclosed_hours: Annotated[int, Meta(ge=1, le=10_000)] = UNCLOSED_HOURS
    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class ShiftPage(msgspec.Struct, frozen=True, rename="camel"):
    """Shifts: those that need a person first, then the others, the latest first in both; `next` is the next page."""

    shifts: list[ShiftView]
    next: str | None


class EpochQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """In which of the terminal's epochs; not needed where only one has such a shift."""

    epoch: Epoch | None = None


class RecordsQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """In which epoch, and where a page begins."""

    epoch: Epoch | None = None
    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class RecordPage(msgspec.Struct, frozen=True, rename="camel"):
    """Records in the order of their seqs; `missing` are the ranges that are not here; `next` is the next page."""

    records: list[RecordView]
    missing: list[tuple[int, int]]
    next: str | None


class StrayQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Of a vendor, or of a terminal."""

    vendor: Id | None = None
    device: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class StrayPage(msgspec.Struct, frozen=True, rename="camel"):
    """What was rejected without a place in a journal, the latest first; `next` is the next page."""

    strays: list[StrayView]
    next: str | None


def filters_of(query: ShiftListQuery) -> Filters:
    """What a query asks for.

    Raises:
        DecodingError: it names something that is none.
    """
    since, until = listing.day_bounds(query.day) if query.day is not None else (0, listing.NEVER)
    return Filters(
        vendor=uuid_bytes_or_none(query.vendor),
        device=uuid_bytes_or_none(query.device),
        since=since,
        until=until,
        state=ShiftState(query.state) if query.state is not None else None,
        marked_only=query.exceptions_only,
        unclosed_hours=query.unclosed_hours,
    )


def place_of(cursor: str | None) -> Place | None:
    """Where a page of shifts begins.

    Raises:
        DecodingError: it is no cursor of this list.
    """
    if cursor is None:
        return None
    marked, at, device, epoch, shift = unpack(cursor, 5)
    found = number(epoch)
    if marked not in ("0", "1") or found >= 2**31:
        raise DecodingError("cursor: not one of this list")
    return Place(marked == "1", number(at), ShiftKey(uuid_bytes(device), found, uuid_bytes(shift)))


def cursor_of(place: Place | None) -> str | None:
    """The cursor of a place."""
    if place is None:
        return None
    key = place.key
    return pack(int(place.marked), place.at, uuid_text(key.device), key.epoch, uuid_text(key.shift))


async def list_shifts(call: Call[None, ShiftListQuery]) -> Answer[ShiftPage] | Response:
    """`GET /api/shifts`."""
    query, now = call.query, call.services.clock()
    filters, place = filters_of(query), place_of(query.cursor)
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        page = await listing.listed(connection, now, filters, place, query.limit)
    following = cursor_of(page.following)
    if query.format == "csv":
        return csv_answer("shifts", SHIFT_COLUMNS, (shift_row(one, now) for one in page.shifts), following)
    return Answer(ShiftPage([shift_view(one, now) for one in page.shifts], following))


async def show_shift(call: Call[None, EpochQuery]) -> Answer[ShiftDetail]:
    """`GET /api/shifts/{deviceId}/{shiftId}`."""
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = await reading.look_up(connection, call.path["deviceId"], call.path["shiftId"], call.query.epoch)
        happened = await decisions.history(connection, found.key)
    return Answer(ShiftDetail(shift_view(found, call.services.clock()), [decision_view(one) for one in happened]))


async def list_records(call: Call[None, RecordsQuery]) -> Answer[RecordPage] | Response:
    """`GET /api/shifts/{deviceId}/{shiftId}/records`."""
    query = call.query
    behind = None
    if query.cursor is not None:
        seq, other, link = unpack(query.cursor, 3)
        behind = RecordPlace(number(seq), other == "1", _link(link))
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        shift = await reading.look_up(connection, call.path["deviceId"], call.path["shiftId"], query.epoch)
        found = await shift_records.records(connection, shift, behind, query.limit + 1)
    page, following = page_of(found, query.limit, _behind_record)
    if query.format == "csv":
        return csv_answer(f"shift-{uuid_text(shift.key.shift)}", RECORD_COLUMNS, map(record_row, page), following)
    missing = list(shift.received.missing)
    return Answer(RecordPage([record_view(line) for line in page], missing, following))


def _behind_record(line: Line) -> str:
    return pack(line.place.seq, int(line.place.other), line.place.link.hex())


def _behind_stray(one: Stray) -> str:
    return pack(one.received_at, uuid_text(one.device), one.link.hex())


def _link(text: str) -> bytes:
    try:
        link = bytes.fromhex(text)
    except ValueError as error:
        raise DecodingError("cursor: not one of this list") from error
    if len(link) != _LINK_BYTES:
        raise DecodingError("cursor: not one of this list")
    return link


async def list_strays(call: Call[None, StrayQuery]) -> Answer[StrayPage]:
    """`GET /api/shifts/strays`."""
    query, behind = call.query, None
    if query.cursor is not None:
        at, device, link = unpack(query.cursor, 3)
        behind = StrayPlace(number(at), uuid_bytes(device), _link(link))
    async with call.services.pool.acquire() as connection:
        found = await shift_records.strays(
            connection,
            vendor=uuid_bytes_or_none(query.vendor),
            device=uuid_bytes_or_none(query.device),
            behind=behind,
            limit=query.limit + 1,
        )
    page, following = page_of(found, query.limit, _behind_stray)
    return Answer(StrayPage([stray_view(one) for one in page], following))


async def show_evidence(call: Call[None, EpochQuery]) -> Response:
    """`GET /api/shifts/{deviceId}/{shiftId}/evidence`."""
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        shift = await reading.look_up(connection, call.path["deviceId"], call.path["shiftId"], call.query.epoch)
        bundle = await evidence.make(connection, call.services, shift)
    return bundle_answer(shift, bundle)


def bundle_answer(shift: Shift, bundle: bytes) -> Response:
    """A bundle as a file."""
    name = f"shift-{uuid_text(shift.key.shift)}.cbor"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(bundle, media_type=BUNDLE, headers=headers)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/shifts",
        handle=list_shifts,
        summary="Shifts with both halves, exceptions first",
        answers=ShiftPage,
        media=(CSV,),
        roles=ADMINS,
        query=ShiftListQuery,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/shifts/strays",
        handle=list_strays,
        summary="What terminals sent and what has no place in their journals",
        answers=StrayPage,
        roles=ADMINS,
        query=StrayQuery,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=ONE,
        handle=show_shift,
        summary="A shift: what its till's close says beside what is here, and who decided what",
        answers=ShiftDetail,
        roles=ADMINS,
        query=EpochQuery,
        errors=FINDING,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=f"{ONE}/records",
        handle=list_records,
        summary="A shift record by record, raw and decoded, with the server's answers",
        answers=RecordPage,
        media=(CSV,),
        roles=ADMINS,
        query=RecordsQuery,
        errors=FINDING,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=f"{ONE}/evidence",
        handle=show_evidence,
        summary="A signed bundle of a shift's records and receipts, which `tallystick verify` takes",
        media=(BUNDLE,),
        roles=ADMINS,
        query=EpochQuery,
        errors=(*FINDING, EvidenceTooLargeError),
        tag=TAG,
    ),
)

"""What terminals signed in a shift, record by record and as evidence, and what they sent that has no place."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

from shared.errors import DecodingError
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from syncserver.api.rest.cursors import number, pack, page_of, unpack
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.shift_views import moment
from syncserver.api.rest.shifts import FINDING, ONE, TAG, Epoch, EpochQuery, Id
from syncserver.api.rest.spreadsheets import CSV, csv_answer
from syncserver.api.rest.vendors import Cursor, Limit
from syncserver.people.access import ADMINS
from syncserver.shifts import evidence, reading, records
from syncserver.shifts.errors import EvidenceTooLargeError
from syncserver.shifts.halves import Shift
from syncserver.shifts.records import Line, RecordPlace, Stray, StrayPlace, text_of

BUNDLE = "application/cbor"
_LINK_BYTES = 32


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
        found = await records.records(connection, shift, behind, query.limit + 1)
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
        found = await records.strays(
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

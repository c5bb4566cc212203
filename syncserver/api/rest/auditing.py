"""The audit trail: who did what, found and exported, and its seals, recomputed."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes_or_none, uuid_text
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.spreadsheets import CSV, Row, csv_stream
from syncserver.api.rest.vendor_books import Moment, iso_time
from syncserver.api.rest.vendors import Cursor, Limit
from syncserver.audit import trail
from syncserver.audit.errors import UnknownAuditEntryError
from syncserver.audit.trail import Entry, Filter
from syncserver.audit.verifying import Head, Verified, read_heads, verify
from syncserver.people.access import ADMINS
from syncserver.services import Services

TAG = "Audit"
# What one request recomputes of each chain, at most: some seconds' work. The command recomputes all.
MOST_SEALS = 1_000
_Text = Annotated[str, Meta(max_length=200)]


class AuditQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Entries by somebody, of an action, of objects that begin so, from a time on until another (ms; not in it).

    A CSV has all that fit; a page has at most `limit`, and its `next` is the cursor of the next one.
    """

    actor: _Text | None = None
    action: _Text | None = None
    object: _Text | None = None
    since: Moment = msgspec.field(default=0, name="from")
    until: Moment = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class EntryView(msgspec.Struct, frozen=True, rename="camel"):
    """What somebody did, to what, from where (null where unknown), and what it was before and after. `at` in ms."""

    entry_id: str
    at: int
    actor: str
    action: str
    object: str
    origin: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


class AuditPage(msgspec.Struct, frozen=True, rename="camel"):
    """Entries, the newest first; `next` is the cursor of the next page."""

    entries: list[EntryView]
    next: str | None


class HeadView(msgspec.Struct, frozen=True, rename="camel"):
    """Where a chain of seals ends: the number of its last seal, its head (hex), and how many rows are sealed."""

    chain: str
    seal: int
    head: str
    at: int
    rows: int


class SealsView(msgspec.Struct, frozen=True, rename="camel"):
    """Every chain of seals."""

    chains: list[HeadView]


class VerifyRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How many of each chain's seals are recomputed, the last ones; and heads (hex) that must be among all."""

    latest: Annotated[int, Meta(ge=1, le=MOST_SEALS)] = MOST_SEALS
    heads: Annotated[list[Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]], Meta(max_length=100)] = []


class BreakView(msgspec.Struct, frozen=True, rename="camel"):
    """What is not as it was sealed: by which seal of which chain that shows, and which row it is."""

    broken: str
    meaning: str
    chain: str
    seal: int | None
    row: str | None


class VerifiedView(msgspec.Struct, frozen=True, rename="camel"):
    """What came of it: so many rows were held against their seals, and so many wait for theirs."""

    ok: bool
    checked: int
    waiting: int
    chains: list[HeadView]
    breaks: list[BreakView]


def _filter(query: AuditQuery) -> Filter:
    if query.since > query.until:
        raise DecodingError("from is after to")
    return Filter(actor=query.actor, action=query.action, object=query.object, since=query.since, until=query.until)


async def list_entries(call: Call[None, AuditQuery]) -> Answer[AuditPage] | Response:
    """`GET /api/audit`."""
    query, filter_ = call.query, _filter(call.query)
    if query.format == "csv":
        return entries_csv(call.services, filter_)
    before = uuid_bytes_or_none(query.cursor)
    async with call.services.pool.acquire() as connection:
        found = await trail.listed(connection, filter_, before=before, limit=query.limit + 1)
    page, following = page_of(found, query.limit, lambda one: uuid_text(one.id))
    return Answer(AuditPage([_view(one) for one in page], following))


def _view(entry: Entry) -> EntryView:
    return EntryView(
        entry_id=uuid_text(entry.id),
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        object=entry.object,
        origin=entry.origin,
        before=dict(entry.before) if entry.before is not None else None,
        after=dict(entry.after) if entry.after is not None else None,
        reason=entry.reason,
    )


_COLUMNS = ("entry", "at", "actor", "action", "object", "origin", "before", "after", "reason")


def entries_csv(services: Services, filter_: Filter) -> Response:
    """All entries that fit, as a file."""

    async def pages() -> AsyncIterator[list[Row]]:
        async for page in trail.in_pages(services, filter_):
            yield [_row(entry) for entry in page]

    return csv_stream("audit", _COLUMNS, pages())


def _row(entry: Entry) -> Row:
    before, after = (
        json.dumps(one, ensure_ascii=False) if one is not None else None for one in (entry.before, entry.after)
    )
    return [
        uuid_text(entry.id),
        iso_time(entry.at),
        entry.actor,
        entry.action,
        entry.object,
        entry.origin,
        before,
        after,
        entry.reason,
    ]


async def show_entry(call: Call[None, Nothing]) -> Answer[EntryView]:
    """`GET /api/audit/entries/{entryId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(_view(await trail.read(connection, call.path["entryId"])))


async def list_seals(call: Call[None, Nothing]) -> Answer[SealsView]:
    """`GET /api/audit/seals`."""
    async with call.services.pool.acquire() as connection:
        return Answer(SealsView([_head(one) for one in await read_heads(connection)]))


def _head(head: Head) -> HeadView:
    return HeadView(head.chain, head.number, head.head.hex(), head.at, head.rows)


async def verify_seals(call: Call[VerifyRequest, Nothing]) -> Answer[VerifiedView]:
    """`POST /api/audit/verify`."""
    noted = [bytes.fromhex(head) for head in call.body.heads]
    found = await verify_latest(call.services, call.body.latest, noted)
    breaks = [BreakView(one.broken.value, one.meaning, one.chain, one.seal, one.row) for one in found.breaks]
    return Answer(VerifiedView(found.ok, found.checked, found.waiting, [_head(one) for one in found.heads], breaks))


async def verify_latest(services: Services, latest: int, noted: list[bytes]) -> Verified:
    """Recompute the last seals of each chain, in one snapshot."""
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await verify(connection, services, latest=latest, noted=noted)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/audit",
        handle=list_entries,
        summary="Who did what",
        answers=AuditPage,
        media=(CSV,),
        roles=ADMINS,
        query=AuditQuery,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/audit/entries/{entryId}",
        handle=show_entry,
        summary="One thing that somebody did",
        answers=EntryView,
        roles=ADMINS,
        errors=(UnknownAuditEntryError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/audit/seals",
        handle=list_seals,
        summary="Where the chains of seals end",
        answers=SealsView,
        roles=ADMINS,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/audit/verify",
        handle=verify_seals,
        summary="Recompute the last seals, and hold all that they cover against them",
        answers=VerifiedView,
        roles=ADMINS,
        body=VerifyRequest,
        tag=TAG,
    ),
)

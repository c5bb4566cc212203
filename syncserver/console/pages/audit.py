"""The audit trail: who did what, and whether anybody altered it afterwards."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_text
from syncserver.api.rest.auditing import MOST_SEALS, entries_csv, verify_latest
from syncserver.api.rest.endpoint import Nothing
from syncserver.audit import trail
from syncserver.audit.trail import Filter
from syncserver.audit.verifying import Verified, read_heads
from syncserver.console.page import PREFIX, Form, Page, Visit
from syncserver.console.pages.payments import day

AUDIT = f"{PREFIX}/audit"
ROWS = 50
_HEAD_BYTES = 32
_Short = Annotated[str, Meta(max_length=200)]


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filter as its form sends it: what is empty filters nothing."""

    actor: _Short = ""
    action: _Short = ""
    object: _Short = ""
    by: _Short = ""
    since: _Short = ""
    until: _Short = ""
    cursor: _Short = ""
    format: _Short = ""


class VerifyForm(Form, frozen=True):
    """A head that somebody noted, where they want to know whether it is there."""

    head: _Short = ""


def filter_of(query: ListQuery) -> Filter:
    """The filter that a form asks for.

    Raises:
        DecodingError: it is none.
    """
    return Filter(
        actor=query.actor.strip() or None,
        action=query.action or None,
        object=query.object.strip() or None,
        by_command=query.by == "command",
        since=day(query.since) if query.since else 0,
        until=day(query.until, 1) if query.until else MAX_INTEGER,
    )


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/audit`, or all that fit as a file."""
    query, filter_ = visit.query, filter_of(visit.query)
    if query.format == "csv":
        return entries_csv(visit.services, filter_)
    before = uuid_bytes(query.cursor) if query.cursor else None
    async with visit.services.pool.acquire() as connection:
        found = await trail.listed(connection, filter_, before=before, limit=ROWS + 1)
        actions = await trail.actions(connection)
    rows = found[:ROWS]
    following = uuid_text(rows[-1].id) if len(found) > ROWS else None
    return visit.page("audit_list.html", rows=rows, following=following, actions=actions)


async def show_entry(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/audit/{entry}`."""
    async with visit.services.pool.acquire() as connection:
        return visit.page("audit_one.html", one=await trail.read(connection, visit.path["entry"]))


async def show_seals(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/audit/seals`."""
    return await _seals(visit, None)


async def verify(visit: Visit[Nothing, VerifyForm]) -> Response:
    """`POST /console/audit/seals`: changes nothing, and takes its time."""
    noted = []
    if typed := visit.form.head.strip():
        try:
            noted = [bytes.fromhex(typed)]
        except ValueError as error:
            raise DecodingError("a head has 64 hex digits") from error
        if len(noted[0]) != _HEAD_BYTES:
            raise DecodingError("a head has 64 hex digits")
    return await _seals(visit, await verify_latest(visit.services, MOST_SEALS, noted))


async def _seals(visit: Visit[Nothing, VerifyForm] | Visit[Nothing, None], found: Verified | None) -> Response:
    async with visit.services.pool.acquire() as connection:
        heads = await read_heads(connection)
    return visit.page("audit_seals.html", heads=heads, found=found, most=MOST_SEALS)


_SEALS = Page(path="/audit/seals", show=show_seals)
PAGES = (
    Page(path="/audit", show=show_list, query=ListQuery),
    _SEALS,
    Page(path="/audit/seals", show=verify, form=VerifyForm, again=_SEALS),
    Page(path="/audit/entries/{entry}", show=show_entry),
)

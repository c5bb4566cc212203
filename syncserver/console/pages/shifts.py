"""Shifts: exceptions first, one beside what its till signed, and a shop's day in one action."""

from typing import Annotated, Any

import msgspec
import segno
from markupsafe import Markup
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import ShiftState
from syncserver.api.rest.shift_decisions import report_answer
from syncserver.api.rest.shift_views import LAST_MOMENT, SHIFT_COLUMNS, moment, shift_row
from syncserver.api.rest.shifts import bundle_answer, cursor_of, place_of
from syncserver.api.rest.spreadsheets import csv_answer
from syncserver.console.page import PREFIX, Form, Page, ReasonForm, Visit
from syncserver.console.rendering import when
from syncserver.database.connection import Connection
from syncserver.registry import vendors
from syncserver.shifts import day as days
from syncserver.shifts import deciding, decisions, evidence, listing, reading, resending, writing_off
from syncserver.shifts import records as shift_records
from syncserver.shifts.deciding import Order
from syncserver.shifts.decisions import Action
from syncserver.shifts.halves import UNCLOSED_HOURS, Trouble, money
from syncserver.shifts.listing import Filters

SHIFTS = f"{PREFIX}/shifts"
ROWS = 50
# To choose from; any other shop has a page that leads here.
MOST_SHOPS = 500
RECORDS = 200
WAITS = "Another admin must accept the same figures."
ASKED = "Written down. The till learns what is missing with its next receipt, and sends it then."

WORDS = {
    Trouble.FORK: "its journal contradicts itself",
    Trouble.MISSING: "records are missing",
    Trouble.DIFFERS: "both halves differ",
    Trouble.OUTSIDE: "payments behind its close name it",
    Trouble.REFUSED: "records were refused",
    Trouble.DISPUTED: "somebody disputes it",
    Trouble.LATE: "payments came too late",
    Trouble.NO_OPENING: "nothing opened it",
    Trouble.UNCLOSED: f"open for longer than {UNCLOSED_HOURS} hours",
    Trouble.GAP_BEFORE: "records before it are missing",
    Trouble.AFTER_RECONCILING: "something of it came after it was reconciled",
}


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which shifts: of a shop, a till, a day, in a state, exceptions alone; as a file where `format` is csv."""

    vendor: str = ""
    device: str = ""
    day: str = ""
    state: str = ""
    only: str = ""
    cursor: str = ""
    format: str = ""


class OneQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which epoch, and from which record on."""

    epoch: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    seq: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] = 0


class DayQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which day, such as 2026-11-26 (UTC)."""

    day: str = ""


class DecideForm(Form, frozen=True):
    """What somebody decides of the figures that `version` names, and why."""

    verdict: Action
    version: str
    reason: str = ""


def shown(at: int | None) -> Markup | str:
    """A till's own time, which may be any number that it signed: as others are shown, where a calendar reaches it."""
    return when(at) if at is None or at <= LAST_MOMENT else f"{at} ms"


def date(at: int) -> str:
    """The day of such a time."""
    return str(moment(at))[:10]


def _filters(query: ListQuery) -> Filters:
    if query.state and query.state not in set(ShiftState):
        raise DecodingError("state: not one that a shift has")
    since, until = listing.day_bounds(query.day) if query.day else (0, listing.NEVER)
    return Filters(
        vendor=uuid_bytes(query.vendor) if query.vendor else None,
        device=uuid_bytes(query.device) if query.device else None,
        since=since,
        until=until,
        state=ShiftState(query.state) if query.state else None,
        marked_only=query.only == "exceptions",
    )


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/shifts`: those that need somebody, and below them, folded, those that match."""
    query, now = visit.query, visit.services.clock()
    filters, place = _filters(query), place_of(query.cursor or None)
    async with (
        visit.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        page = await listing.listed(connection, now, filters, place, ROWS)
    following = cursor_of(page.following)
    if query.format == "csv":
        return csv_answer("shifts", SHIFT_COLUMNS, (shift_row(one, now) for one in page.shifts), following)
    rows = [(one, one.troubles(now)) for one in page.shifts]
    shops = await vendors.first_by_name(visit.services, MOST_SHOPS)
    return visit.page(
        "shifts_list.html",
        odd=[row for row in rows if row[1]],
        fine=[row for row in rows if not row[1]],
        following=following,
        states=list(ShiftState),
        shops=[(uuid_text(vendor), name) for vendor, name in shops],
        words=WORDS,
        moment=shown,
        date=date,
        text_of=money,
    )


async def show_one(visit: Visit[OneQuery, Any]) -> Response:
    """`GET /console/shifts/{device}/{shift}`."""
    now = visit.services.clock()
    async with (
        visit.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        one = await reading.look_up(connection, visit.path["device"], visit.path["shift"], visit.query.epoch)
        happened = await decisions.history(connection, one.key)
        behind = shift_records.RecordPlace(visit.query.seq, other=True, link=b"\xff" * 33)
        found = await shift_records.records(connection, one, behind, RECORDS + 1)
        written = await writing_off.left_of(connection, one)
    return visit.page(
        "shifts_one.html",
        one=one,
        troubles=one.troubles(now),
        in_order=one.in_order(now),
        happened=happened,
        written=written,
        lines=found[:RECORDS],
        following=found[RECORDS - 1].seq if len(found) > RECORDS else None,
        words=WORDS,
        moment=shown,
        date=date,
        text_of=money,
        text_of_record=shift_records.text_of,
    )


async def show_evidence(visit: Visit[OneQuery, None]) -> Response:
    """`GET /console/shifts/{device}/{shift}/evidence`."""
    async with (
        visit.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        one = await reading.look_up(connection, visit.path["device"], visit.path["shift"], visit.query.epoch)
        return bundle_answer(one, await evidence.make(connection, visit.services, one))


_DOES = {
    Action.RECONCILE: deciding.decide,
    Action.CLOSE: deciding.decide,
    Action.ACCEPT: deciding.decide,
    Action.DISPUTE: deciding.decide,
    Action.WRITE_OFF: writing_off.write_off,
    Action.TAKE_BACK: writing_off.take_back,
}


async def decide(visit: Visit[OneQuery, DecideForm]) -> Response:
    """`POST /console/shifts/{device}/{shift}/decide`."""
    form = visit.form
    if form.verdict not in _DOES:
        raise DecodingError("verdict: not one")
    order = Order(
        action=form.verdict,
        device=visit.path["device"],
        shift=visit.path["shift"],
        epoch=visit.query.epoch,
        reason=form.reason or None,
        seen=form.version,
        caller=visit.who,
        actor=visit.who.actor,
    )

    async def work(connection: Connection) -> str:
        shift, done = await _DOES[form.verdict](connection, visit.services, order)
        return f"The shift is {shift.state}." if done else WAITS

    return await visit.done(_address(visit), await visit.once(work))


async def resend(visit: Visit[OneQuery, Form]) -> Response:
    """`POST /console/shifts/{device}/{shift}/resend`."""

    async def work(connection: Connection) -> str:
        await resending.ask(
            connection,
            visit.services,
            visit.path["device"],
            visit.path["shift"],
            visit.query.epoch,
            actor=visit.who.actor,
        )
        return ASKED

    return await visit.done(_address(visit), await visit.once(work))


async def re_anchor(visit: Visit[OneQuery, ReasonForm]) -> Response:
    """`POST /console/shifts/{device}/{shift}/re-anchor`: the token is on this page, and nowhere else."""
    device, shift, epoch = visit.path["device"], visit.path["shift"], visit.query.epoch
    async with visit.services.pool.acquire() as connection:
        one = await reading.look_up(connection, device, shift, epoch)
    anchor = await resending.re_anchor(
        visit.services, device, shift, epoch, reason=deciding.required(visit.form.reason), actor=visit.who.actor
    )
    picture = segno.make(anchor.token, error="m").svg_data_uri(scale=5, border=3)
    return visit.page(
        "devices_token.html", token=anchor.token, picture=picture, shop=one.vendor_name, name=one.device_name
    )


async def show_day(visit: Visit[DayQuery, Any]) -> Response:
    """`GET /console/shifts/day/{vendor}`."""
    now = visit.services.clock()
    text = visit.query.day or date(now)
    async with (
        visit.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        day = await days.read_day(connection, visit.path["vendor"], text)
    unfit = {one.key for one in day.unfit(now)}
    return visit.page(
        "shifts_day.html",
        day=day,
        rows=sorted(((one, one.troubles(now)) for one in day.shifts), key=lambda row: row[0].key not in unfit),
        unfit=unfit,
        due=sum(one.state is ShiftState.CLOSED for one in day.shifts),
        words=WORDS,
        moment=shown,
        date=date,
        text_of=money,
    )


async def show_report(visit: Visit[DayQuery, None]) -> Response:
    """`GET /console/shifts/day/{vendor}/report`."""
    return await report_answer(visit.services, visit.path["vendor"], visit.query.day)


async def reconcile_day(visit: Visit[DayQuery, Form]) -> Response:
    """`POST /console/shifts/day/{vendor}/reconcile`."""

    async def work(connection: Connection) -> str:
        _, done = await days.reconcile_day(
            connection, visit.services, visit.path["vendor"], visit.query.day, actor=visit.who.actor
        )
        return f"{done} shifts were reconciled."

    notice = await visit.once(work)
    return await visit.done(f"{SHIFTS}/day/{uuid_text(visit.path['vendor'])}?day={visit.query.day}", notice)


def _address(visit: Visit[OneQuery, Any]) -> str:
    here = f"{SHIFTS}/{uuid_text(visit.path['device'])}/{uuid_text(visit.path['shift'])}"
    return f"{here}{visit.query_text(seq='')}"


_ONE = Page(path="/shifts/{device}/{shift}", show=show_one, query=OneQuery)
_DAY = Page(path="/shifts/day/{vendor}", show=show_day, query=DayQuery)
PAGES = (
    Page(path="/shifts", show=show_list, query=ListQuery),
    _DAY,
    Page(path="/shifts/day/{vendor}/report", show=show_report, query=DayQuery),
    Page(path="/shifts/day/{vendor}/reconcile", show=reconcile_day, query=DayQuery, form=Form, again=_DAY),
    _ONE,
    Page(path="/shifts/{device}/{shift}/evidence", show=show_evidence, query=OneQuery),
    Page(path="/shifts/{device}/{shift}/decide", show=decide, query=OneQuery, form=DecideForm, again=_ONE),
    Page(path="/shifts/{device}/{shift}/resend", show=resend, query=OneQuery, form=Form, again=_ONE),
    Page(path="/shifts/{device}/{shift}/re-anchor", show=re_anchor, query=OneQuery, form=ReasonForm, again=_ONE),
)

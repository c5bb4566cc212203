"""Flagged payments: the queue, one of them with all that decides it, and deciding many."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

from shared.errors import DecodingError, MoneyError
from shared.fields import MAX_INTEGER, checked_wallet
from shared.ids import uuid_bytes, uuid_text
from shared.money import Money
from shared.reasons import Reason
from shared.rules.decision import MS_PER_HOUR
from syncserver.api.rest import cursors
from syncserver.api.rest.endpoint import Nothing
from syncserver.console.drawing import Point, chart_map
from syncserver.console.page import PREFIX, Form, Page, Visit
from syncserver.database.connection import Connection
from syncserver.payments import dossier, queue, review, talk, views
from syncserver.payments.dossier import Dossier
from syncserver.payments.explained import in_words
from syncserver.payments.queue import Filter, Place, Talk
from syncserver.payments.views import PaymentView
from syncserver.people import bulk
from syncserver.people.bulk import Outcome
from syncserver.people.reviewing import Decision, decide

FLAGGED = f"{PREFIX}/flagged"
ROWS = 50


class QueueQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which flagged payments; amounts in decimals, `hours` is how old they are at least."""

    reason: str = ""
    vendor: str = ""
    device: str = ""
    wallet: str = ""
    currency: str = ""
    least: str = ""
    most: str = ""
    hours: str = ""
    asked: str = ""
    cursor: str = ""


class DecideForm(Form, frozen=True):
    """What is said of a payment, as its admin saw it."""

    decision: Literal["approve", "reject"]
    version: int
    reason: str = ""


class AskForm(Form, frozen=True):
    """What its vendor is asked."""

    question: str


class BulkForm(Form, frozen=True):
    """What is said of all that is filtered, and how many the admin typed that there are."""

    decision: Literal["approve", "reject"]
    count: int
    reason: str = ""


class BulkQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the payments of a bulk decision: of an outcome, from behind a position."""

    outcome: str = ""
    cursor: str = ""


def _filter_of(visit: Visit[QueueQuery, Any]) -> Filter:
    query = visit.query
    if query.asked and query.asked not in list(Talk):
        raise DecodingError("asked: not one of those that there are")
    if query.hours and not (query.hours.isascii() and query.hours.isdecimal() and len(query.hours) < _MOST_DIGITS):
        raise DecodingError("older than: a number of hours")
    if (query.least or query.most) and not query.currency:
        raise MoneyError("an amount needs its currency")
    hours = int(query.hours) if query.hours else 0
    return Filter(
        until=max(0, visit.services.clock() - hours * MS_PER_HOUR) if hours else MAX_INTEGER,
        reason=query.reason or None,
        vendor=uuid_bytes(query.vendor) if query.vendor else None,
        device=uuid_bytes(query.device) if query.device else None,
        wallet=checked_wallet(query.wallet, "wallet") if query.wallet else None,
        currency=query.currency or None,
        least=Money.parse(query.least, query.currency).minor if query.least else 0,
        most=Money.parse(query.most, query.currency).minor if query.most else MAX_INTEGER,
        talk=Talk(query.asked) if query.asked else None,
    )


_MOST_DIGITS = 6


async def show_queue(visit: Visit[QueueQuery, None]) -> Response:
    """`GET /console/flagged`."""
    of, behind = _filter_of(visit), Place()
    if visit.query.cursor:
        received_at, wallet, payment = cursors.unpack(visit.query.cursor, 3)
        behind = Place(cursors.number(received_at), checked_wallet(wallet, "cursor"), uuid_bytes(payment))
    async with visit.services.pool.acquire() as connection:
        found = await queue.page(connection, of, behind, ROWS + 1)
    rows, following = found[:ROWS], None
    if len(found) > ROWS:
        last = rows[-1].place
        following = cursors.pack(last.received_at, last.wallet, uuid_text(last.payment))
    return visit.page(
        "flagged_list.html",
        rows=rows,
        # Nobody waits for the sums of thousands: the page fetches them once it is there.
        sums=queue.sums_of(rows) if following is None and not visit.query.cursor else None,
        following=following,
        reasons=list(Reason),
        words=in_words,
    )


async def show_sums(visit: Visit[QueueQuery, None]) -> Response:
    """`GET /console/flagged/sums`: a page of its own, and what the queue's page fetches once it is there."""
    async with visit.services.pool.acquire() as connection:
        sums = await queue.sums(connection, _filter_of(visit))
    return visit.page("flagged_sums.html", sums=sums, words=in_words)


async def show_one(visit: Visit[QueueQuery, Any]) -> Response:
    """`GET /console/flagged/{wallet}/{payment}`: with the one that comes next in the same filter."""
    async with (
        visit.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        view = await _look_up(connection, visit)
        found = await dossier.gather(connection, view)
        behind = Place(view.row["received_at"], view.wallet, view.payment)
        following = await queue.page(connection, _filter_of(visit), behind, 1)
    return visit.page(
        "flagged_one.html",
        one=found,
        map=_map(found),
        here=_address(view),
        following=_address(following[0].view) if following else None,
        most=talk.MOST_CHARACTERS,
    )


async def _look_up(connection: Connection, visit: Visit[Any, Any]) -> PaymentView:
    wallet = checked_wallet(visit.texts["wallet"], "wallet")
    return await views.look_up(connection, visit.path["payment"], wallet)


def _address(view: PaymentView) -> str:
    return f"{FLAGGED}/{view.wallet}/{uuid_text(view.payment)}"


def _map(found: Dossier) -> Any:
    if found.home is None or found.place is None:
        return None
    points = [Point(found.home, "home", "info"), Point(found.place, "paid here", "bad")]
    return chart_map(
        f"Home and the place of the payment, {found.distance_m} metres apart; the ring is the {found.radius_m} metres "
        "that its book allowed",
        points,
        circle=(found.home, found.radius_m),
    )


async def decide_one(visit: Visit[QueueQuery, DecideForm]) -> Response:
    """`POST /console/flagged/{wallet}/{payment}/decide`; then the one that comes next in the same filter."""
    form = visit.form
    decision = Decision(approve=form.decision == "approve", reason=form.reason.strip() or None, version=form.version)

    async def work(connection: Connection) -> str:
        view = await _look_up(connection, visit)
        money = Money(view.amount, view.currency)
        if not await decide(connection, visit.services, visit.who, view, decision):
            return f"{money} takes a second admin, who has to say the same. It stays flagged."
        return f"{money} was {'approved' if decision.approve else 'rejected'}."

    notice = await visit.once(work)
    async with visit.services.pool.acquire() as connection:
        view = await _look_up(connection, visit)
        behind = Place(view.row["received_at"], view.wallet, view.payment)
        following = await queue.page(connection, _filter_of(visit), behind, 1)
    there = _address(following[0].view) if following else FLAGGED
    return await visit.done(there + visit.query_text(), notice)


async def ask(visit: Visit[QueueQuery, AskForm]) -> Response:
    """`POST /console/flagged/{wallet}/{payment}/ask`."""

    async def work(connection: Connection) -> str:
        case = await review.open_case(connection, await _look_up(connection, visit))
        await talk.ask(connection, visit.services, case, visit.form.question, visit.who.actor)
        return "The vendor is asked. The payment stays flagged."

    notice = await visit.once(work)
    address = f"{FLAGGED}/{visit.texts['wallet']}/{uuid_text(visit.path['payment'])}"
    return await visit.done(address + visit.query_text(), notice)


async def show_all(visit: Visit[QueueQuery, Any]) -> Response:
    """`GET /console/flagged/all`: all that is filtered, to be decided together."""
    async with visit.services.pool.acquire() as connection:
        sums = await queue.sums(connection, _filter_of(visit))
    return visit.page("flagged_all.html", sums=sums, words=in_words)


async def decide_all(visit: Visit[QueueQuery, BulkForm]) -> Response:
    """`POST /console/flagged/all`."""
    form, of = visit.form, _filter_of(visit)
    decision = Decision(approve=form.decision == "approve", reason=form.reason.strip() or None)

    async def work(connection: Connection) -> str:
        begun = await bulk.begin(connection, visit.services, visit.who, of, decision=decision, typed=form.count)
        return uuid_text(begun)

    return visit.go(f"{FLAGGED}/bulk/{await visit.once(work)}")


async def show_bulk(visit: Visit[BulkQuery, Any]) -> Response:
    """`GET /console/flagged/bulk/{bulk}`: how far it is, and what became of each payment."""
    query, bulk_id = visit.query, visit.path["bulk"]
    if query.outcome and query.outcome not in list(Outcome):
        raise DecodingError("outcome: not one of those that there are")
    behind = min(cursors.number(query.cursor), _MOST_POSITION) if query.cursor else 0
    async with visit.services.pool.acquire() as connection:
        asked = await bulk.read(connection, bulk_id)
        progress = await bulk.progress(connection, bulk_id)
        outcome = Outcome(query.outcome) if query.outcome else None
        rows = await bulk.items(connection, bulk_id, behind=behind, outcome=outcome, limit=ROWS + 1)
    following = str(rows[ROWS - 1]["position"]) if len(rows) > ROWS else None
    return visit.page(
        "flagged_bulk.html",
        asked=asked,
        progress=progress,
        rows=rows[:ROWS],
        following=following,
        outcomes=list(Outcome),
        mine=asked.asked_by == visit.who.user_id,
    )


_MOST_POSITION = 2**31 - 1


async def go_on(visit: Visit[BulkQuery, Form]) -> Response:
    """`POST /console/flagged/bulk/{bulk}/continue`. Whatever was decided is not decided again."""
    await bulk.go_on(visit.services, visit.who, visit.path["bulk"])
    return visit.go(f"{FLAGGED}/bulk/{uuid_text(visit.path['bulk'])}")


_ONE = "/flagged/{wallet}/{payment}"
_WALLET = frozenset({"wallet"})
_LIST = Page(path="/flagged", show=show_queue, query=QueueQuery)
_ALL = Page(path="/flagged/all", show=show_all, query=QueueQuery)
_BULK = Page(path="/flagged/bulk/{bulk}", show=show_bulk, query=BulkQuery)
_SHOWN = Page(path=_ONE, show=show_one, query=QueueQuery, texts=_WALLET)
PAGES = (
    _LIST,
    _ALL,
    Page(path="/flagged/all", show=decide_all, query=QueueQuery, form=BulkForm, again=_ALL),
    Page(path="/flagged/sums", show=show_sums, query=QueueQuery),
    _BULK,
    Page(path="/flagged/bulk/{bulk}/continue", show=go_on, query=Nothing, form=Form, again=_BULK),
    _SHOWN,
    Page(path=f"{_ONE}/decide", show=decide_one, query=QueueQuery, form=DecideForm, texts=_WALLET, again=_SHOWN),
    Page(path=f"{_ONE}/ask", show=ask, query=QueueQuery, form=AskForm, texts=_WALLET, again=_SHOWN),
)

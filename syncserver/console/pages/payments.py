"""Payments: all of them by any filter, and each with all that there is of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, wallet_number
from shared.lifecycles import PaymentState
from shared.money import Money, minor_digits
from shared.reasons import Reason
from syncserver.api.rest.payment_lists import cursor_of, payments_csv, place_of
from syncserver.console.page import PREFIX, Page, Visit
from syncserver.payments import listing, views, whole
from syncserver.payments.listing import Filter

PAYMENTS = f"{PREFIX}/payments"
ROWS = 50
_Short = Annotated[str, Meta(max_length=64)]


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filter as its form sends it: what is empty filters nothing. Amounts as people write them, days of arrival."""

    state: _Short = ""
    reason: _Short = ""
    vendor: _Short = ""
    device: _Short = ""
    wallet: _Short = ""
    channel: _Short = ""
    currency: _Short = ""
    least: _Short = ""
    most: _Short = ""
    since: _Short = ""
    until: _Short = ""
    cursor: Annotated[str, Meta(max_length=200)] = ""
    format: _Short = ""


class OneQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose payment, where several wallets have one with this id."""

    wallet: _Short = ""


def filter_of(query: ListQuery) -> Filter:
    """The filter that a form asks for.

    Raises:
        DecodingError, WalletNumberError, MoneyError, CurrencyError: it is none.
    """
    try:
        state = PaymentState(query.state) if query.state else None
    except ValueError as error:
        raise DecodingError("no payment is in such a state") from error
    currency = query.currency.strip().upper() or None
    if currency is not None:
        minor_digits(currency)
    return Filter(
        state=state,
        reason=query.reason or None,
        vendor=uuid_bytes(query.vendor) if query.vendor else None,
        device=uuid_bytes(query.device) if query.device else None,
        wallet=wallet_number(query.wallet) if query.wallet else None,
        channel=query.channel or None,
        currency=currency,
        least=_amount(query.least, currency) if query.least else 0,
        most=_amount(query.most, currency) if query.most else MAX_INTEGER,
        since=day(query.since) if query.since else 0,
        until=day(query.until, 1) if query.until else MAX_INTEGER,
    )


def _amount(text: str, currency: str | None) -> int:
    if currency is None:
        raise DecodingError("an amount needs its currency")
    return Money.parse(text, currency).minor


def day(text: str, later: int = 0) -> int:
    """When a day (ISO 8601, UTC) begins, or one so many days later, in ms.

    Raises:
        DecodingError: it is none.
    """
    try:
        begins = datetime.combine(date.fromisoformat(text) + timedelta(days=later), datetime.min.time(), UTC)
    except (ValueError, OverflowError) as error:
        raise DecodingError("a day is written as 2026-11-21") from error
    return max(0, int(begins.timestamp()) * 1_000)


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/payments`, or all that fit as a file."""
    query, filter_ = visit.query, filter_of(visit.query)
    if query.format == "csv":
        return payments_csv(visit.services, filter_)
    behind = place_of(query.cursor) if query.cursor else None
    found = await listing.page_of(visit.services, filter_, behind=behind, limit=ROWS)
    return visit.page(
        "payments_list.html",
        rows=found.payments,
        following=cursor_of(found.following) if found.following is not None else None,
        looked_until=found.looked_until,
        first=behind is None,
        states=list(PaymentState)[2:],
        reasons=[reason.value for reason in Reason],
    )


async def show_count(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/payments/count`: a page of its own, and what the list's page fetches once it is there."""
    counted = await listing.count(visit.services, filter_of(visit.query))
    return visit.page("payments_count.html", count=counted)


async def show_one(visit: Visit[OneQuery, None]) -> Response:
    """`GET /console/payments/{payment}`."""
    wallet = wallet_number(visit.query.wallet) if visit.query.wallet else None
    async with visit.services.pool.acquire() as connection:
        view = await views.look_up(connection, visit.path["payment"], wallet)
        events = await views.events(connection, view)
        refunds = await views.refunds(connection, view)
        moved = await whole.transfers(connection, view)
        records = await whole.records(connection, view)
    return visit.page(
        "payments_one.html", one=view, row=view.row, events=events, refunds=refunds, moved=moved, records=records
    )


PAGES = (
    Page(path="/payments", show=show_list, query=ListQuery),
    Page(path="/payments/count", show=show_count, query=ListQuery),
    Page(path="/payments/{payment}", show=show_one, query=OneQuery),
)

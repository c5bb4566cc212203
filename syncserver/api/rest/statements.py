"""A wallet's statement, in pages of JSON or as CSV."""

import asyncio
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_text_or_none
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.wallets import OWNERS, TAG
from syncserver.wallets import accounts, statement
from syncserver.wallets.errors import StatementTooLongError, UnknownWalletError
from syncserver.wallets.statement import Line, Lines, Period

CSV, JSON = "text/csv", "application/json"
DEFAULT_LINES = 50

_Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class StatementQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """From a time on, until another (ms; the second is not in it); `cursor` is the `next` of the page before.

    A CSV without limit and cursor is of the whole time.
    """

    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    limit: Annotated[int, Meta(ge=1, le=statement.ROWS_OF_PAGE)] | None = None
    cursor: Annotated[int, Meta(ge=1, le=MAX_INTEGER)] | None = None
    format: Literal["json", "csv"] | None = None


class Balances(msgspec.Struct, frozen=True, rename="camel"):
    """What the wallet had after a transfer."""

    online: Sum
    offline: Sum
    held: Sum
    in_review: Sum


class LineView(msgspec.Struct, frozen=True, rename="camel"):
    """One transfer: why, from which account to which, and for what. `at` in ms; numbers grow with it, with gaps."""

    number: int
    at: int
    cause: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    amount: Sum
    balances: Balances
    payment: str | None
    series: str | None
    vendor: str | None
    vendor_name: str | None


class StatementView(msgspec.Struct, frozen=True, rename="camel"):
    """Some of a wallet's transfers, the newest first; `next` is null at the end."""

    wallet: str
    currency: str
    lines: list[LineView]
    next: int | None


async def read_statement(call: Call[None, StatementQuery]) -> Answer[StatementView] | Response:
    """`GET /api/wallets/statement/{userId}`."""
    query = call.query
    period = Period(query.since, query.until)
    if period.since > period.until:
        raise DecodingError("from is after to")
    as_csv = _wants_csv(call.request, query.format)
    async with call.services.pool.acquire() as connection:
        wallet = await accounts.of_customer(connection, call.path["userId"])
        if as_csv and query.limit is None and query.cursor is None:
            found = Lines(tuple(await statement.read_whole(connection, wallet.wallet, period)), more=False)
        else:
            limit, below = query.limit or DEFAULT_LINES, query.cursor or MAX_INTEGER
            found = await statement.read_lines(connection, wallet.wallet, period, below=below, limit=limit)
    following = found.lines[-1].number if found.more else None
    if as_csv:
        text = await asyncio.to_thread(statement.to_csv, found.lines, wallet.currency)
        return _csv(text, wallet.wallet, following)
    lines = [_line(one, wallet.currency) for one in found.lines]
    return Answer(StatementView(wallet.wallet, wallet.currency, lines, following))


def _wants_csv(request: Request, asked: str | None) -> bool:
    if asked is not None:
        return asked == "csv"
    accepted = {one.partition(";")[0].strip().lower() for one in request.headers.get("accept", "").split(",")}
    return CSV in accepted and JSON not in accepted


def _csv(text: str, wallet: str, following: int | None) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="statement-{wallet}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if following is not None:
        headers["X-Next-Cursor"] = str(following)
    return Response(text, media_type=CSV, headers=headers)


def _line(line: Line, currency: str) -> LineView:
    sums = [Sum.of(minor, currency) for minor in (line.online, line.offline, line.held, line.in_review)]
    payment, series, vendor = (uuid_text_or_none(one) for one in (line.payment, line.series, line.vendor))
    return LineView(
        number=line.number,
        at=line.at,
        cause=line.cause,
        source=line.debit,
        target=line.credit,
        amount=Sum.of(line.amount, currency),
        balances=Balances(*sums),
        payment=payment,
        series=series,
        vendor=vendor,
        vendor_name=line.vendor_name,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/wallets/statement/{userId}",
        handle=read_statement,
        summary="What moved in a wallet, with the balances after it",
        answers=StatementView,
        media=(CSV,),
        roles=OWNERS,
        owner="userId",
        query=StatementQuery,
        errors=(UnknownWalletError, StatementTooLongError),
        tag=TAG,
    ),
)

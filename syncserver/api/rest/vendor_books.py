"""A shop's sales and statement, as pages and as files."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from shared.lifecycles import Status
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.cursors import number, pack, unpack
from syncserver.api.rest.endpoint import Answer, Call
from syncserver.api.rest.spreadsheets import CSV, csv_answer
from syncserver.api.rest.vendors import Cursor, Limit, of_vendor
from syncserver.database.row_ids import text_or_none
from syncserver.registry import sales
from syncserver.registry.sales import Line, LinePlace, Period, Place, Sale

Moment = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class SalesQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payments of a state, of a device, received from a time on until another (ms; the second is not in it)."""

    state: Literal["settled", "flagged", "failed", "voided"] | None = None
    device: Annotated[str, Meta(max_length=36)] | None = None
    since: Moment = msgspec.field(default=0, name="from")
    until: Moment = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class SaleView(msgspec.Struct, frozen=True, rename="camel"):
    """A payment at a shop. Times in ms; `takenAt` is when it was taken, `receivedAt` when it came here.

    `wallet` shows its last four digits alone; `device` is null where the payment was made online.
    """

    payment: str
    state: str
    reasons: list[str]
    amount: Sum
    wallet: str
    device: str | None
    taken_at: int
    received_at: int
    decided_at: int | None


class SalePage(msgspec.Struct, frozen=True, rename="camel"):
    """Sales, the newest first; `next` is the cursor of the next page."""

    sales: list[SaleView]
    next: str | None


class VendorStatementQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Transfers from a time on until another (ms; the second is not in it)."""

    since: Moment = msgspec.field(default=0, name="from")
    until: Moment = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class VendorLineView(msgspec.Struct, frozen=True, rename="camel"):
    """One transfer to the shop (above zero) or from it, why, and what it was owed after that. `at` in ms.

    It is about a payment, or about a payout.
    """

    at: int
    cause: str
    payment: str | None
    payout: str | None
    amount: Sum
    balance: Sum


class VendorStatementPage(msgspec.Struct, frozen=True, rename="camel"):
    """What moved, the newest first, and what is owed now; `next` is the cursor of the next page."""

    owed: Sum
    payable: Sum
    pending: Sum
    lines: list[VendorLineView]
    next: str | None


async def list_sales(call: Call[None, SalesQuery]) -> Answer[SalePage] | Response:
    """`GET /api/vendors/{vendorId}/sales`."""
    query, vendor = call.query, call.path["vendorId"]
    before = None
    if query.cursor is not None:
        at, payment = unpack(query.cursor, 2)
        before = Place(number(at), uuid_bytes(payment))
    async with call.services.pool.acquire() as connection:
        await sales.show_vendor(connection, vendor)
        found = await sales.sales(
            connection,
            vendor,
            _period(query),
            status=Status(query.state) if query.state is not None else None,
            device=uuid_bytes_or_none(query.device),
            before=before,
            limit=query.limit,
        )
    following = pack(found[-1].received, uuid_text(found[-1].payment)) if len(found) >= query.limit else None
    if query.format == "csv":
        return csv_answer(f"sales-{uuid_text(vendor)}", _SALE_COLUMNS, map(_sale_row, found), following)
    return Answer(SalePage([_sale(one) for one in found], following))


def _period(query: SalesQuery | VendorStatementQuery) -> Period:
    if query.since > query.until:
        raise DecodingError("from is after to")
    return Period(query.since, query.until)


def _sale(sale: Sale) -> SaleView:
    row = sale.row
    return SaleView(
        payment=uuid_text(sale.payment),
        state=sale.status.value,
        reasons=list(row["reasons"]),
        amount=Sum.of(row["amount"], row["currency"]),
        wallet=masked(row["wallet"]),
        device=text_or_none(row["device"]),
        taken_at=row["taken_at"],
        received_at=row["received_at"],
        decided_at=row["decided_at"],
    )


_SALE_COLUMNS = ("payment", "state", "reasons", "amount", "currency", "wallet", "device", "taken_at", "received_at")


def _sale_row(sale: Sale) -> list[str | int | None]:
    one = _sale(sale)
    return [
        one.payment,
        one.state,
        " ".join(one.reasons),
        one.amount.text,
        one.amount.currency,
        one.wallet,
        one.device,
        iso_time(one.taken_at),
        iso_time(one.received_at),
    ]


def masked(wallet: str) -> str:
    """A wallet's number as a shop may see it: enough to tell two customers of a day apart."""
    return "*" * (len(wallet) - 4) + wallet[-4:]


def iso_time(at: int) -> str:
    """A time as a spreadsheet reads it (UTC)."""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def show_statement(call: Call[None, VendorStatementQuery]) -> Answer[VendorStatementPage] | Response:
    """`GET /api/vendors/{vendorId}/statement`."""
    query, vendor = call.query, call.path["vendorId"]
    before = None
    if query.cursor is not None:
        at, about, line = unpack(query.cursor, 3)
        before = LinePlace(number(at), uuid_bytes(about), number(line))
    period = _period(query)
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        shop, _ = await sales.show_vendor(connection, vendor)
        owed, lines = await sales.statement(connection, vendor, period, before=before, limit=query.limit)
    following = None
    if len(lines) >= query.limit:
        last = lines[-1]
        following = pack(last.at, uuid_text(last.about), last.number)
    if query.format == "csv":
        rows = (_line_row(line, shop.currency) for line in lines)
        return csv_answer(f"statement-{uuid_text(vendor)}", _LINE_COLUMNS, rows, following)
    total, payable, pending = (Sum.of(minor, shop.currency) for minor in (owed.total, owed.payable, owed.pending))
    return Answer(
        VendorStatementPage(total, payable, pending, [_line(line, shop.currency) for line in lines], following)
    )


def _line(line: Line, currency: str) -> VendorLineView:
    return VendorLineView(
        at=line.at,
        cause=line.cause,
        payment=None if line.paid_out else uuid_text(line.about),
        payout=uuid_text(line.about) if line.paid_out else None,
        amount=Sum.of(line.amount, currency),
        balance=Sum.of(line.balance, currency),
    )


_LINE_COLUMNS = ("at", "cause", "payment", "payout", "amount", "balance", "currency")


def _line_row(line: Line, currency: str) -> list[str | int | None]:
    one = _line(line, currency)
    return [iso_time(one.at), one.cause, one.payment, one.payout, one.amount.text, one.balance.text, currency]


ENDPOINTS = (
    of_vendor("/sales", list_sales, "Payments at a shop", SalePage, SalesQuery, CSV),
    of_vendor(
        "/statement", show_statement, "What moved to a shop and from it", VendorStatementPage, VendorStatementQuery, CSV
    ),
)

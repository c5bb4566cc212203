"""Vendors: their sales, their terminals, what they are owed and what they can lose."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import DeviceState, Status
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.cursors import number, pack, unpack
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.spreadsheets import CSV, csv_answer
from syncserver.people.access import ADMINS, Role
from syncserver.registry import exposure, sales, vendors
from syncserver.registry.errors import UnknownVendorError
from syncserver.registry.sales import Line, LinePlace, Owed, Period, Place, Sale
from syncserver.registry.vendors import Vendor

TAG = "Vendors"
GAPS_SHOWN = 10
OWNERS = ADMINS | {Role.VENDOR}

_Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Limit = Annotated[int, Meta(ge=1, le=200)]
_Cursor = Annotated[str, Meta(max_length=200)]


class VendorView(msgspec.Struct, frozen=True, rename="camel"):
    """A shop. Its place is in 1e-7 degree; it is owed `payable` and `pending`, which is added up within seconds."""

    vendor_id: str
    name: str
    lat: int
    lon: int
    currency: str
    blocked: bool
    owed: Sum
    payable: Sum
    pending: Sum


class VendorPage(msgspec.Struct, frozen=True, rename="camel"):
    """Shops, the oldest first; `next` is the cursor of the next page."""

    vendors: list[VendorView]
    next: str | None


class VendorListQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where a page begins, and how long it is."""

    cursor: _Cursor | None = None
    limit: _Limit = 50


class SalesQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payments of a state, of a device, received from a time on until another (ms; the second is not in it)."""

    state: Literal["settled", "flagged", "failed", "voided"] | None = None
    device: Annotated[str, Meta(max_length=36)] | None = None
    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: _Cursor | None = None
    limit: _Limit = 50
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


class TerminalView(msgspec.Struct, frozen=True, rename="camel"):
    """A till. `missing` records are known of and not here; `exposure` is the most that it can have taken unsent.

    `gaps` are the first ranges of them in its current journal, ten at most.
    """

    device: str
    name: str
    model: str
    epoch: int
    state: str
    last_seen_at: int | None
    through: int
    missing: int
    gaps: list[tuple[int, int]]
    exposure: Sum


class TerminalPage(msgspec.Struct, frozen=True, rename="camel"):
    """Tills, the oldest first; `next` is the cursor of the next page."""

    terminals: list[TerminalView]
    next: str | None


class ExposureView(msgspec.Struct, frozen=True, rename="camel"):
    """What a shop can lose at this moment, at most: `bound` is `unsynced` and `flagged` together.

    `unsynced` is what its `terminals` can have taken and not sent; `flagged` waits for an admin; `forACode` is what one
    code costs that is shown at all of its tills while they can't hear each other.
    """

    bound: Sum
    unsynced: Sum
    flagged: Sum
    flagged_payments: int
    for_a_code: Sum
    terminals: int
    loss_bearer: str


class VendorStatementQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Transfers from a time on until another (ms; the second is not in it)."""

    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: _Cursor | None = None
    limit: _Limit = 50
    format: Literal["json", "csv"] = "json"


class VendorLineView(msgspec.Struct, frozen=True, rename="camel"):
    """One transfer to the shop (above zero) or from it, why, and what it was owed after that. `at` in ms."""

    at: int
    cause: str
    payment: str
    amount: Sum
    balance: Sum


class VendorStatementPage(msgspec.Struct, frozen=True, rename="camel"):
    """What moved, the newest first, and what is owed now; `next` is the cursor of the next page."""

    owed: Sum
    payable: Sum
    pending: Sum
    lines: list[VendorLineView]
    next: str | None


def _view(vendor: Vendor, owed: Owed) -> VendorView:
    return VendorView(
        vendor_id=uuid_text(vendor.id),
        name=vendor.name,
        lat=vendor.place.lat,
        lon=vendor.place.lon,
        currency=vendor.currency,
        blocked=vendor.blocked,
        owed=Sum.of(owed.total, vendor.currency),
        payable=Sum.of(owed.payable, vendor.currency),
        pending=Sum.of(owed.pending, vendor.currency),
    )


async def list_vendors(call: Call[None, VendorListQuery]) -> Answer[VendorPage]:
    """`GET /api/vendors`."""
    after = uuid_bytes(call.query.cursor) if call.query.cursor is not None else None
    async with call.services.pool.acquire() as connection:
        found = await sales.list_vendors(connection, after, call.query.limit + 1)
    page = found[: call.query.limit]
    following = uuid_text(page[-1][0].id) if len(found) > call.query.limit else None
    return Answer(VendorPage([_view(*one) for one in page], following))


async def show_vendor(call: Call[None, Nothing]) -> Answer[VendorView]:
    """`GET /api/vendors/{vendorId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(_view(*await sales.show_vendor(connection, call.path["vendorId"])))


async def block(call: Call[None, Nothing]) -> Answer[VendorView]:
    """`POST /api/vendors/{vendorId}/block`."""
    await vendors.block_vendor(call.services, call.path["vendorId"], blocked=True)
    return await show_vendor(call)


async def unblock(call: Call[None, Nothing]) -> Answer[VendorView]:
    """`POST /api/vendors/{vendorId}/unblock`."""
    await vendors.block_vendor(call.services, call.path["vendorId"], blocked=False)
    return await show_vendor(call)


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
            device=uuid_bytes(query.device) if query.device is not None else None,
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
        device=str(row["device"]) if row["device"] is not None else None,
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
        _iso(one.taken_at),
        _iso(one.received_at),
    ]


def masked(wallet: str) -> str:
    """A wallet's number as a shop may see it: enough to tell two customers of a day apart."""
    return "*" * (len(wallet) - 4) + wallet[-4:]


def _iso(at: int) -> str:
    """A time as a spreadsheet reads it (UTC)."""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def list_terminals(call: Call[None, VendorListQuery]) -> Answer[TerminalPage]:
    """`GET /api/vendors/{vendorId}/terminals`."""
    query, now = call.query, call.services.clock()
    after = uuid_bytes(query.cursor) if query.cursor is not None else None
    async with call.services.pool.acquire() as connection:
        vendor, _ = await sales.show_vendor(connection, call.path["vendorId"])
        found = await exposure.terminals(connection, vendor.id, now, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    following = uuid_text(page[-1].view.device) if len(found) > query.limit else None
    return Answer(TerminalPage([_terminal(one, vendor.currency) for one in page], following))


def _terminal(one: exposure.TerminalExposure, currency: str) -> TerminalView:
    return TerminalView(
        device=uuid_text(one.view.device),
        name=one.view.name,
        model=one.view.model,
        epoch=one.view.epoch,
        state=DeviceState(one.view.state).value,
        last_seen_at=one.view.last_seen_at,
        through=one.view.through,
        missing=one.missing,
        gaps=list(one.view.missing[:GAPS_SHOWN]),
        exposure=Sum.of(one.at_most, currency),
    )


async def show_exposure(call: Call[None, Nothing]) -> Answer[ExposureView]:
    """`GET /api/vendors/{vendorId}/exposure`."""
    async with call.services.pool.acquire() as connection:
        vendor, _ = await sales.show_vendor(connection, call.path["vendorId"])
        found = await exposure.exposure(connection, vendor.id, call.services.clock())
    bound, unsynced, flagged, for_a_code = (
        Sum.of(minor, vendor.currency) for minor in (found.bound, found.unsynced, found.flagged, found.for_a_code)
    )
    return Answer(
        ExposureView(
            bound=bound,
            unsynced=unsynced,
            flagged=flagged,
            flagged_payments=found.flagged_payments,
            for_a_code=for_a_code,
            terminals=found.terminals,
            loss_bearer=found.loss_bearer,
        )
    )


async def show_statement(call: Call[None, VendorStatementQuery]) -> Answer[VendorStatementPage] | Response:
    """`GET /api/vendors/{vendorId}/statement`."""
    query, vendor = call.query, call.path["vendorId"]
    before = None
    if query.cursor is not None:
        at, payment, line = unpack(query.cursor, 3)
        before = LinePlace(number(at), uuid_bytes(payment), number(line))
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
        following = pack(last.at, uuid_text(last.payment), last.number)
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
        payment=uuid_text(line.payment),
        amount=Sum.of(line.amount, currency),
        balance=Sum.of(line.balance, currency),
    )


_LINE_COLUMNS = ("at", "cause", "payment", "amount", "balance", "currency")


def _line_row(line: Line, currency: str) -> list[str | int | None]:
    one = _line(line, currency)
    return [_iso(one.at), one.cause, one.payment, one.amount.text, one.balance.text, currency]


def _of_vendor(path: str, handle: object, summary: str, answers: object, query: object, *media: str) -> Endpoint:
    """A page about one vendor, for its people and for admins."""
    return Endpoint(
        method="GET",
        path=f"/api/vendors/{{vendorId}}{path}",
        handle=handle,  # type: ignore[arg-type] # each of them was checked where it is made
        summary=summary,
        answers=answers,
        media=media,
        roles=OWNERS,
        owner="vendorId",
        query=query,
        errors=(UnknownVendorError,),
        tag=TAG,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/vendors",
        handle=list_vendors,
        summary="All shops, with what each is owed",
        answers=VendorPage,
        roles=ADMINS,
        query=VendorListQuery,
        tag=TAG,
    ),
    _of_vendor("", show_vendor, "A shop, with what it is owed", VendorView, Nothing),
    _of_vendor("/sales", list_sales, "Payments at a shop", SalePage, SalesQuery, CSV),
    _of_vendor("/terminals", list_terminals, "A shop's tills", TerminalPage, VendorListQuery),
    _of_vendor("/exposure", show_exposure, "What a shop can lose at most, now", ExposureView, Nothing),
    _of_vendor(
        "/statement", show_statement, "What moved to a shop and from it", VendorStatementPage, VendorStatementQuery, CSV
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/block",
        handle=block,
        summary="Stop a shop: its tills refuse every sale from their next book on",
        answers=VendorView,
        roles=ADMINS,
        errors=(UnknownVendorError,),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/unblock",
        handle=unblock,
        summary="Let a shop sell again",
        answers=VendorView,
        roles=ADMINS,
        errors=(UnknownVendorError,),
        tag=TAG,
    ),
)

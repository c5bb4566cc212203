"""All payments, for admins: found by any filter, exported, and each with all that there is of it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import DecodingError, WalletNumberError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text, wallet_number
from shared.lifecycles import PaymentState
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.cursors import number, pack, unpack
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.payment_views import FINDING, TransactionView, WalletQuery, seen, wallet_of
from syncserver.api.rest.spreadsheets import CSV, Row, csv_stream
from syncserver.api.rest.vendor_books import Moment, iso_time
from syncserver.api.rest.vendors import Cursor, Limit
from syncserver.database.row_ids import text_or_none
from syncserver.payments import listing, views, whole
from syncserver.payments.listing import Filter, Place
from syncserver.payments.views import PaymentView
from syncserver.people.access import ADMINS
from syncserver.services import Services

TAG = "Transactions"
_Id = Annotated[str, Meta(max_length=36)]
_Minor = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class FilterQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payments that fit all that is named. `least` and `most` in minor units; `from` until `to` (not in it) in ms."""

    state: Literal["SUCCESSFUL", "FLAGGED", "FAILED", "REVERSED"] | None = None
    reason: Annotated[str, Meta(max_length=64)] | None = None
    vendor: _Id | None = None
    device: _Id | None = None
    wallet: Annotated[str, Meta(max_length=32)] | None = None
    channel: Literal["offline", "online"] | None = None
    currency: Annotated[str, Meta(max_length=3)] | None = None
    least: _Minor = 0
    most: _Minor = MAX_INTEGER
    since: Moment = msgspec.field(default=0, name="from")
    until: Moment = msgspec.field(default=MAX_INTEGER, name="to")


class PaymentsQuery(FilterQuery, frozen=True):
    """Those, in pages of at most `limit`; a CSV has all that fit."""

    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class CountView(msgspec.Struct, frozen=True, rename="camel"):
    """So many fit that were looked at; `more` where there are more than that, or may be: nobody counts millions."""

    found: int
    more: bool


class PaymentsPage(msgspec.Struct, frozen=True, rename="camel"):
    """Payments, the newest first; `next` is the cursor of the next page.

    A page looks at a bounded number of payments: where fewer fit, `lookedUntil` (ms) says how far back it looked, and
    the next page goes on from there. `count` stands on the first page alone and is of that page: nobody waits for more,
    which `/api/payments/count` tells.
    """

    payments: list[TransactionView]
    next: str | None
    looked_until: int | None
    count: CountView | None


class TransferView(msgspec.Struct, frozen=True, rename="camel"):
    """One movement of a payment's money."""

    number: int
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    amount: Sum
    cause: str
    at: int
    actor: str


class RecordView(msgspec.Struct, frozen=True, rename="camel"):
    """A record as its terminal signed it (hex), and what it says; `fork` where another had taken its place."""

    type: str
    epoch: int
    seq: int
    received_at: int
    status: str
    fork: bool
    raw: str
    decoded: dict[str, Any] | None


class WholePayment(msgspec.Struct, frozen=True, rename="camel"):
    """A payment with its records and all that moved for it. Its events and refunds: `/api/transactions/{id}`."""

    payment: TransactionView
    transfers: list[TransferView]
    records: list[RecordView]


def filter_of(query: FilterQuery) -> Filter:
    """The filter that a query asks for.

    Raises:
        DecodingError, WalletNumberError: it is none.
    """
    if query.since > query.until:
        raise DecodingError("from is after to")
    return Filter(
        state=PaymentState(query.state) if query.state is not None else None,
        reason=query.reason,
        vendor=uuid_bytes_or_none(query.vendor),
        device=uuid_bytes_or_none(query.device),
        wallet=wallet_number(query.wallet) if query.wallet is not None else None,
        channel=query.channel,
        currency=query.currency,
        least=query.least,
        most=query.most,
        since=query.since,
        until=query.until,
    )


def place_of(cursor: str) -> Place:
    """Where a page begins.

    Raises:
        DecodingError: the cursor is none of this list.
    """
    at, wallet, payment = unpack(cursor, 3)
    return Place(number(at), wallet, uuid_bytes(payment))


def cursor_of(place: Place) -> str:
    """The cursor of a place."""
    return pack(place.received_at, place.wallet, uuid_text(place.payment))


async def list_payments(call: Call[None, PaymentsQuery]) -> Answer[PaymentsPage] | Response:
    """`GET /api/payments`."""
    query, filter_ = call.query, filter_of(call.query)
    if query.format == "csv":
        return payments_csv(call.services, filter_)
    behind = place_of(query.cursor) if query.cursor is not None else None
    found = await listing.page_of(call.services, filter_, behind=behind, limit=query.limit)
    count = CountView(len(found.payments), found.following is not None) if behind is None else None
    following = cursor_of(found.following) if found.following is not None else None
    shown = [seen(one, call.who) for one in found.payments]
    return Answer(PaymentsPage(shown, following, found.looked_until, count))


async def count_payments(call: Call[None, FilterQuery]) -> Answer[CountView]:
    """`GET /api/payments/count`."""
    counted = await listing.count(call.services, filter_of(call.query))
    return Answer(CountView(counted.found, not counted.whole))


_COLUMNS = (
    "payment", "state", "reasons", "score", "amount", "currency", "refunded", "channel", "wallet", "vendor",
    "vendor_name", "device", "taken_at", "received_at", "decided_at", "decided_by", "decision_reason",
)  # fmt: skip


def payments_csv(services: Services, filter_: Filter) -> Response:
    """All payments that fit, as a file."""

    async def pages() -> AsyncIterator[list[Row]]:
        async for page in listing.in_pages(services, filter_):
            yield [_row(view) for view in page]

    return csv_stream("payments", _COLUMNS, pages())


def _row(view: PaymentView) -> Row:
    row = view.row
    amount, refunded = (Sum.of(minor, view.currency).text for minor in (view.amount, view.refunded))
    return [
        uuid_text(view.payment),
        view.state.value,
        " ".join(view.reasons),
        row["score"],
        amount,
        view.currency,
        refunded,
        row["channel"],
        view.wallet,
        str(row["vendor"]),
        row["vendor_name"],
        text_or_none(row["device"]),
        iso_time(row["taken_at"]),
        iso_time(row["received_at"]),
        iso_time(row["decided_at"]) if row["decided_at"] is not None else None,
        row["decided_by"],
        row["decision_reason"],
    ]


async def show_payment(call: Call[None, WalletQuery]) -> Answer[WholePayment]:
    """`GET /api/payments/{transactionId}`."""
    async with call.services.pool.acquire() as connection:
        view = await views.look_up(connection, call.path["transactionId"], wallet_of(call.query))
        moved = await whole.transfers(connection, view)
        recorded = await whole.records(connection, view)
    return Answer(
        WholePayment(
            seen(view, call.who),
            [
                TransferView(
                    number=one.number,
                    source=one.debit,
                    target=one.credit,
                    amount=Sum.of(one.amount, view.currency),
                    cause=one.cause,
                    at=one.at,
                    actor=one.actor,
                )
                for one in moved
            ],
            [
                RecordView(
                    one.type, one.epoch, one.seq, one.received_at, one.status, one.fork, one.raw.hex(), one.decoded
                )
                for one in recorded
            ],
        )
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/payments",
        handle=list_payments,
        summary="Payments by any filter, the newest first",
        answers=PaymentsPage,
        media=(CSV,),
        roles=ADMINS,
        query=PaymentsQuery,
        errors=(WalletNumberError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/payments/count",
        handle=count_payments,
        summary="How many payments fit any filter, as far as is looked: ten thousand of the newest",
        answers=CountView,
        roles=ADMINS,
        query=FilterQuery,
        errors=(WalletNumberError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/payments/{transactionId}",
        handle=show_payment,
        summary="A payment's records, raw and decoded, and all that moved for it",
        answers=WholePayment,
        roles=ADMINS,
        query=WalletQuery,
        errors=FINDING,
        tag=TAG,
    ),
)

"""Payments over the network: making them online, looking them up, reviewing and refunding them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from shared.errors import MoneyError
from shared.fields import MAX_INTEGER, Latitude, Longitude
from shared.geo import Place
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from shared.lifecycles import PaymentState
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Amount, Sum, money_of
from syncserver.api.rest.endpoint import EVERYBODY, Answer, Call, Endpoint, Nothing
from syncserver.api.rest.payment_views import (
    FINDING,
    TAG,
    EventView,
    Limit,
    RefundView,
    TransactionDetail,
    TransactionPage,
    TransactionView,
    WalletQuery,
    actor_for,
    fields_of,
    look_up_for,
    page_of,
    seen,
    wallet_of,
)
from syncserver.database.connection import Connection
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.payments import online, views
from syncserver.payments.errors import (
    FraudDetectedError,
)
from syncserver.payments.views import PaymentView, Search
from syncserver.people.access import ADMINS, Role
from syncserver.registry import vendors
from syncserver.registry.errors import UnknownVendorError
from syncserver.wallets import accounts
from syncserver.wallets.errors import UnknownWalletError

CUSTOMERS = frozenset({Role.CUSTOMER})
OWNERS = ADMINS | CUSTOMERS

_Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class PlaceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place, in integers of 1e-7 degree."""

    lat: Latitude
    lon: Longitude


class PaymentRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What to pay and to whom. Without a currency it is the wallet's; `place` is where the customer is, if they say."""

    vendor_id: str
    amount: Amount
    currency: str | None = None
    place: PlaceRequest | None = None


class HistoryQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payments from a time on, until another (ms; the second is not in it), in a state, to a vendor."""

    state: Literal["SUCCESSFUL", "FLAGGED", "FAILED", "REVERSED"] | None = None
    vendor: str | None = None
    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: str | None = None
    limit: Limit = 50


async def make_payment_online(call: Call[PaymentRequest, Nothing]) -> Answer[Any]:
    """`POST /api/transactions/make-payment-online`."""
    body, services, who = call.body, call.services, call.who
    vendor = uuid_bytes(body.vendor_id)
    place = Place(body.place.lat, body.place.lon) if body.place is not None else None
    await vendors.read_vendor(services, vendor)

    async def work(connection: Connection) -> TransactionView:
        own = await accounts.of_customer(connection, who.user_id)
        money = money_of(body.amount, body.currency if body.currency is not None else own.currency)
        payment = await online.pay(connection, services, online.Order(own.wallet, vendor, money, place, who.actor))
        return seen(await views.look_up(connection, payment, own.wallet), who)

    return await call.once(work)


async def history(call: Call[None, HistoryQuery]) -> Answer[TransactionPage]:
    """`GET /api/transactions/history/{userId}`."""
    query = call.query
    behind = None
    if query.cursor is not None:
        taken_at, payment = cursors.unpack(query.cursor, 2)
        behind = (cursors.number(taken_at), uuid_bytes(payment))
    vendor = uuid_bytes_or_none(query.vendor)
    async with call.services.pool.acquire() as connection:
        own = await accounts.of_customer(connection, call.path["userId"])
        search = Search(
            wallet=own.wallet,
            since=query.since,
            until=query.until,
            behind=behind,
            state=PaymentState(query.state) if query.state is not None else None,
            vendor=vendor,
            limit=query.limit + 1,
        )
        found = await views.history(connection, search)

    def cursor(last: PaymentView) -> str:
        return cursors.pack(last.row["taken_at"], uuid_text(last.payment))

    return Answer(page_of(found, query.limit, call.who, cursor))


async def transaction(call: Call[None, WalletQuery]) -> Answer[TransactionDetail]:
    """`GET /api/transactions/{transactionId}`."""
    who = call.who
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        view = await look_up_for(connection, who, call.path["transactionId"], wallet_of(call.query))
        happened = await views.events(connection, view)
        given_back = await views.refunds(connection, view)
    currency = view.currency
    detail = TransactionDetail(
        **fields_of(view, who),
        device=None if view.online or who.role is Role.CUSTOMER else str(view.row["device"]),
        events=[
            EventView(
                number=event["number"] if who.is_admin else place,
                before=event["from"],
                after=event["to"],
                at=event["at"],
                actor=actor_for(event["actor"], who),
                note=event["note"] if who.is_admin else None,
            )
            for place, event in enumerate(happened, 1)
        ],
        refunds=[
            RefundView(
                number=row["number"],
                amount=Sum.of(row["to_customer"] + row["to_house"], currency),
                to_customer=Sum.of(row["to_customer"], currency),
                reason=row["reason"],
                at=row["at"],
                actor=actor_for(row["actor"], who),
            )
            for row in given_back
        ],
    )
    return Answer(detail)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/transactions/make-payment-online",
        handle=make_payment_online,
        summary="Pay a vendor from the online balance",
        answers=TransactionView,
        roles=CUSTOMERS,
        body=PaymentRequest,
        errors=(MoneyError, UnknownVendorError, UnknownWalletError, FraudDetectedError, InsufficientFundsError),
        once=True,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/transactions/history/{userId}",
        handle=history,
        summary="A customer's payments, the latest first",
        answers=TransactionPage,
        roles=OWNERS,
        owner="userId",
        query=HistoryQuery,
        errors=(UnknownWalletError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/transactions/{transactionId}",
        handle=transaction,
        summary="A payment with its events and refunds, for its customer, its vendor and admins",
        answers=TransactionDetail,
        roles=EVERYBODY,
        query=WalletQuery,
        errors=FINDING,
        tag=TAG,
    ),
)

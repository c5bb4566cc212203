"""Payments over the network: making them online, looking them up, reviewing and refunding them."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from shared.errors import MoneyError
from shared.fields import MAX_INTEGER, Latitude, Longitude, checked_wallet
from shared.geo import Place
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import PaymentState
from shared.words import Word
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Amount, Sum, money_of
from syncserver.api.rest.endpoint import ACCEPTED, EVERYBODY, Answer, Call, Endpoint, Nothing
from syncserver.database.connection import Connection
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.payments import online, refunds, review, views
from syncserver.payments.errors import (
    KNOWABLE,
    AmbiguousPaymentError,
    FraudDetectedError,
    NotFlaggedError,
    NotRefundableError,
    ReasonRequiredError,
    RefundTooLargeError,
    UnknownPaymentError,
)
from syncserver.payments.views import PaymentView, Search
from syncserver.people.access import ADMINS, Caller, Role
from syncserver.people.errors import ForbiddenError
from syncserver.people.second import may_go_ahead
from syncserver.registry import vendors
from syncserver.registry.errors import UnknownVendorError
from syncserver.wallets import accounts
from syncserver.wallets.errors import UnknownWalletError

TAG = "Transactions"
CUSTOMERS = frozenset({Role.CUSTOMER})
OWNERS = ADMINS | CUSTOMERS
WHO_REFUNDS = ADMINS | {Role.VENDOR}

_Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Limit = Annotated[int, Meta(ge=1, le=200)]


class Approval(Word):
    """What an admin says of a flagged payment."""

    APPROVE = "approve"
    REJECT = "reject"


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


class ReviewRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why; a rejection needs it."""

    reason: str | None = None


class RefundRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why, and how much; without an amount all that is left of the payment."""

    reason: str
    amount: Amount | None = None


class WalletQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Whose payment, where several wallets have one with this id."""

    wallet: str | None = None


class PageQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A page of a list: `cursor` is the `next` of the page before."""

    cursor: str | None = None
    limit: _Limit = 50


class HistoryQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payments from a time on, until another (ms; the second is not in it), in a state, to a vendor."""

    state: Literal["SUCCESSFUL", "FLAGGED", "FAILED", "REVERSED"] | None = None
    vendor: str | None = None
    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    cursor: str | None = None
    limit: _Limit = 50


class TransactionView(msgspec.Struct, frozen=True, rename="camel"):
    """A payment: `channel` is offline (by a terminal) or online. Times in ms.

    A vendor sees the end of a wallet's number, a customer those reasons that would help no thief.
    """

    id: str
    state: str
    channel: str
    wallet: str
    vendor: str
    vendor_name: str
    amount: Sum
    refunded: Sum
    reasons: list[str]
    taken_at: int
    received_at: int
    decided_at: int | None


class EventView(msgspec.Struct, frozen=True, rename="camel"):
    """A change of a payment's state. Who made it and why is for admins; others learn what kind of actor it was."""

    number: int
    before: str = msgspec.field(name="from")
    after: str = msgspec.field(name="to")
    at: int
    actor: str
    note: str | None


class RefundView(msgspec.Struct, frozen=True, rename="camel"):
    """What a vendor gave back, and how much of it to its customer: the rest the house had paid."""

    number: int
    amount: Sum
    to_customer: Sum
    reason: str
    at: int
    actor: str


class TransactionDetail(TransactionView, frozen=True, rename="camel"):
    """A payment with all that happened to it; `device` is the terminal that took it, for its vendor and admins."""

    device: str | None
    events: list[EventView]
    refunds: list[RefundView]


class TransactionPage(msgspec.Struct, frozen=True, rename="camel"):
    """Some payments; `next` is null at the end."""

    transactions: list[TransactionView]
    next: str | None


def _fields(view: PaymentView, who: Caller) -> dict[str, Any]:
    row = view.row
    reasons = view.reasons if who.role is not Role.CUSTOMER else [one for one in view.reasons if one in KNOWABLE]
    return {
        "id": uuid_text(view.payment),
        "state": view.state.value,
        "channel": row["channel"],
        "wallet": view.wallet if who.role is not Role.VENDOR else "*" * 6 + view.wallet[-4:],
        "vendor": uuid_text(view.vendor),
        "vendor_name": row["vendor_name"],
        "amount": Sum.of(view.amount, view.currency),
        "refunded": Sum.of(view.refunded, view.currency),
        "reasons": list(reasons),
        "taken_at": row["taken_at"],
        "received_at": row["received_at"],
        "decided_at": row["decided_at"],
    }


def seen(view: PaymentView, who: Caller) -> TransactionView:
    """A payment as somebody may see it who may see it at all."""
    return TransactionView(**_fields(view, who))


def _page(found: list[PaymentView], limit: int, who: Caller, cursor: Callable[[PaymentView], str]) -> TransactionPage:
    shown = found[:limit]
    return TransactionPage([seen(view, who) for view in shown], cursor(shown[-1]) if len(found) > limit else None)


async def _visible(connection: Connection, who: Caller, payment: bytes, wallet: str | None) -> PaymentView:
    """A payment that somebody may see: its customer, its vendor, an admin. For others it is not there.

    Raises:
        UnknownPaymentError, AmbiguousPaymentError: it is not there, or is not the only one.
    """
    if who.is_admin:
        return await views.look_up(connection, payment, wallet)
    if who.role is Role.VENDOR:
        if who.vendor is None:
            raise UnknownPaymentError
        return await views.look_up(connection, payment, wallet, vendor=who.vendor)
    try:
        own = (await accounts.of_customer(connection, who.user_id)).wallet
    except UnknownWalletError as error:
        raise UnknownPaymentError from error
    if wallet not in (None, own):
        raise UnknownPaymentError
    return await views.look_up(connection, payment, own)


def _wallet_of(query: WalletQuery) -> str | None:
    return checked_wallet(query.wallet, "wallet") if query.wallet is not None else None


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


async def flagged_transactions(call: Call[None, PageQuery]) -> Answer[TransactionPage]:
    """`GET /api/transactions/flagged-transactions`."""
    query = call.query
    place = (0, "", bytes(16))
    if query.cursor is not None:
        received_at, wallet, payment = cursors.unpack(query.cursor, 3)
        place = (cursors.number(received_at), checked_wallet(wallet, "cursor"), uuid_bytes(payment))
    async with call.services.pool.acquire() as connection:
        found = await views.flagged_behind(connection, place, query.limit + 1)

    def cursor(last: PaymentView) -> str:
        return cursors.pack(last.row["received_at"], last.wallet, uuid_text(last.payment))

    return Answer(_page(found, query.limit, call.who, cursor))


async def review_transaction(call: Call[ReviewRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/review-transaction/{adminId}/{transactionId}/{approval}`."""
    who, services, reason, payment = call.who, call.services, call.body.reason, call.path["transactionId"]
    if call.path["adminId"] != who.user_id:
        raise ForbiddenError
    word = call.words["approval"]
    approve = word == Approval.APPROVE
    review.check_reason(approve=approve, reason=reason)
    wallet = _wallet_of(call.query)

    async def work(connection: Connection) -> tuple[TransactionView, int]:
        view = await views.look_up(connection, payment, wallet)
        case = await review.open_case(connection, view)
        subject = f"{view.wallet} {uuid_text(payment)} {word}"
        if not await may_go_ahead(connection, services, who, action="review", subject=subject, money=case.money):
            return seen(view, who), ACCEPTED
        at = services.clock()
        await review.decide(connection, case, approve=approve, reason=reason, actor=who.actor, at=at)
        return seen(await views.look_up(connection, payment, view.wallet), who), 200

    return await call.once_or_wait(work)


async def refund_transaction(call: Call[RefundRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/refund/{transactionId}`."""
    who, services, body, payment = call.who, call.services, call.body, call.path["transactionId"]
    refunds.check_reason(body.reason)
    wallet = _wallet_of(call.query)

    async def work(connection: Connection) -> tuple[TransactionView, int]:
        view = await _visible(connection, who, payment, wallet)
        amount = money_of(body.amount, view.currency).minor if body.amount is not None else None
        refund = await refunds.prepare(connection, view.wallet, payment, amount)
        # By what is given back in all: in parts nobody gets around the second person.
        subject = f"{view.wallet} {uuid_text(payment)} {refund.amount} of"
        if who.is_admin and not await may_go_ahead(
            connection, services, who, action="refund", subject=subject, money=refund.total
        ):
            return seen(view, who), ACCEPTED
        await refunds.carry_out(connection, refund, reason=body.reason, actor=who.actor, at=services.clock())
        return seen(await views.look_up(connection, payment, view.wallet), who), 200

    return await call.once_or_wait(work)


async def history(call: Call[None, HistoryQuery]) -> Answer[TransactionPage]:
    """`GET /api/transactions/history/{userId}`."""
    query = call.query
    behind = None
    if query.cursor is not None:
        taken_at, payment = cursors.unpack(query.cursor, 2)
        behind = (cursors.number(taken_at), uuid_bytes(payment))
    vendor = uuid_bytes(query.vendor) if query.vendor is not None else None
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

    return Answer(_page(found, query.limit, call.who, cursor))


async def transaction(call: Call[None, WalletQuery]) -> Answer[TransactionDetail]:
    """`GET /api/transactions/{transactionId}`."""
    who = call.who
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        view = await _visible(connection, who, call.path["transactionId"], _wallet_of(call.query))
        happened = await views.events(connection, view)
        given_back = await views.refunds(connection, view)
    currency = view.currency
    detail = TransactionDetail(
        **_fields(view, who),
        device=None if view.online or who.role is Role.CUSTOMER else str(view.row["device"]),
        events=[
            EventView(
                number=event["number"] if who.is_admin else place,
                before=event["from"],
                after=event["to"],
                at=event["at"],
                actor=_actor(event["actor"], who),
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
                actor=_actor(row["actor"], who),
            )
            for row in given_back
        ],
    )
    return Answer(detail)


def _actor(actor: str, who: Caller) -> str:
    """Who did something: by name for admins, for others what they are."""
    return actor if who.is_admin else actor.partition(" ")[0]


_FINDING = (UnknownPaymentError, AmbiguousPaymentError)

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
        path="/api/transactions/flagged-transactions",
        handle=flagged_transactions,
        summary="Payments that wait for an admin, the oldest first",
        answers=TransactionPage,
        roles=ADMINS,
        query=PageQuery,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/transactions/review-transaction/{adminId}/{transactionId}/{approval}",
        handle=review_transaction,
        summary="Approve or reject a flagged payment; above an amount it takes two admins",
        answers=TransactionView,
        roles=ADMINS,
        words={"approval": Approval},
        body=ReviewRequest,
        query=WalletQuery,
        errors=(*_FINDING, NotFlaggedError, ReasonRequiredError),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/transactions/refund/{transactionId}",
        handle=refund_transaction,
        summary="Give back a settled payment or a part of it; above an amount it takes two admins",
        answers=TransactionView,
        roles=WHO_REFUNDS,
        body=RefundRequest,
        query=WalletQuery,
        errors=(MoneyError, *_FINDING, NotRefundableError, RefundTooLargeError, ReasonRequiredError),
        once=True,
        statuses=(200, ACCEPTED),
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
        errors=_FINDING,
        tag=TAG,
    ),
)

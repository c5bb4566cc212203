"""Payments as their customer, their vendor and admins may see them."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.fields import MAX_INTEGER, checked_wallet
from shared.ids import uuid_text
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Sum
from syncserver.database.connection import Connection
from syncserver.payments import views
from syncserver.payments.errors import (
    KNOWABLE,
    AmbiguousPaymentError,
    UnknownPaymentError,
)
from syncserver.payments.views import PaymentView
from syncserver.people.access import Caller, Role
from syncserver.wallets import accounts
from syncserver.wallets.errors import UnknownWalletError

TAG = "Transactions"


Limit = Annotated[int, Meta(ge=1, le=200)]
# Of a flagged payment, as whoever decides it saw it.
Version = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]


class WalletQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Whose payment, where several wallets have one with this id."""

    wallet: str | None = None


class PageQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A page of a list: `cursor` is the `next` of the page before."""

    cursor: str | None = None
    limit: Limit = 50


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


def fields_of(view: PaymentView, who: Caller) -> dict[str, Any]:
    """The fields of a `TransactionView`, as somebody may see them who may see the payment at all."""
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
    return TransactionView(**fields_of(view, who))


def page_of(found: list[PaymentView], limit: int, who: Caller, cursor: Callable[[PaymentView], str]) -> TransactionPage:
    """A page of what was found, of which there is one more than `limit` where it is not the last."""
    shown, following = cursors.page_of(found, limit, cursor)
    return TransactionPage([seen(view, who) for view in shown], following)


async def look_up_for(connection: Connection, who: Caller, payment: bytes, wallet: str | None) -> PaymentView:
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


def wallet_of(query: WalletQuery) -> str | None:
    """The wallet that a query names.

    Raises:
        WalletNumberError: it is none.
    """
    return checked_wallet(query.wallet, "wallet") if query.wallet is not None else None


def actor_for(actor: str, who: Caller) -> str:
    """Who did something: by name for admins, for others what they are."""
    return actor if who.is_admin else actor.partition(" ")[0]


FINDING = (UnknownPaymentError, AmbiguousPaymentError)

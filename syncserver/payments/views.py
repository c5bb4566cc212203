"""Payments as people and scripts see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.ids import uuid_text
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState, Status
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.payments.errors import AmbiguousPaymentError, UnknownPaymentError
from syncserver.payments.online import QUERIES
from syncserver.services import Services

_NO_ID = bytes(16)


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment: money in minor units, times in ms; `row` has all of its facts."""

    payment: bytes
    wallet: str
    state: PaymentState
    reasons: tuple[str, ...]
    amount: int
    currency: str
    refunded: int
    row: asyncpg.Record

    @property
    def status(self) -> Status:
        """Its state in the words that terminals are told."""
        return STATUS_OF_PAYMENT[self.state]

    @property
    def vendor(self) -> bytes:
        """Whom it pays."""
        vendor: bytes = self.row["vendor"].bytes
        return vendor

    @property
    def online(self) -> bool:
        """Whether it was made online, and so by no terminal."""
        return bool(self.row["channel"] == "online")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What of a wallet's history is asked for: `since` and `until` (not included) in ms, `behind` the last one seen."""

    wallet: str
    since: int
    until: int
    behind: tuple[int, bytes] | None
    state: PaymentState | None
    vendor: bytes | None
    limit: int


def object_of(payment: bytes) -> str:
    """How the audit trail names a payment."""
    return f"payment {uuid_text(payment)}"


def view_of(row: asyncpg.Record) -> PaymentView:
    """A row of `payment` with its vendor's name and what was refunded of it."""
    return PaymentView(
        payment=row["payment"].bytes,
        wallet=row["wallet"],
        state=PaymentState(row["state"]),
        reasons=tuple(row["reasons"]),
        amount=row["amount"],
        currency=row["currency"],
        refunded=row["refunded"],
        row=row,
    )


async def find(services: Services, payment: bytes, wallet: str | None = None) -> PaymentView:
    """As `look_up`, on a connection of its own."""
    async with services.pool.acquire() as connection:
        return await look_up(connection, payment, wallet)


async def look_up(
    connection: Connection, payment: bytes, wallet: str | None = None, *, vendor: bytes | None = None
) -> PaymentView:
    """The payment with an id.

    Without its wallet it is found by the journals, because ids are unique in a wallet alone. Where a vendor is named,
    other vendors' payments are not there.

    Raises:
        UnknownPaymentError: where there is none.
        AmbiguousPaymentError: where several wallets have one.
    """
    if wallet is not None:
        rows = await connection.fetch(QUERIES["read_payment"], wallet, uuid_of(payment))
    else:
        whose = uuid_or_none(vendor)
        rows = await connection.fetch(QUERIES["find_payments"], uuid_of(payment), whose)
    found = [view for view in map(view_of, rows) if vendor is None or view.vendor == vendor]
    if not found:
        raise UnknownPaymentError
    if len(found) > 1:
        raise AmbiguousPaymentError
    return found[0]


async def events(connection: Connection, view: PaymentView) -> list[dict[str, Any]]:
    """What happened to a payment, in order."""
    rows = await connection.fetch(QUERIES["events_of_payment"], view.wallet, uuid_of(view.payment))
    return [
        {
            "number": row["number"],
            "from": row["before"],
            "to": row["after"],
            "reasons": list(row["reasons"]),
            "at": row["at"],
            "actor": row["actor"],
            "note": row["note"],
        }
        for row in rows
    ]


async def refunds(connection: Connection, view: PaymentView) -> Sequence[asyncpg.Record]:
    """What was given back of a payment, in order."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        QUERIES["refunds_of_payment"], view.wallet, uuid_of(view.payment)
    )
    return rows


async def describe(services: Services, view: PaymentView) -> dict[str, Any]:
    """All that is known of a payment, for JSON: its facts, the cap of its code, its events and its refunds."""
    row = view.row
    async with services.pool.acquire() as connection:
        happened = await events(connection, view)
        given_back = await refunds(connection, view)
        cap = await connection.fetchval(QUERIES["caps_of_code"], view.wallet, row["series"], row["idx"])
    return {
        "id": uuid_text(view.payment),
        "channel": row["channel"],
        "status": view.status.value,
        "reasons": list(view.reasons),
        "score": row["score"],
        "wallet": view.wallet,
        "amount": view.amount,
        "currency": view.currency,
        "refunded": view.refunded,
        "cap": cap,
        "series": _text(row["series"]),
        "index": row["idx"],
        "vendor": str(row["vendor"]),
        "vendorName": row["vendor_name"],
        "device": _text(row["device"]),
        "epoch": row["epoch"],
        "seq": row["seq"],
        "shift": _text(row["shift"]),
        "batch": _text(row["batch"]),
        "takenAt": row["taken_at"],
        "at": row["at"],
        "receivedAt": row["received_at"],
        "book": row["book"],
        "decidedBy": row["decided_by"],
        "decidedAt": row["decided_at"],
        "decisionReason": row["decision_reason"],
        "events": happened,
        "refunds": [
            {
                "number": one["number"],
                "toCustomer": one["to_customer"],
                "toHouse": one["to_house"],
                "reason": one["reason"],
                "actor": one["actor"],
                "at": one["at"],
            }
            for one in given_back
        ],
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


async def history(connection: Connection, search: Search) -> list[PaymentView]:
    """A wallet's payments, the latest first."""
    upto, payment = search.behind or (search.until, _NO_ID)
    if upto > search.until:
        upto, payment = search.until, _NO_ID
    rows = await connection.fetch(
        QUERIES["payments_of_wallet"],
        search.wallet,
        search.since,
        upto,
        uuid_of(payment),
        search.state.value if search.state is not None else None,
        uuid_or_none(search.vendor),
        search.limit,
    )
    return [view_of(row) for row in rows]

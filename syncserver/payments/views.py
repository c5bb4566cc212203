"""Payments as people and scripts see them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from shared.ids import uuid_text
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState, Status
from syncserver.database.arrays import uuid_of
from syncserver.database.queries import load
from syncserver.payments.errors import AmbiguousPaymentError, UnknownPaymentError
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)
LIST_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment: money in minor units, times in ms; `row` has all of its facts."""

    payment: bytes
    wallet: str
    status: Status
    reasons: tuple[str, ...]
    amount: int
    currency: str
    row: asyncpg.Record


def view_of(row: asyncpg.Record) -> PaymentView:
    """A row of `payment` with its vendor's name."""
    return PaymentView(
        payment=row["payment"].bytes,
        wallet=row["wallet"],
        status=STATUS_OF_PAYMENT[PaymentState(row["state"])],
        reasons=tuple(row["reasons"]),
        amount=row["amount"],
        currency=row["currency"],
        row=row,
    )


async def find(services: Services, payment: bytes, wallet: str | None = None) -> PaymentView:
    """The payment with an id.

    Without its wallet every wallet is searched, because ids are unique in a wallet alone.

    Raises:
        UnknownPaymentError: where there is none.
        AmbiguousPaymentError: where several wallets have one.
    """
    if wallet is not None:
        rows = await services.pool.fetch(QUERIES["read_payment"], wallet, uuid_of(payment))
    else:
        rows = await services.pool.fetch(QUERIES["find_payments"], uuid_of(payment))
    if not rows:
        raise UnknownPaymentError
    if len(rows) > 1:
        raise AmbiguousPaymentError
    return view_of(rows[0])


async def describe(services: Services, view: PaymentView) -> dict[str, Any]:
    """All that is known of a payment, for JSON: its facts, the cap of its code, and its events."""
    row = view.row
    events = await services.pool.fetch(QUERIES["events_of_payment"], view.wallet, uuid_of(view.payment))
    cap = await services.pool.fetchval(QUERIES["caps_of_code"], view.wallet, row["series"], row["idx"])
    return {
        "id": uuid_text(view.payment),
        "status": view.status.value,
        "reasons": list(view.reasons),
        "score": row["score"],
        "wallet": view.wallet,
        "amount": view.amount,
        "currency": view.currency,
        "cap": cap,
        "series": str(row["series"]),
        "index": row["idx"],
        "vendor": str(row["vendor"]),
        "vendorName": row["vendor_name"],
        "device": str(row["device"]),
        "epoch": row["epoch"],
        "seq": row["seq"],
        "shift": str(row["shift"]),
        "batch": str(row["batch"]),
        "takenAt": row["taken_at"],
        "at": row["at"],
        "receivedAt": row["received_at"],
        "book": row["book"],
        "decidedBy": row["decided_by"],
        "decidedAt": row["decided_at"],
        "decisionReason": row["decision_reason"],
        "events": [
            {
                "number": event["number"],
                "from": event["before"],
                "to": event["after"],
                "reasons": list(event["reasons"]),
                "at": event["at"],
                "actor": event["actor"],
                "note": event["note"],
            }
            for event in events
        ],
    }


async def flagged(services: Services) -> list[PaymentView]:
    """Payments that wait for an admin, the oldest first, at most a thousand."""
    return [view_of(row) for row in await services.pool.fetch(QUERIES["flagged_payments"], LIST_LIMIT)]

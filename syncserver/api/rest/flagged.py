"""The queue of flagged payments: its filters, a page of it, and what waits there in all."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.fields import MAX_INTEGER, checked_wallet
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.payment_views import TAG, Limit, TransactionView, fields_of
from syncserver.database.row_ids import text_or_none
from syncserver.payments import queue
from syncserver.payments.explained import in_words
from syncserver.payments.queue import Filter, Talk, Waiting
from syncserver.people.access import ADMINS, Caller

_Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Id = Annotated[str, Meta(max_length=36)]


class FilterFields(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Flagged payments that arrived within a time (ms; `to` is not in it), of some amounts (minor units)."""

    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    reason: Annotated[str, Meta(max_length=40)] | None = None
    vendor: _Id | None = None
    device: _Id | None = None
    wallet: Annotated[str, Meta(max_length=10)] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    least: _Time = 0
    most: _Time = MAX_INTEGER
    asked: Literal["none", "waiting", "answered"] | None = None


class QueueQuery(FilterFields, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A page of them: `cursor` is the `next` of the page before."""

    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Limit = 50


class WaitingView(TransactionView, frozen=True, rename="camel"):
    """A flagged payment. `version` is what a decision names; so many `questions` its vendor was asked."""

    score: int
    device: str | None
    version: int
    questions: int
    answers: int


class QueuePage(msgspec.Struct, frozen=True, rename="camel"):
    """Some payments; `next` is null at the end."""

    transactions: list[WaitingView]
    next: str | None


class ReasonCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many payments wait for a reason, and the reason in words."""

    reason: str
    words: str
    payments: int


class QueueSums(msgspec.Struct, frozen=True, rename="camel"):
    """What waits in a filter: payments, their sums by currency, since when the oldest does (ms), and for what."""

    payments: int
    sums: list[Sum]
    oldest: int | None
    reasons: list[ReasonCount]


def filter_of(fields: FilterFields) -> Filter:
    """The filter that a request names.

    Raises:
        DecodingError: an id in it is none.
    """
    return Filter(
        since=fields.since,
        until=fields.until,
        reason=fields.reason,
        vendor=uuid_bytes_or_none(fields.vendor),
        device=uuid_bytes_or_none(fields.device),
        wallet=checked_wallet(fields.wallet, "wallet") if fields.wallet is not None else None,
        currency=fields.currency,
        least=fields.least,
        most=fields.most,
        talk=Talk(fields.asked) if fields.asked is not None else None,
    )


async def flagged_transactions(call: Call[None, QueueQuery]) -> Answer[QueuePage]:
    """`GET /api/transactions/flagged-transactions`."""
    query, behind = call.query, queue.Place()
    if query.cursor is not None:
        received_at, wallet, payment = cursors.unpack(query.cursor, 3)
        behind = queue.Place(cursors.number(received_at), checked_wallet(wallet, "cursor"), uuid_bytes(payment))
    async with call.services.pool.acquire() as connection:
        found = await queue.page(connection, filter_of(query), behind, query.limit + 1)
    shown, following = cursors.page_of(found, query.limit, _behind)
    return Answer(QueuePage([_waiting(one, call.who) for one in shown], following))


def _behind(one: Waiting) -> str:
    return cursors.pack(one.place.received_at, one.place.wallet, uuid_text(one.place.payment))


def _waiting(one: Waiting, who: Caller) -> WaitingView:
    row = one.view.row
    return WaitingView(
        **fields_of(one.view, who),
        score=row["score"],
        device=text_or_none(row["device"]),
        version=one.version,
        questions=one.questions,
        answers=one.answers,
    )


async def flagged_summary(call: Call[None, FilterFields]) -> Answer[QueueSums]:
    """`GET /api/transactions/flagged-summary`."""
    async with call.services.pool.acquire() as connection:
        found = await queue.sums(connection, filter_of(call.query))
    return Answer(
        QueueSums(
            payments=found.payments,
            sums=[Sum.of(amount, currency) for currency, _, amount in found.by_currency],
            oldest=found.oldest,
            reasons=[ReasonCount(reason, in_words(reason), payments) for reason, payments in found.by_reason],
        )
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/transactions/flagged-transactions",
        handle=flagged_transactions,
        summary="Payments that wait for an admin, in a filter, the oldest first",
        answers=QueuePage,
        roles=ADMINS,
        query=QueueQuery,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/transactions/flagged-summary",
        handle=flagged_summary,
        summary="How many payments wait in a filter, for what, and what they sum up to",
        answers=QueueSums,
        roles=ADMINS,
        query=FilterFields,
        tag=TAG,
    ),
)

"""Deciding all flagged payments of a filter with one word, step by step."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from shared.fields import MAX_INTEGER
from shared.ids import uuid_text
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.flagged import FilterFields, filter_of
from syncserver.api.rest.payment_views import TAG, Limit
from syncserver.database.connection import Connection
from syncserver.payments.errors import BulkCountError, ReasonRequiredError, UnknownBulkReviewError
from syncserver.people import bulk
from syncserver.people.access import ADMINS
from syncserver.people.bulk import Bulk, Outcome, Progress
from syncserver.people.reviewing import Decision


class BulkFilter(FilterFields, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which flagged payments, as in the queue."""


class BulkRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is said of all that waits in a filter, and how many the admin typed that there are."""

    decision: Literal["approve", "reject"]
    count: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
    filter: BulkFilter
    reason: str | None = None


class BulkPart(msgspec.Struct, frozen=True, rename="camel"):
    """So many payments of a currency came to this; an `outcome` of null is still to come."""

    outcome: str | None
    payments: int
    sum: Sum


class BulkView(msgspec.Struct, frozen=True, rename="camel"):
    """How far it is: `left` of `count` payments are still to be decided."""

    bulk_id: str
    decision: str
    reason: str | None
    count: int
    left: int
    at: int
    parts: list[BulkPart]


class ItemQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A page of its payments, of an outcome or of all."""

    outcome: Literal["decided", "decided_before", "changed", "needs_second"] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Limit = 50


class ItemView(msgspec.Struct, frozen=True, rename="camel"):
    """One payment and what became of it; `state` and `decidedBy` are as they are now."""

    payment: str
    wallet: str
    amount: Sum
    outcome: str | None
    at: int | None
    state: str
    decided_by: str | None


class ItemPage(msgspec.Struct, frozen=True, rename="camel"):
    """Some of its payments; `next` is null at the end."""

    payments: list[ItemView]
    next: str | None


def _view(one: Bulk, progress: Progress) -> BulkView:
    return BulkView(
        bulk_id=uuid_text(one.id),
        decision="approve" if one.approve else "reject",
        reason=one.reason,
        count=one.count,
        left=progress.left,
        at=one.at,
        parts=[
            BulkPart(outcome.value if outcome is not None else None, payments, Sum.of(amount, currency))
            for outcome, currency, payments, amount in progress.parts
        ],
    )


async def _shown(connection: Connection, bulk_id: bytes) -> BulkView:
    return _view(await bulk.read(connection, bulk_id), await bulk.progress(connection, bulk_id))


async def begin(call: Call[BulkRequest, Nothing]) -> Answer[Any]:
    """`POST /api/transactions/bulk-reviews`."""
    body = call.body
    decision = Decision(approve=body.decision == "approve", reason=body.reason)

    async def work(connection: Connection) -> BulkView:
        begun = await bulk.begin(
            connection, call.services, call.who, filter_of(body.filter), decision=decision, typed=body.count
        )
        return await _shown(connection, begun)

    return await call.once(work)


async def go_on(call: Call[None, Nothing]) -> Answer[BulkView]:
    """`POST /api/transactions/bulk-reviews/{bulkId}/continue`. Whatever was decided is not decided again."""
    await bulk.go_on(call.services, call.who, call.path["bulkId"])
    return await show(call)


async def show(call: Call[None, Nothing]) -> Answer[BulkView]:
    """`GET /api/transactions/bulk-reviews/{bulkId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(await _shown(connection, call.path["bulkId"]))


async def list_items(call: Call[None, ItemQuery]) -> Answer[ItemPage]:
    """`GET /api/transactions/bulk-reviews/{bulkId}/payments`."""
    query = call.query
    behind = cursors.number(cursors.unpack(query.cursor, 1)[0]) if query.cursor is not None else 0
    outcome = Outcome(query.outcome) if query.outcome is not None else None
    async with call.services.pool.acquire() as connection:
        await bulk.read(connection, call.path["bulkId"])
        rows = await bulk.items(
            connection, call.path["bulkId"], behind=min(behind, 2**31 - 1), outcome=outcome, limit=query.limit + 1
        )
    shown, following = cursors.page_of(rows, query.limit, lambda row: cursors.pack(row["position"]))
    return Answer(ItemPage([_item(row) for row in shown], following))


def _item(row: Any) -> ItemView:
    return ItemView(
        payment=str(row["payment"]),
        wallet=row["wallet"],
        amount=Sum.of(row["amount"], row["currency"]),
        outcome=row["outcome"],
        at=row["at"],
        state=row["state"],
        decided_by=row["decided_by"],
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/transactions/bulk-reviews",
        handle=begin,
        summary="Note all flagged payments of a filter, to be decided with one word",
        answers=BulkView,
        roles=ADMINS,
        body=BulkRequest,
        errors=(BulkCountError, ReasonRequiredError),
        once=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/transactions/bulk-reviews/{bulkId}/continue",
        handle=go_on,
        summary="Decide the next hundred of them, each once",
        answers=BulkView,
        roles=ADMINS,
        errors=(UnknownBulkReviewError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/transactions/bulk-reviews/{bulkId}",
        handle=show,
        summary="How far a bulk decision is",
        answers=BulkView,
        roles=ADMINS,
        errors=(UnknownBulkReviewError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/transactions/bulk-reviews/{bulkId}/payments",
        handle=list_items,
        summary="What became of each payment of a bulk decision",
        answers=ItemPage,
        roles=ADMINS,
        query=ItemQuery,
        errors=(UnknownBulkReviewError,),
        tag=TAG,
    ),
)

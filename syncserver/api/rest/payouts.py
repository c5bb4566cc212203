"""Single payouts: how each came to its state, and what people say became of it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.ids import uuid_bytes_or_none
from shared.lifecycles import PayoutState
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint, Nothing
from syncserver.api.rest.payout_views import (
    PAYOUT_COLUMNS,
    TAG,
    ListQuery,
    PayoutPage,
    PayoutStory,
    PayoutView,
    admins_page,
    payout_cells,
    payout_view,
    story_view,
)
from syncserver.api.rest.spreadsheets import CSV, csv_answer
from syncserver.api.rest.vendors import Cursor, Limit, of_vendor
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.payouts import deciding, views
from syncserver.payouts.deciding import Outcome
from syncserver.payouts.errors import (
    BankReferenceError,
    PayoutStateError,
    UnknownPayoutError,
)
from syncserver.people.access import ADMINS


class PayoutQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payouts of a run, of a vendor or in a state."""

    run: Annotated[str, Meta(max_length=36)] | None = None
    vendor: Annotated[str, Meta(max_length=36)] | None = None
    state: PayoutState | None = None
    cursor: Cursor | None = None
    limit: Limit = 50
    format: Literal["json", "csv"] = "json"


class OutcomeRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why it failed or came back, or under which of the bank's references it was paid."""

    reason: Annotated[str, Meta(max_length=128)] = ""
    reference: Annotated[str, Meta(max_length=deciding.MOST_REFERENCE)] | None = None


async def list_payouts(call: Call[None, PayoutQuery]) -> Answer[PayoutPage] | Response:
    """`GET /api/payouts`."""
    query = call.query
    run, vendor = (uuid_bytes_or_none(one) for one in (query.run, query.vendor))
    rows, following = await _page(call, run=run, vendor=vendor, state=query.state)
    if query.format == "csv":
        return csv_answer("payouts", PAYOUT_COLUMNS, map(payout_cells, rows), following)
    return Answer(PayoutPage([payout_view(row) for row in rows], following))


async def list_of_vendor(call: Call[None, ListQuery]) -> Answer[PayoutPage]:
    """`GET /api/vendors/{vendorId}/payouts`."""
    rows, following = await _page(call, run=None, vendor=call.path["vendorId"], state=None)
    return Answer(PayoutPage([payout_view(row) for row in rows], following))


async def _page(
    call: Call[None, Any], *, run: bytes | None, vendor: bytes | None, state: PayoutState | None
) -> tuple[Sequence[Any], str | None]:
    """The rows of a page, and the cursor of the next one."""
    limit = call.query.limit
    before = uuid_bytes_or_none(call.query.cursor)
    async with call.services.pool.acquire() as connection:
        found = await views.payouts(connection, before=before, of_run=run, vendor=vendor, state=state, limit=limit + 1)
    return page_of(found, limit, lambda row: str(row["payout"]))


async def show_payout(call: Call[None, Nothing]) -> Answer[PayoutStory]:
    """`GET /api/payouts/{payoutId}`."""
    return Answer(story_view(await views.story(call.services, call.path["payoutId"])))


async def decide(call: Call[OutcomeRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payouts/{payoutId}/outcome/{outcome}`."""
    payout, body = call.path["payoutId"], call.body

    async def work(connection: Connection) -> tuple[Any, int]:
        done = await deciding.decide(
            connection,
            call.services,
            call.who,
            payout,
            Outcome(call.words["outcome"]),
            reason=body.reason,
            reference=body.reference,
        )
        return payout_view(await views.read(connection, payout)), 200 if done else ACCEPTED

    return await call.once_or_wait(work)


ENDPOINTS = (
    admins_page("/api/payouts", list_payouts, "Payouts", PayoutPage, PayoutQuery, media=(CSV,)),
    admins_page(
        "/api/payouts/{payoutId}",
        show_payout,
        "A payout, with how it came to its state",
        PayoutStory,
        Nothing,
        UnknownPayoutError,
    ),
    Endpoint(
        method="POST",
        path="/api/payouts/{payoutId}/outcome/{outcome}",
        handle=decide,
        summary="Say what became of a payout that no statement told",
        answers=PayoutView,
        roles=ADMINS,
        words={"outcome": Outcome},
        body=OutcomeRequest,
        errors=(UnknownPayoutError, PayoutStateError, ReasonRequiredError, BankReferenceError),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
    of_vendor("/payouts", list_of_vendor, "What a shop was paid, and is about to be", PayoutPage, ListQuery),
)

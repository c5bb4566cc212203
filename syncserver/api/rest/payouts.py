"""Vendors are paid: runs of payouts, their files for the bank, and what became of each."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import CurrencyError
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import PayoutState
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint, Nothing
from syncserver.api.rest.payout_views import (
    TAG,
    PayoutPage,
    PayoutStory,
    PayoutView,
    RunPage,
    RunView,
    payout_view,
    run_view,
    story_view,
)
from syncserver.api.rest.vendors import Cursor, Limit, of_vendor
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.payouts import approving, deciding, proposing, sending, views
from syncserver.payouts.deciding import Outcome
from syncserver.payouts.errors import (
    AnotherPersonError,
    BankReferenceError,
    NoPayoutAccountError,
    NothingToPayError,
    NotSepaError,
    PaymentFileError,
    PayoutStateError,
    UnknownPayoutError,
    UnknownRunError,
    VendorBlockedError,
)
from syncserver.payouts.initiation import Schema
from syncserver.payouts.proposing import Proposal
from syncserver.payouts.sending import PaymentFile
from syncserver.people.access import ADMINS
from syncserver.registry.errors import UnknownVendorError
from syncserver.wallets.funding.errors import NoBankAccountError

XML = "application/xml"
Reason = Annotated[str, Meta(min_length=1, max_length=128)]


class ListQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where a page begins, and how long it is."""

    cursor: Cursor | None = None
    limit: Limit = 50


class PayoutQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Payouts of a run, of a vendor or in a state."""

    run: Annotated[str, Meta(max_length=36)] | None = None
    vendor: Annotated[str, Meta(max_length=36)] | None = None
    state: PayoutState | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class ProposeRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is to be paid: all vendors of a currency or one, by a file for the bank or by hand, from which account."""

    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    vendor_id: Annotated[str, Meta(max_length=36)] | None = None
    by_hand: bool = False
    account: Annotated[str, Meta(max_length=34)] | None = None


class ReasonRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class SendRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which version of the file the bank takes."""

    schema: Schema = Schema.V09


class OutcomeRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why it failed or came back, or under which of the bank's references it was paid."""

    reason: Annotated[str, Meta(max_length=128)] = ""
    reference: Annotated[str, Meta(max_length=deciding.MOST_REFERENCE)] | None = None


async def propose(call: Call[ProposeRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs`."""
    body = call.body
    asked = Proposal(
        currency=body.currency,
        vendor=uuid_bytes(body.vendor_id) if body.vendor_id is not None else None,
        by_hand=body.by_hand,
        account=body.account,
    )

    async def work(connection: Connection) -> RunView:
        run = await proposing.propose(connection, call.services, call.who, asked)
        return run_view(await views.run(connection, run))

    return await call.once(work)


async def list_runs(call: Call[None, ListQuery]) -> Answer[RunPage]:
    """`GET /api/payout-runs`."""
    before = uuid_bytes(call.query.cursor) if call.query.cursor is not None else None
    async with call.services.pool.acquire() as connection:
        found = await views.runs(connection, before=before, limit=call.query.limit + 1)
    page = found[: call.query.limit]
    following = uuid_text(page[-1].id) if len(found) > call.query.limit else None
    return Answer(RunPage([run_view(one) for one in page], following))


async def show_run(call: Call[None, Nothing]) -> Answer[RunView]:
    """`GET /api/payout-runs/{runId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(run_view(await views.run(connection, call.path["runId"])))


async def approve(call: Call[None, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs/{runId}/approve`."""
    run = call.path["runId"]

    async def work(connection: Connection) -> RunView:
        await approving.approve(connection, call.services, call.who, run)
        return run_view(await views.run(connection, run))

    return await call.once(work)


async def cancel(call: Call[ReasonRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs/{runId}/cancel`."""
    run = call.path["runId"]

    async def work(connection: Connection) -> RunView:
        await approving.cancel(connection, call.services, call.who, run, call.body.reason)
        return run_view(await views.run(connection, run))

    return await call.once(work)


async def send(call: Call[SendRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs/{runId}/send`."""
    run = call.path["runId"]

    async def work(connection: Connection) -> RunView:
        await sending.send(connection, call.services, call.who, run, call.body.schema)
        return run_view(await views.run(connection, run))

    return await call.once(work)


async def download(call: Call[None, Nothing]) -> Response:
    """`GET /api/payout-runs/{runId}/file`."""
    async with call.services.pool.acquire() as connection:
        await views.run(connection, call.path["runId"])
        found = await sending.find(connection, call.path["runId"])
    if found is None:
        raise PayoutStateError("there is no file of this run")
    return file_answer(found)


def file_answer(file: PaymentFile) -> Response:
    """The file for the bank, as it was made."""
    headers = {
        "Content-Disposition": f'attachment; filename="{file.message}.xml"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(file.data, media_type=XML, headers=headers)


async def list_payouts(call: Call[None, PayoutQuery]) -> Answer[PayoutPage]:
    """`GET /api/payouts`."""
    query = call.query
    run, vendor = (uuid_bytes(one) if one is not None else None for one in (query.run, query.vendor))
    return await _page(call, run=run, vendor=vendor, state=query.state)


async def list_of_vendor(call: Call[None, ListQuery]) -> Answer[PayoutPage]:
    """`GET /api/vendors/{vendorId}/payouts`."""
    return await _page(call, run=None, vendor=call.path["vendorId"], state=None)


async def _page(
    call: Call[None, Any], *, run: bytes | None, vendor: bytes | None, state: PayoutState | None
) -> Answer[PayoutPage]:
    limit = call.query.limit
    before = uuid_bytes(call.query.cursor) if call.query.cursor is not None else None
    async with call.services.pool.acquire() as connection:
        found = await views.payouts(connection, before=before, of_run=run, vendor=vendor, state=state, limit=limit + 1)
    page = [payout_view(row) for row in found[:limit]]
    return Answer(PayoutPage(page, page[-1].payout_id if len(found) > limit else None))


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


def _of_run(path: str, handle: Any, summary: str, body: Any, *errors: type[Any]) -> Endpoint:
    """A step with all of a run."""
    return Endpoint(
        method="POST",
        path=f"/api/payout-runs/{{runId}}{path}",
        handle=handle,
        summary=summary,
        answers=RunView,
        roles=ADMINS,
        body=body,
        errors=(UnknownRunError, PayoutStateError, *errors),
        once=True,
        tag=TAG,
    )


def _read(path: str, handle: Any, summary: str, answers: Any, query: Any, *errors: type[Any]) -> Endpoint:
    """A page for admins."""
    return Endpoint(
        method="GET",
        path=path,
        handle=handle,
        summary=summary,
        answers=answers,
        media=(XML,) if answers is None else (),
        roles=ADMINS,
        query=query,
        errors=errors,
        tag=TAG,
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/payout-runs",
        handle=propose,
        summary="Propose to pay vendors what they are owed",
        answers=RunView,
        roles=ADMINS,
        body=ProposeRequest,
        errors=(
            NotSepaError,
            NoBankAccountError,
            UnknownVendorError,
            VendorBlockedError,
            NoPayoutAccountError,
            NothingToPayError,
            CurrencyError,
        ),
        once=True,
        tag=TAG,
    ),
    _read("/api/payout-runs", list_runs, "Runs of payouts", RunPage, ListQuery),
    _read("/api/payout-runs/{runId}", show_run, "A run of payouts", RunView, Nothing, UnknownRunError),
    _of_run("/approve", approve, "Approve a run; above an amount as another admin", None, AnotherPersonError),
    _of_run(
        "/cancel",
        cancel,
        "Call off what the bank has not been told",
        ReasonRequest,
        ReasonRequiredError,
    ),
    _of_run(
        "/send", send, "Make an approved run's file for the bank, once", SendRequest, NotSepaError, PaymentFileError
    ),
    _read(
        "/api/payout-runs/{runId}/file",
        download,
        "A run's file for the bank, as it was made",
        None,
        Nothing,
        UnknownRunError,
        PayoutStateError,
    ),
    _read("/api/payouts", list_payouts, "Payouts", PayoutPage, PayoutQuery),
    _read(
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

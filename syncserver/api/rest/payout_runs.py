"""Vendors are paid: runs of payouts, from the proposal to the file for the bank."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import CurrencyError
from shared.ids import uuid_bytes_or_none, uuid_text
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.payout_views import (
    TAG,
    XML,
    ListQuery,
    RunPage,
    RunView,
    admins_page,
    run_view,
)
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.payouts import approving, proposing, sending, views
from syncserver.payouts.errors import (
    AnotherPersonError,
    NoPayoutAccountError,
    NothingToPayError,
    NotSepaError,
    PaymentFileError,
    PayoutStateError,
    UnknownRunError,
    VendorBlockedError,
)
from syncserver.payouts.initiation import Schema
from syncserver.payouts.proposing import Proposal
from syncserver.payouts.sending import PaymentFile
from syncserver.people.access import ADMINS
from syncserver.registry.errors import UnknownVendorError
from syncserver.wallets.funding.errors import NoBankAccountError

Reason = Annotated[str, Meta(min_length=1, max_length=128)]


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


async def propose(call: Call[ProposeRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs`."""
    body = call.body
    asked = Proposal(
        currency=body.currency,
        vendor=uuid_bytes_or_none(body.vendor_id),
        by_hand=body.by_hand,
        account=body.account,
    )

    async def work(connection: Connection) -> RunView:
        run = await proposing.propose(connection, call.services, call.who, asked)
        return run_view(await views.run(connection, run))

    return await call.once(work)


async def list_runs(call: Call[None, ListQuery]) -> Answer[RunPage]:
    """`GET /api/payout-runs`."""
    before = uuid_bytes_or_none(call.query.cursor)
    async with call.services.pool.acquire() as connection:
        found = await views.runs(connection, before=before, limit=call.query.limit + 1)
    page, following = page_of(found, call.query.limit, lambda one: uuid_text(one.id))
    return Answer(RunPage([run_view(one) for one in page], following))


async def show_run(call: Call[None, Nothing]) -> Answer[RunView]:
    """`GET /api/payout-runs/{runId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(run_view(await views.run(connection, call.path["runId"])))


async def _step(call: Call[Any, Nothing], take: Callable[[Connection, bytes], Awaitable[Any]]) -> Answer[Any]:
    """Take a step with all of a run, once; the run after it."""
    run = call.path["runId"]

    async def work(connection: Connection) -> RunView:
        await take(connection, run)
        return run_view(await views.run(connection, run))

    return await call.once(work)


async def approve(call: Call[None, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs/{runId}/approve`."""
    return await _step(call, lambda connection, run: approving.approve(connection, call.services, call.who, run))


async def cancel(call: Call[ReasonRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs/{runId}/cancel`."""
    services, who, reason = call.services, call.who, call.body.reason
    return await _step(call, lambda connection, run: approving.cancel(connection, services, who, run, reason))


async def send(call: Call[SendRequest, Nothing]) -> Answer[Any]:
    """`POST /api/payout-runs/{runId}/send`."""
    services, who, schema = call.services, call.who, call.body.schema
    return await _step(call, lambda connection, run: sending.send(connection, services, who, run, schema))


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
    admins_page("/api/payout-runs", list_runs, "Runs of payouts", RunPage, ListQuery),
    admins_page("/api/payout-runs/{runId}", show_run, "A run of payouts", RunView, Nothing, UnknownRunError),
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
    admins_page(
        "/api/payout-runs/{runId}/file",
        download,
        "A run's file for the bank, as it was made",
        None,
        Nothing,
        UnknownRunError,
        PayoutStateError,
        media=(XML,),
    ),
)

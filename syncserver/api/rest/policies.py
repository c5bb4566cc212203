"""Limits of shops and terminals: as they are and were, what a change would have done, and changes by two admins."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.errors import PolicyError
from shared.ids import uuid_bytes_or_none, uuid_text
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint, Nothing
from syncserver.api.rest.policy_views import (
    PolicyView,
    PreviewView,
    ProposalPage,
    ProposalView,
    VersionList,
    differences_of,
    made_view,
    preview_view,
    proposal_view,
    version_view,
)
from syncserver.api.rest.vendors import OWNERS, Cursor, Limit
from syncserver.database.connection import Connection
from syncserver.payments.errors import ReasonRequiredError
from syncserver.people import proposals
from syncserver.people.access import ADMINS
from syncserver.people.errors import (
    LimitsChangedError,
    OtherAdminNeededError,
    ProposalClosedError,
    UnknownProposalError,
)
from syncserver.people.proposals import Proposal
from syncserver.registry import limits
from syncserver.registry import preview as previewing
from syncserver.registry.errors import UnknownDeviceError, UnknownVendorError
from syncserver.registry.limits import Change

TAG = "Policies"
_Id = Annotated[str, Meta(max_length=36)]
WHOSE = (UnknownVendorError, UnknownDeviceError)


class DeviceQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Of one of the shop's terminals, where it is named: its own limits outrank the shop's."""

    device: _Id | None = None


class ChangesRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Fields of the policy that are to be otherwise (docs/risk.md), of the shop or of one of its terminals."""

    changes: dict[str, Any]
    device: _Id | None = None


class ProposeRequest(ChangesRequest, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """The same, and why."""

    reason: str


class WithdrawRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why it is not to be."""

    reason: str


class ProposalsQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Those that wait alone, or all; of a shop, or of all."""

    vendor: _Id | None = None
    waiting: bool = True
    cursor: Cursor | None = None
    limit: Limit = 50


def change_of(call: Call[Any, Any]) -> Change:
    """The change that a request asks for.

    Raises:
        DecodingError: the device is no id.
    """
    return Change(vendor=call.path["vendorId"], device=uuid_bytes_or_none(call.body.device), body=call.body.changes)


async def show_policy(call: Call[None, DeviceQuery]) -> Answer[PolicyView]:
    """`GET /api/vendors/{vendorId}/policy`."""
    none = Change(vendor=call.path["vendorId"], device=uuid_bytes_or_none(call.query.device), body={})
    async with call.services.pool.acquire() as connection:
        effect = await limits.foresee(connection, none)
    return Answer(PolicyView(effect.base, effect.after.to_wire()))


async def list_versions(call: Call[None, DeviceQuery]) -> Answer[VersionList]:
    """`GET /api/vendors/{vendorId}/policy/versions`."""
    vendor, device = call.path["vendorId"], uuid_bytes_or_none(call.query.device)
    async with call.services.pool.acquire() as connection:
        await limits.check(connection, Change(vendor=vendor, device=device, body={}))
        found = await limits.versions(connection, vendor, device)
    return Answer(VersionList([version_view(one, call.who) for one in found]))


async def preview_change(call: Call[ChangesRequest, Nothing]) -> Answer[PreviewView]:
    """`POST /api/vendors/{vendorId}/policy/preview`. It changes nothing."""
    return Answer(preview_view(await previewing.preview(call.services, change_of(call))))


async def preview_proposal(call: Call[None, Nothing]) -> Answer[PreviewView]:
    """`GET /api/policies/proposals/{proposalId}/preview`."""
    async with call.services.pool.acquire() as connection:
        found = await proposals.read(connection, call.services, call.path["proposalId"])
    return Answer(preview_view(await previewing.preview(call.services, found.change)))


async def change_limits(call: Call[ProposeRequest, Nothing]) -> Answer[Any]:
    """`POST /api/vendors/{vendorId}/policy`."""
    services, change = call.services, change_of(call)

    async def work(connection: Connection) -> tuple[ProposalView, int]:
        effect, proposed = await proposals.change_or_propose(connection, services, call.who, change, call.body.reason)
        differs = differences_of(effect.before, effect.after)
        if proposed is not None:
            return proposal_view(await proposals.read(connection, services, proposed), differs), ACCEPTED
        after = await limits.foresee(connection, Change(vendor=change.vendor, device=change.device, body={}))
        return made_view(change, call.body.reason, after.base, differs), 200

    return await call.once_or_wait(work)


async def list_proposals(call: Call[None, ProposalsQuery]) -> Answer[ProposalPage]:
    """`GET /api/policies/proposals`."""
    query = call.query
    async with call.services.pool.acquire() as connection:
        found = await proposals.listed(
            connection,
            call.services,
            vendor=uuid_bytes_or_none(query.vendor),
            waiting=query.waiting,
            before=uuid_bytes_or_none(query.cursor),
            limit=query.limit + 1,
        )
        page, following = page_of(found, query.limit, lambda one: uuid_text(one.id))
        shown = [await _shown(connection, one) for one in page]
    return Answer(ProposalPage(shown, following))


async def _shown(connection: Connection, found: Proposal) -> ProposalView:
    before, after = await proposals.policies_of(connection, found)
    return proposal_view(found, differences_of(before, after))


async def show_proposal(call: Call[None, Nothing]) -> Answer[ProposalView]:
    """`GET /api/policies/proposals/{proposalId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(
            await _shown(connection, await proposals.read(connection, call.services, call.path["proposalId"]))
        )


async def confirm(call: Call[None, Nothing]) -> Answer[ProposalView]:
    """`POST /api/policies/proposals/{proposalId}/confirm`. A proposal is decided once by itself: it needs no key."""
    async with call.services.pool.acquire() as connection, connection.transaction():
        found = await proposals.confirm(connection, call.services, call.who, call.path["proposalId"])
        return Answer(await _shown(connection, found))


async def withdraw(call: Call[WithdrawRequest, Nothing]) -> Answer[ProposalView]:
    """`POST /api/policies/proposals/{proposalId}/withdraw`."""
    async with call.services.pool.acquire() as connection, connection.transaction():
        found = await proposals.withdraw(connection, call.services, call.who, call.path["proposalId"], call.body.reason)
        return Answer(await _shown(connection, found))


def _of_shop(path: str, handle: Any, summary: str, answers: Any) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/api/vendors/{{vendorId}}/policy{path}",
        handle=handle,
        summary=summary,
        answers=answers,
        roles=OWNERS,
        owner="vendorId",
        query=DeviceQuery,
        errors=WHOSE,
        tag=TAG,
    )


def _of_proposal(method: str, path: str, handle: Any, summary: str, answers: Any, **more: Any) -> Endpoint:
    return Endpoint(
        method=method,
        path=f"/api/policies/proposals/{{proposalId}}{path}",
        handle=handle,
        summary=summary,
        answers=answers,
        roles=ADMINS,
        tag=TAG,
        **more,
    )


ENDPOINTS = (
    _of_shop("", show_policy, "A shop's limits, or those of one of its terminals", PolicyView),
    _of_shop("/versions", list_versions, "Every change of them: who, when, why, and what", VersionList),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/policy/preview",
        handle=preview_change,
        summary="What the last seven days' payments would have come to under other limits",
        answers=PreviewView,
        roles=ADMINS,
        body=ChangesRequest,
        errors=(*WHOSE, PolicyError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/policy",
        handle=change_limits,
        summary="Tighten limits at once, or propose looser ones to another admin",
        answers=ProposalView,
        roles=ADMINS,
        body=ProposeRequest,
        errors=(*WHOSE, PolicyError, ReasonRequiredError),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/policies/proposals",
        handle=list_proposals,
        summary="Changes of limits that wait for another admin",
        answers=ProposalPage,
        roles=ADMINS,
        query=ProposalsQuery,
        tag=TAG,
    ),
    _of_proposal("GET", "", show_proposal, "One of them", ProposalView, errors=(UnknownProposalError,)),
    _of_proposal(
        "GET",
        "/preview",
        preview_proposal,
        "What the last seven days' payments would have come to under it",
        PreviewView,
        errors=(UnknownProposalError, *WHOSE, PolicyError),
    ),
    _of_proposal(
        "POST",
        "/confirm",
        confirm,
        "Let it be so, as another admin than whoever proposed it",
        ProposalView,
        errors=(
            UnknownProposalError,
            ProposalClosedError,
            OtherAdminNeededError,
            LimitsChangedError,
            *WHOSE,
            PolicyError,
        ),
    ),
    _of_proposal(
        "POST",
        "/withdraw",
        withdraw,
        "Let it not be so",
        ProposalView,
        body=WithdrawRequest,
        errors=(UnknownProposalError, ProposalClosedError, ReasonRequiredError),
    ),
)

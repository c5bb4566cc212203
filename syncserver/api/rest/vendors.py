"""Vendors: their sales, their terminals, what they are owed and what they can lose."""

from typing import Annotated

import msgspec
from msgspec import Meta

from shared.ids import uuid_bytes_or_none, uuid_text
from shared.lifecycles import DeviceState
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.people.access import ADMINS, Role
from syncserver.registry import exposure, sales, vendors
from syncserver.registry.errors import UnknownVendorError
from syncserver.registry.sales import Owed
from syncserver.registry.vendors import Vendor

TAG = "Vendors"
GAPS_SHOWN = 10
OWNERS = ADMINS | {Role.VENDOR}

Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=200)]


class VendorView(msgspec.Struct, frozen=True, rename="camel"):
    """A shop. Its place is in 1e-7 degree; it is owed `payable` and `pending`, which is added up within seconds.

    `onItsWay` to its bank is what is being paid out, and owed no longer.
    """

    vendor_id: str
    name: str
    lat: int
    lon: int
    currency: str
    blocked: bool
    owed: Sum
    payable: Sum
    pending: Sum
    on_its_way: Sum


class VendorPage(msgspec.Struct, frozen=True, rename="camel"):
    """Shops, the oldest first; `next` is the cursor of the next page."""

    vendors: list[VendorView]
    next: str | None


class VendorListQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where a page begins, and how long it is."""

    cursor: Cursor | None = None
    limit: Limit = 50


class TerminalView(msgspec.Struct, frozen=True, rename="camel"):
    """A till. `missing` records are known of and not here; `exposure` is the most that it can have taken unsent.

    `gaps` are the first ranges of them in its current journal, ten at most.
    """

    device: str
    name: str
    model: str
    epoch: int
    state: str
    last_seen_at: int | None
    through: int
    missing: int
    gaps: list[tuple[int, int]]
    exposure: Sum


class TerminalPage(msgspec.Struct, frozen=True, rename="camel"):
    """Tills, the oldest first; `next` is the cursor of the next page."""

    terminals: list[TerminalView]
    next: str | None


class ExposureView(msgspec.Struct, frozen=True, rename="camel"):
    """What a shop can lose at this moment, at most: `bound` is `unsynced` and `flagged` together.

    `unsynced` is what its `terminals` can have taken and not sent; `flagged` waits for an admin; `forACode` is what one
    code costs that is shown at all of its tills while they can't hear each other.
    """

    bound: Sum
    unsynced: Sum
    flagged: Sum
    flagged_payments: int
    for_a_code: Sum
    terminals: int
    loss_bearer: str


def _view(vendor: Vendor, owed: Owed) -> VendorView:
    return VendorView(
        vendor_id=uuid_text(vendor.id),
        name=vendor.name,
        lat=vendor.place.lat,
        lon=vendor.place.lon,
        currency=vendor.currency,
        blocked=vendor.blocked,
        owed=Sum.of(owed.total, vendor.currency),
        payable=Sum.of(owed.payable, vendor.currency),
        pending=Sum.of(owed.pending, vendor.currency),
        on_its_way=Sum.of(owed.on_its_way, vendor.currency),
    )


async def list_vendors(call: Call[None, VendorListQuery]) -> Answer[VendorPage]:
    """`GET /api/vendors`."""
    after = uuid_bytes_or_none(call.query.cursor)
    async with call.services.pool.acquire() as connection:
        found = await sales.list_vendors(connection, after, call.query.limit + 1)
    page, following = page_of(found, call.query.limit, lambda one: uuid_text(one[0].id))
    return Answer(VendorPage([_view(*one) for one in page], following))


async def show_vendor(call: Call[None, Nothing]) -> Answer[VendorView]:
    """`GET /api/vendors/{vendorId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(_view(*await sales.show_vendor(connection, call.path["vendorId"])))


async def block(call: Call[None, Nothing]) -> Answer[VendorView]:
    """`POST /api/vendors/{vendorId}/block`."""
    await vendors.block_vendor(call.services, call.path["vendorId"], blocked=True)
    return await show_vendor(call)


async def unblock(call: Call[None, Nothing]) -> Answer[VendorView]:
    """`POST /api/vendors/{vendorId}/unblock`."""
    await vendors.block_vendor(call.services, call.path["vendorId"], blocked=False)
    return await show_vendor(call)


async def list_terminals(call: Call[None, VendorListQuery]) -> Answer[TerminalPage]:
    """`GET /api/vendors/{vendorId}/terminals`."""
    query, now = call.query, call.services.clock()
    after = uuid_bytes_or_none(query.cursor)
    async with call.services.pool.acquire() as connection:
        vendor, _ = await sales.show_vendor(connection, call.path["vendorId"])
        found = await exposure.terminals(connection, vendor.id, now, after=after, limit=query.limit + 1)
    page, following = page_of(found, query.limit, lambda one: uuid_text(one.view.device))
    return Answer(TerminalPage([_terminal(one, vendor.currency) for one in page], following))


def _terminal(one: exposure.TerminalExposure, currency: str) -> TerminalView:
    return TerminalView(
        device=uuid_text(one.view.device),
        name=one.view.name,
        model=one.view.model,
        epoch=one.view.epoch,
        state=DeviceState(one.view.state).value,
        last_seen_at=one.view.last_seen_at,
        through=one.view.through,
        missing=one.missing,
        gaps=list(one.view.missing[:GAPS_SHOWN]),
        exposure=Sum.of(one.at_most, currency),
    )


async def show_exposure(call: Call[None, Nothing]) -> Answer[ExposureView]:
    """`GET /api/vendors/{vendorId}/exposure`."""
    async with call.services.pool.acquire() as connection:
        vendor, _ = await sales.show_vendor(connection, call.path["vendorId"])
        found = await exposure.exposure(connection, vendor.id, call.services.clock())
    bound, unsynced, flagged, for_a_code = (
        Sum.of(minor, vendor.currency) for minor in (found.bound, found.unsynced, found.flagged, found.for_a_code)
    )
    return Answer(
        ExposureView(
            bound=bound,
            unsynced=unsynced,
            flagged=flagged,
            flagged_payments=found.flagged_payments,
            for_a_code=for_a_code,
            terminals=found.terminals,
            loss_bearer=found.loss_bearer,
        )
    )


def of_vendor(path: str, handle: object, summary: str, answers: object, query: object, *media: str) -> Endpoint:
    """A page about one vendor, for its people and for admins."""
    return Endpoint(
        method="GET",
        path=f"/api/vendors/{{vendorId}}{path}",
        handle=handle,  # type: ignore[arg-type] # each of them was checked where it is made
        summary=summary,
        answers=answers,
        media=media,
        roles=OWNERS,
        owner="vendorId",
        query=query,
        errors=(UnknownVendorError,),
        tag=TAG,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/vendors",
        handle=list_vendors,
        summary="All shops, with what each is owed",
        answers=VendorPage,
        roles=ADMINS,
        query=VendorListQuery,
        tag=TAG,
    ),
    of_vendor("", show_vendor, "A shop, with what it is owed", VendorView, Nothing),
    of_vendor("/terminals", list_terminals, "A shop's tills", TerminalPage, VendorListQuery),
    of_vendor("/exposure", show_exposure, "What a shop can lose at most, now", ExposureView, Nothing),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/block",
        handle=block,
        summary="Stop a shop: its tills refuse every sale from their next book on",
        answers=VendorView,
        roles=ADMINS,
        errors=(UnknownVendorError,),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/unblock",
        handle=unblock,
        summary="Let a shop sell again",
        answers=VendorView,
        roles=ADMINS,
        errors=(UnknownVendorError,),
        tag=TAG,
    ),
)

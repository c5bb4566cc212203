"""Terminals, for admins: which there are, how each stands, and what may be done with one."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.errors import PlaceError
from shared.geo import Place
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.people.access import ADMINS
from syncserver.registry import devices, enrolment, fleet, quarantine
from syncserver.registry.errors import DeviceStateError, UnknownDeviceError, UnknownVendorError
from syncserver.registry.fleet import FleetDevice, FleetState

TAG = "Terminals of all shops"
MOST = 200


class DeviceListQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which devices: in a state, of a shop; `cursor` as the page before gave it."""

    state: FleetState | None = None
    vendor_id: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 50
    cursor: str | None = None


class ReasonRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why."""

    reason: str


class TokenRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """For which shop a terminal is to be enrolled, or which terminal is to begin a new epoch, and where it stands.

    `lat` and `lon` are ten-millionths of a degree; without them it stands where the shop, or the terminal, is.
    """

    vendor_id: str
    device_id: str | None = None
    lat: int | None = None
    lon: int | None = None


class TokenView(msgspec.Struct, frozen=True, rename="camel"):
    """A one-time token, shown this once and good until `expiresAt` (ms)."""

    token: str
    expires_at: int

    def __repr__(self) -> str:
        return "TokenView()"


class FleetDeviceView(msgspec.Struct, frozen=True, rename="camel"):
    """A terminal. Times in ms; what it said of itself when it last asked for its book, null where it did not say."""

    device_id: str
    vendor_id: str
    vendor_name: str
    name: str
    model: str
    epoch: int
    state: str
    silent: bool
    enrolled_at: int
    last_seen_at: int | None
    missing_records: int
    lat: int
    lon: int
    reported_at: int | None
    book: int | None
    app: str | None
    waiting: int | None
    oldest_waiting_at: int | None
    clock_skew_ms: int | None


class DevicePage(msgspec.Struct, frozen=True, rename="camel"):
    """Some terminals, the oldest first."""

    devices: list[FleetDeviceView]
    next_cursor: str | None


class ReleaseView(msgspec.Struct, frozen=True, rename="camel"):
    """How many payments were voided by voids that had waited."""

    voided: int


def _view(one: FleetDevice, now: int) -> FleetDeviceView:
    view = one.view
    return FleetDeviceView(
        device_id=uuid_text(view.device),
        vendor_id=uuid_text(view.vendor),
        vendor_name=view.vendor_name,
        name=view.name,
        model=view.model,
        epoch=view.epoch,
        state=view.state.value,
        silent=one.is_silent(now),
        enrolled_at=one.enrolled_at,
        last_seen_at=view.last_seen_at,
        missing_records=view.missing_records,
        lat=one.place.lat,
        lon=one.place.lon,
        reported_at=one.reported_at,
        book=one.book,
        app=one.app,
        waiting=one.waiting,
        oldest_waiting_at=one.oldest_at,
        clock_skew_ms=one.skew_ms,
    )


async def list_devices(call: Call[None, DeviceListQuery]) -> Answer[DevicePage]:
    """`GET /api/devices`."""
    query, now = call.query, call.services.clock()
    after = uuid_bytes_or_none(query.cursor)
    vendor = uuid_bytes_or_none(query.vendor_id)
    async with call.services.pool.acquire() as connection:
        found = await fleet.devices_after(connection, after, query.limit + 1, now=now, state=query.state, vendor=vendor)
    page, following = page_of(found, query.limit, lambda one: uuid_text(one.view.device))
    return Answer(DevicePage([_view(one, now) for one in page], following))


async def show_device(call: Call[Any, Nothing]) -> Answer[FleetDeviceView]:
    """`GET /api/devices/{deviceId}`."""
    now = call.services.clock()
    async with call.services.pool.acquire() as connection:
        return Answer(_view(await fleet.show_device(connection, call.path["deviceId"], now), now))


async def make_token(call: Call[TokenRequest, Nothing]) -> Answer[TokenView]:
    """`POST /api/devices/enrolment-tokens`."""
    body = call.body
    place = Place(body.lat, body.lon) if body.lat is not None and body.lon is not None else None
    device = uuid_bytes_or_none(body.device_id)
    made = await enrolment.make_token(call.services, uuid_bytes(body.vendor_id), place=place, device=device)
    return Answer(TokenView(made, call.services.clock() + enrolment.TOKEN_MS))


async def impose_quarantine(call: Call[ReasonRequest, Nothing]) -> Answer[FleetDeviceView]:
    """`POST /api/devices/{deviceId}/quarantine`."""
    await quarantine.impose(call.services, call.path["deviceId"], call.body.reason)
    return await show_device(call)


async def end_quarantine(call: Call[None, Nothing]) -> Answer[ReleaseView]:
    """`POST /api/devices/{deviceId}/release`."""
    voided = await quarantine.release(call.services, call.path["deviceId"], call.who.actor)
    return Answer(ReleaseView(voided))


async def revoke(call: Call[None, Nothing]) -> Answer[FleetDeviceView]:
    """`POST /api/devices/{deviceId}/revoke`."""
    await devices.revoke(call.services, call.path["deviceId"])
    return await show_device(call)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/devices",
        handle=list_devices,
        summary="All terminals, with how each stands",
        answers=DevicePage,
        roles=ADMINS,
        query=DeviceListQuery,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/devices/{deviceId}",
        handle=show_device,
        summary="A terminal",
        answers=FleetDeviceView,
        roles=ADMINS,
        errors=(UnknownDeviceError,),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/devices/enrolment-tokens",
        handle=make_token,
        summary="Make a one-time token by which a terminal is enrolled",
        answers=TokenView,
        roles=ADMINS,
        body=TokenRequest,
        errors=(UnknownVendorError, UnknownDeviceError, PlaceError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/devices/{deviceId}/quarantine",
        handle=impose_quarantine,
        summary="Trust a terminal no more for now: its voids wait, and it gets no book",
        answers=FleetDeviceView,
        roles=ADMINS,
        body=ReasonRequest,
        errors=(UnknownDeviceError, DeviceStateError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/devices/{deviceId}/release",
        handle=end_quarantine,
        summary="End a quarantine after looking at the fork; voids that waited take effect",
        answers=ReleaseView,
        roles=ADMINS,
        errors=(DeviceStateError,),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/devices/{deviceId}/revoke",
        handle=revoke,
        summary="Revoke a terminal for good: it may still upload, and its new payments are flagged",
        answers=FleetDeviceView,
        roles=ADMINS,
        errors=(UnknownDeviceError, DeviceStateError),
        tag=TAG,
    ),
)

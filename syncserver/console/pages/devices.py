"""Terminals: which need a person, how each stands, and what is done with one."""

from typing import Any

import msgspec
import segno
from starlette.responses import Response

from shared.errors import DecodingError
from shared.geo import Place
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from syncserver.api.rest.endpoint import Nothing
from syncserver.console.page import PREFIX, Form, Page, ReasonForm, Visit
from syncserver.registry import devices, enrolment, exposure, fleet, quarantine, vendors
from syncserver.registry.fleet import FleetState

DEVICES = f"{PREFIX}/devices"
ROWS = 50
# A longer list to choose from helps nobody: each shop has a page that leads here.
MOST_SHOPS = 500


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which devices: in a state, of a shop, after one."""

    state: str = ""
    vendor: str = ""
    cursor: str = ""


class NewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which shop, where its page leads here."""

    vendor: str = ""


class TokenForm(Form, frozen=True):
    """Which shop a new terminal is for, and where it stands if not where the shop is (degrees)."""

    vendor: str
    lat: str = ""
    lon: str = ""


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/devices`."""
    query, now = visit.query, visit.services.clock()
    if query.state and query.state not in set(FleetState):
        raise DecodingError("state: not one that a device has")
    state = FleetState(query.state) if query.state else None
    async with visit.services.pool.acquire() as connection:
        found = await fleet.devices_after(
            connection,
            uuid_bytes_or_none(query.cursor or None),
            ROWS + 1,
            now=now,
            state=state,
            vendor=uuid_bytes_or_none(query.vendor or None),
        )
    rows = found[:ROWS]
    following = uuid_text(rows[-1].view.device) if len(found) > ROWS else None
    return visit.page("devices_list.html", rows=rows, following=following, states=list(FleetState))


async def show_one(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/devices/{device}`."""
    device, now = visit.path["device"], visit.services.clock()
    async with visit.services.pool.acquire() as connection:
        one = await fleet.show_device(connection, device, now)
        exposed = await exposure.of_terminal(connection, one.view, now)
        journals = await fleet.journals(connection, device)
        batches = await fleet.last_batches(connection, device)
    return visit.page("devices_one.html", one=one, exposed=exposed, journals=journals, batches=batches)


async def show_new(visit: Visit[NewQuery, None]) -> Response:
    """`GET /console/devices/new`."""
    shops = await vendors.first_by_name(visit.services, MOST_SHOPS)
    if visit.query.vendor:
        shop = await vendors.read_vendor(visit.services, uuid_bytes(visit.query.vendor))
        shops = [(shop.id, shop.name)]
    options = [(uuid_text(vendor), f"{name} ({uuid_text(vendor)[-12:]})") for vendor, name in shops]
    return visit.page("devices_new.html", options=options, more=len(shops) == MOST_SHOPS)


async def make_token(visit: Visit[Nothing, TokenForm]) -> Response:
    """`POST /console/devices/new`: the token is on this page, and nowhere else."""
    form = visit.form
    place = Place.from_degrees(form.lat, form.lon) if form.lat or form.lon else None
    vendor = await vendors.read_vendor(visit.services, uuid_bytes(form.vendor))
    token = await enrolment.make_token(visit.services, vendor.id, place=place)
    return _token_page(visit, token, vendor.name, None)


async def make_next_token(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/devices/{device}/enrol-again`: a token for the device's next epoch."""
    async with visit.services.pool.acquire() as connection:
        one = await fleet.show_device(connection, visit.path["device"], visit.services.clock())
    token = await enrolment.make_token(visit.services, one.view.vendor, device=one.view.device)
    return _token_page(visit, token, one.view.vendor_name, one.view.name)


def _token_page(visit: Visit[Any, Any], token: str, shop: str, name: str | None) -> Response:
    picture = segno.make(token, error="m").svg_data_uri(scale=5, border=3)
    return visit.page("devices_token.html", token=token, picture=picture, shop=shop, name=name)


async def impose(visit: Visit[Nothing, ReasonForm]) -> Response:
    """`POST /console/devices/{device}/quarantine`."""
    await quarantine.impose(visit.services, visit.path["device"], visit.form.reason)
    return await visit.done(_address(visit), "The terminal is quarantined.")


async def release(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/devices/{device}/release`."""
    voided = await quarantine.release(visit.services, visit.path["device"], visit.who.actor)
    return await visit.done(
        _address(visit), f"The quarantine is over; {voided} payments were voided by voids that waited."
    )


async def revoke(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/devices/{device}/revoke`."""
    await devices.revoke(visit.services, visit.path["device"])
    return await visit.done(_address(visit), "The terminal is revoked. What it still sends is flagged.")


def _address(visit: Visit[Any, Any]) -> str:
    return f"{DEVICES}/{uuid_text(visit.path['device'])}"


_NEW = Page(path="/devices/new", show=show_new, query=NewQuery)
_ONE = Page(path="/devices/{device}", show=show_one)
PAGES = (
    Page(path="/devices", show=show_list, query=ListQuery),
    _NEW,
    Page(path="/devices/new", show=make_token, form=TokenForm, again=_NEW),
    _ONE,
    Page(path="/devices/{device}/enrol-again", show=make_next_token, form=Form, again=_ONE),
    Page(path="/devices/{device}/quarantine", show=impose, form=ReasonForm, again=_ONE),
    Page(path="/devices/{device}/release", show=release, form=Form, again=_ONE),
    Page(path="/devices/{device}/revoke", show=revoke, form=Form, again=_ONE),
)

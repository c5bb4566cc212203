"""Shops: what each is owed and can lose, where it is, who works there, and its tills."""

from typing import Any

import msgspec
from starlette.responses import Response

from shared.geo import Place
from shared.ids import uuid_bytes, uuid_text
from shared.messages.book import CASHIER_ROLES
from syncserver.api.rest.endpoint import Nothing
from syncserver.console.drawing import Point, chart_map
from syncserver.console.page import PREFIX, Form, Page, Visit
from syncserver.registry import exposure, fleet, sales, vendors
from syncserver.registry.sales import LinePlace, Period
from syncserver.sync.reading import read_policies

VENDORS = f"{PREFIX}/vendors"
ROWS = 50


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shops after one."""

    cursor: str = ""


class LinesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines before one: its time, what it is about and its number."""

    at: int | None = None
    about: str = ""
    number: int = 0


class VendorForm(Form, frozen=True):
    """A new shop: `lat` and `lon` in degrees."""

    name: str
    lat: str
    lon: str
    currency: str


class CashierForm(Form, frozen=True):
    """Somebody who works at a shop's tills."""

    cashier: str
    name: str
    role: str
    pin: str


class CashierNameForm(Form, frozen=True):
    """Who works there no more."""

    cashier: str


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/vendors`."""
    after = uuid_bytes(visit.query.cursor) if visit.query.cursor else None
    async with visit.services.pool.acquire() as connection:
        found = await sales.list_vendors(connection, after, ROWS + 1)
    rows = found[:ROWS]
    following = uuid_text(rows[-1][0].id) if len(found) > ROWS else None
    return visit.page("vendors_list.html", rows=rows, following=following)


async def add(visit: Visit[Nothing, VendorForm]) -> Response:
    """`POST /console/vendors`."""
    form = visit.form
    place = Place.from_degrees(form.lat, form.lon)
    made = await vendors.add_vendor(visit.services, name=form.name, place=place, currency=form.currency.upper())
    return await visit.done(f"{VENDORS}/{uuid_text(made)}", f"{form.name} is there.")


async def show_one(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/vendors/{vendor}`."""
    vendor, now = visit.path["vendor"], visit.services.clock()
    async with visit.services.pool.acquire() as connection:
        shop, owed = await sales.show_vendor(connection, vendor)
        exposed = await exposure.exposure(connection, vendor, now)
        tills = await fleet.devices_after(connection, None, ROWS, now=now, vendor=vendor)
        policy = (await read_policies(connection, vendor, vendor)).latest()
        cashiers = await vendors.list_cashiers(connection, vendor)
    points = [Point(shop.place, shop.name), *(Point(one.place, one.view.name, "info") for one in tills)]
    drawn = chart_map(
        f"Where {shop.name} and its tills are, and who is in their books", points, circle=(shop.place, policy.radius_m)
    )
    return visit.page(
        "vendors_one.html",
        shop=shop,
        owed=owed,
        exposed=exposed,
        tills=tills,
        policy=policy,
        cashiers=cashiers,
        drawn=drawn,
        roles=[(role, role) for role in sorted(CASHIER_ROLES)],
    )


async def show_statement(visit: Visit[LinesQuery, None]) -> Response:
    """`GET /console/vendors/{vendor}/statement`."""
    query = visit.query
    before = None
    if query.at is not None:
        before = LinePlace(query.at, uuid_bytes(query.about) if query.about else bytes(16), query.number)
    async with (
        visit.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        shop, _ = await sales.show_vendor(connection, visit.path["vendor"])
        owed, lines = await sales.statement(connection, shop.id, Period(), before=before, limit=ROWS)
    last = lines[-1] if len(lines) >= ROWS else None
    following = visit.here(at=last.at, about=uuid_text(last.about), number=last.number) if last else None
    return visit.page("vendors_statement.html", shop=shop, owed=owed, lines=lines, following=following)


async def block(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/vendors/{vendor}/block`."""
    await vendors.block_vendor(visit.services, visit.path["vendor"], blocked=True)
    return await visit.done(_address(visit), "Blocked: its tills refuse every sale from their next book on.")


async def unblock(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/vendors/{vendor}/unblock`."""
    await vendors.block_vendor(visit.services, visit.path["vendor"], blocked=False)
    return await visit.done(_address(visit), "It sells again, from the next book of its tills on.")


async def write_cashier(visit: Visit[Nothing, CashierForm]) -> Response:
    """`POST /console/vendors/{vendor}/cashiers`."""
    form = visit.form
    await vendors.add_cashier(
        visit.services, visit.path["vendor"], cashier=form.cashier, name=form.name, role=form.role, pin=form.pin
    )
    return await visit.done(_address(visit), f"{form.name} may work here, from the next book of its tills on.")


async def remove_cashier(visit: Visit[Nothing, CashierNameForm]) -> Response:
    """`POST /console/vendors/{vendor}/cashiers/remove`."""
    await vendors.remove_cashier(visit.services, visit.path["vendor"], visit.form.cashier)
    return await visit.done(_address(visit), f"{visit.form.cashier} works here no more.")


def _address(visit: Visit[Any, Any]) -> str:
    return f"{VENDORS}/{uuid_text(visit.path['vendor'])}"


_LIST = Page(path="/vendors", show=show_list, query=ListQuery)
_ONE = Page(path="/vendors/{vendor}", show=show_one)
PAGES = (
    _LIST,
    Page(path="/vendors", show=add, form=VendorForm, again=_LIST),
    _ONE,
    Page(path="/vendors/{vendor}/statement", show=show_statement, query=LinesQuery),
    Page(path="/vendors/{vendor}/block", show=block, form=Form, again=_ONE),
    Page(path="/vendors/{vendor}/unblock", show=unblock, form=Form, again=_ONE),
    Page(path="/vendors/{vendor}/cashiers", show=write_cashier, form=CashierForm, again=_ONE),
    Page(path="/vendors/{vendor}/cashiers/remove", show=remove_cashier, form=CashierNameForm, again=_ONE),
)

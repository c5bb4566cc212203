"""Shops and who works there, customers: for the admins who look after them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from shared.errors import CurrencyError, PlaceError
from shared.geo import Place
from shared.ids import uuid_bytes_or_none, uuid_text
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.vendors import TAG as VENDORS
from syncserver.people.access import ADMINS
from syncserver.registry import vendors
from syncserver.registry.errors import PinError, UnknownCashierError, UnknownVendorError
from syncserver.wallets import customers
from syncserver.wallets.customers import Customer
from syncserver.wallets.errors import UnknownWalletError

CUSTOMERS = "Customers"
MOST = 200


class NewVendor(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A shop: where it is in ten-millionths of a degree, and its currency (ISO 4217)."""

    name: str
    lat: int
    lon: int
    currency: str


class MadeVendor(msgspec.Struct, frozen=True, rename="camel"):
    """The id of a new shop."""

    vendor_id: str


class CashierRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Somebody who works at a shop's tills: role `cashier` or `supervisor`, a PIN of six digits."""

    cashier: str
    name: str
    role: str
    pin: str

    def __repr__(self) -> str:
        return f"CashierRequest({self.cashier!r})"


class CashierName(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Who works there no more."""

    cashier: str


class CashierView(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody who works at a shop's tills."""

    cashier: str
    name: str
    role: str


class CashierList(msgspec.Struct, frozen=True, rename="camel"):
    """Who works at a shop's tills, by id."""

    cashiers: list[CashierView]


class CustomerQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Customers after a page; `cursor` as it gave it."""

    limit: Annotated[int, Meta(ge=1, le=MOST)] = 50
    cursor: str | None = None


class CustomerView(msgspec.Struct, frozen=True, rename="camel"):
    """A customer and the wallet. `since` in ms, the home in ten-millionths of a degree."""

    user_id: str
    name: str
    login: str | None
    lat: int
    lon: int
    since: int
    wallet: str
    blocked: bool
    online: Sum
    offline: Sum
    held: Sum
    in_review: Sum


class CustomerPage(msgspec.Struct, frozen=True, rename="camel"):
    """Some customers, the oldest first."""

    customers: list[CustomerView]
    next_cursor: str | None


async def add_vendor(call: Call[NewVendor, Nothing]) -> Answer[MadeVendor]:
    """`POST /api/vendors`."""
    body = call.body
    place = Place(body.lat, body.lon)
    made = await vendors.add_vendor(call.services, name=body.name, place=place, currency=body.currency)
    return Answer(MadeVendor(uuid_text(made)))


async def list_cashiers(call: Call[object, Nothing]) -> Answer[CashierList]:
    """`GET /api/vendors/{vendorId}/cashiers`."""
    vendor = call.path["vendorId"]
    await vendors.read_vendor(call.services, vendor)
    async with call.services.pool.acquire() as connection:
        found = await vendors.list_cashiers(connection, vendor)
    return Answer(CashierList([CashierView(one.id, one.name, one.role) for one in found]))


async def write_cashier(call: Call[CashierRequest, Nothing]) -> Answer[CashierView]:
    """`POST /api/vendors/{vendorId}/cashiers`."""
    body = call.body
    await vendors.add_cashier(
        call.services, call.path["vendorId"], cashier=body.cashier, name=body.name, role=body.role, pin=body.pin
    )
    return Answer(CashierView(body.cashier, body.name, body.role))


async def remove_cashier(call: Call[CashierName, Nothing]) -> Answer[None]:
    """`POST /api/vendors/{vendorId}/cashiers/remove`."""
    await vendors.remove_cashier(call.services, call.path["vendorId"], call.body.cashier)
    return Answer(None)


def _customer(one: Customer) -> CustomerView:
    has = one.balances
    online, offline, held, review = (
        Sum.of(minor, has.currency) for minor in (has.online, has.offline, has.held, has.review)
    )
    return CustomerView(
        user_id=uuid_text(one.user_id),
        name=one.name,
        login=one.login,
        lat=one.home.lat,
        lon=one.home.lon,
        since=one.since,
        wallet=has.wallet,
        blocked=one.blocked,
        online=online,
        offline=offline,
        held=held,
        in_review=review,
    )


async def list_customers(call: Call[None, CustomerQuery]) -> Answer[CustomerPage]:
    """`GET /api/customers`."""
    query = call.query
    after = uuid_bytes_or_none(query.cursor)
    async with call.services.pool.acquire() as connection:
        found = await customers.customers_after(connection, after, query.limit + 1)
    page, following = page_of(found, query.limit, lambda one: uuid_text(one.user_id))
    return Answer(CustomerPage([_customer(one) for one in page], following))


async def show_customer(call: Call[None, Nothing]) -> Answer[CustomerView]:
    """`GET /api/customers/{customerId}`."""
    async with call.services.pool.acquire() as connection:
        return Answer(_customer(await customers.show_customer(connection, call.path["customerId"])))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/vendors",
        handle=add_vendor,
        summary="Add a shop",
        answers=MadeVendor,
        roles=ADMINS,
        body=NewVendor,
        errors=(CurrencyError, PlaceError),
        tag=VENDORS,
    ),
    Endpoint(
        method="GET",
        path="/api/vendors/{vendorId}/cashiers",
        handle=list_cashiers,
        summary="Who works at a shop's tills",
        answers=CashierList,
        roles=ADMINS,
        errors=(UnknownVendorError,),
        tag=VENDORS,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/cashiers",
        handle=write_cashier,
        summary="Let somebody work at a shop's tills, or give them another PIN, from the next book on",
        answers=CashierView,
        roles=ADMINS,
        body=CashierRequest,
        errors=(UnknownVendorError, PinError),
        tag=VENDORS,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/cashiers/remove",
        handle=remove_cashier,
        summary="Let somebody work at a shop's tills no more, from the next book on",
        roles=ADMINS,
        body=CashierName,
        errors=(UnknownCashierError,),
        tag=VENDORS,
    ),
    Endpoint(
        method="GET",
        path="/api/customers",
        handle=list_customers,
        summary="All customers, with their wallets",
        answers=CustomerPage,
        roles=ADMINS,
        query=CustomerQuery,
        tag=CUSTOMERS,
    ),
    Endpoint(
        method="GET",
        path="/api/customers/{customerId}",
        handle=show_customer,
        summary="A customer, with the wallet",
        answers=CustomerView,
        roles=ADMINS,
        errors=(UnknownWalletError,),
        tag=CUSTOMERS,
    ),
)

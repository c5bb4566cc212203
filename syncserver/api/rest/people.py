"""Registering, waiting and being approved; and what admins decide about people."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.errors import CurrencyError, DecodingError
from shared.fields import Latitude, Longitude
from shared.geo import Place
from shared.ids import uuid_bytes_or_none, uuid_text, uuid_text_or_none
from syncserver.api.rest.auth import WAITING_TOO, Secret, turns_of
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing, Rate
from syncserver.database.errors import BusyError
from syncserver.people import admins, approving, registrations
from syncserver.people.access import ADMINS, Role
from syncserver.people.approving import approvable_at
from syncserver.people.errors import (
    LoginError,
    LoginTakenError,
    PasswordError,
    PersonStateError,
    ReasonError,
    UnknownPersonError,
    WaitingPeriodError,
)
from syncserver.people.person import Person, read
from syncserver.people.registrations import Registration
from syncserver.services import Services

TAG = "People"
MOST_A_PAGE = 200


class RegisterRequest(Secret, frozen=True):
    """Who wants to be a customer or a vendor. `lat` and `lon` (1e-7 degree) are a home, or where the shop is."""

    login: str
    password: str
    name: str
    role: Literal["customer", "vendor"]
    lat: Latitude
    lon: Longitude
    currency: str


class AdminRequest(Secret, frozen=True):
    """A new admin."""

    login: str
    password: str
    name: str
    role: Literal["admin", "superadmin"]


class ReasonRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why, in at most 128 bytes."""

    reason: str


class PageQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A page of a list: `cursor` as the page before answered it."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_A_PAGE)] = 50


class WaitingView(msgspec.Struct, frozen=True, rename="camel"):
    """How long somebody still waits: the earliest approval (ms), and the seconds until then."""

    user_id: str
    state: str
    registered_at: int
    approvable_at: int
    remaining_seconds: int


class PersonView(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody as an admin sees them. `loginTaken`: somebody else was approved with this login."""

    user_id: str
    login: str
    name: str
    role: str
    state: str
    lat: int | None
    lon: int | None
    currency: str | None
    vendor_id: str | None
    registered_at: int
    approvable_at: int
    reason: str | None
    login_taken: bool = False


class PeoplePage(msgspec.Struct, frozen=True, rename="camel"):
    """A page of people; `next` is the cursor of the next page, null on the last."""

    people: list[PersonView]
    next: str | None


class MadeView(msgspec.Struct, frozen=True, rename="camel"):
    """Who was added."""

    user_id: str


def _waiting(services: Services, person: Person) -> WaitingView:
    until = approvable_at(services, person)
    # Rounded up: after so many seconds it is over.
    remaining = max(0, -(-(until - services.clock()) // 1_000))
    return WaitingView(uuid_text(person.user_id), person.state.value, person.registered_at, until, remaining)


def _view(services: Services, person: Person, *, taken: bool = False) -> PersonView:
    place = person.place
    return PersonView(
        user_id=uuid_text(person.user_id),
        login=person.login,
        name=person.name,
        role=person.role.value,
        state=person.state.value,
        lat=place.lat if place is not None else None,
        lon=place.lon if place is not None else None,
        currency=person.currency,
        vendor_id=uuid_text_or_none(person.vendor),
        registered_at=person.registered_at,
        approvable_at=approvable_at(services, person),
        reason=person.reason,
        login_taken=taken,
    )


async def register(call: Call[RegisterRequest, Nothing]) -> Answer[WaitingView]:
    """`POST /home/register`."""
    body = call.body
    asked = Registration(
        login=body.login,
        password=body.password,
        name=body.name,
        role=Role(body.role),
        place=Place(body.lat, body.lon),
        currency=body.currency,
    )
    person = await registrations.register(call.services, turns_of(call), asked)
    return Answer(_waiting(call.services, person))


async def check_waiting_period(call: Call[None, Nothing]) -> Answer[WaitingView]:
    """`GET /home/checkWaitingPeriod`."""
    async with call.services.pool.acquire() as connection:
        person = await read(connection, call.who.user_id)
    return Answer(_waiting(call.services, person))


async def list_registrations(call: Call[None, PageQuery]) -> Answer[PeoplePage]:
    """`GET /home/registrations`. The cursor is the last person's id: ids are in the order of registering."""
    after = call.query.cursor
    try:
        start = uuid_bytes_or_none(after)
    except DecodingError as error:
        raise DecodingError("cursor: not one of this list's") from error
    found = await approving.list_waiting(call.services, start, call.query.limit + 1)
    page, following = page_of(found, call.query.limit, lambda one: uuid_text(one[0].user_id))
    return Answer(PeoplePage([_view(call.services, person, taken=taken) for person, taken in page], following))


async def approve(call: Call[None, Nothing]) -> Answer[PersonView]:
    """`POST /home/approve/{userId}`."""
    services = call.services
    return Answer(_view(services, await approving.approve(services, call.who, call.path["userId"])))


async def reject(call: Call[ReasonRequest, Nothing]) -> Answer[PersonView]:
    """`POST /home/reject/{userId}`."""
    services, user_id = call.services, call.path["userId"]
    return Answer(_view(services, await approving.reject(services, call.who, user_id, call.body.reason)))


async def block(call: Call[ReasonRequest, Nothing]) -> Answer[PersonView]:
    """`POST /home/block/{userId}`."""
    services, user_id = call.services, call.path["userId"]
    return Answer(_view(services, await approving.block(services, call.who, user_id, call.body.reason)))


async def unblock(call: Call[None, Nothing]) -> Answer[PersonView]:
    """`POST /home/unblock/{userId}`."""
    services = call.services
    return Answer(_view(services, await approving.unblock(services, call.who, call.path["userId"])))


async def add_admin(call: Call[AdminRequest, Nothing]) -> Answer[MadeView]:
    """`POST /home/admins`."""
    body = call.body
    made = await admins.add_admin(
        call.services,
        turns_of(call),
        login=body.login,
        name=body.name,
        role=Role(body.role),
        password=body.password,
        actor=call.who.actor,
        made_by=call.who.user_id,
    )
    return Answer(MadeView(uuid_text(made)))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/home/register",
        handle=register,
        summary="Ask to become a customer or a vendor",
        answers=WaitingView,
        roles=None,
        body=RegisterRequest,
        errors=(LoginError, PasswordError, CurrencyError, BusyError),
        rate=Rate.PUBLIC,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/home/checkWaitingPeriod",
        handle=check_waiting_period,
        summary="How long I still wait",
        answers=WaitingView,
        states=WAITING_TOO,
        errors=(UnknownPersonError,),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/home/registrations",
        handle=list_registrations,
        summary="Who waits for an approval",
        answers=PeoplePage,
        roles=ADMINS,
        query=PageQuery,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/home/approve/{userId}",
        handle=approve,
        summary="Approve somebody who waits",
        answers=PersonView,
        roles=ADMINS,
        errors=(UnknownPersonError, PersonStateError, WaitingPeriodError, LoginTakenError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/home/reject/{userId}",
        handle=reject,
        summary="Reject somebody who waits",
        answers=PersonView,
        roles=ADMINS,
        body=ReasonRequest,
        errors=(UnknownPersonError, PersonStateError, ReasonError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/home/block/{userId}",
        handle=block,
        summary="Block somebody, and a customer's wallet",
        answers=PersonView,
        roles=ADMINS,
        body=ReasonRequest,
        errors=(UnknownPersonError, PersonStateError, ReasonError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/home/unblock/{userId}",
        handle=unblock,
        summary="End a block",
        answers=PersonView,
        roles=ADMINS,
        errors=(UnknownPersonError, PersonStateError),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/home/admins",
        handle=add_admin,
        summary="Add an admin",
        answers=MadeView,
        roles=frozenset({Role.SUPERADMIN}),
        body=AdminRequest,
        errors=(LoginError, PasswordError, LoginTakenError, BusyError),
        tag=TAG,
    ),
)

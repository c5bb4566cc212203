"""A flagged payment's dossier: all that whoever decides it has to see, and what its vendor is asked."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.geo import Place
from shared.ids import uuid_text
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.payment_views import (
    FINDING,
    TAG,
    EventView,
    TransactionView,
    WalletQuery,
    fields_of,
    seen,
    wallet_of,
)
from syncserver.database.connection import Connection
from syncserver.database.row_ids import text_or_none
from syncserver.payments import dossier, review, talk, views
from syncserver.payments.dossier import Dossier, Twin
from syncserver.payments.errors import NotFlaggedError, ReasonRequiredError
from syncserver.payments.talk import MOST_CHARACTERS, Question
from syncserver.people.access import ADMINS, Caller


class PlaceView(msgspec.Struct, frozen=True):
    """A place in 1e-7 degree (WGS 84)."""

    lat: int
    lon: int


class ReasonView(msgspec.Struct, frozen=True, rename="camel"):
    """A reason, and the same in words."""

    reason: str
    words: str


class TwinView(TransactionView, frozen=True, rename="camel"):
    """A payment that named the same code; `moneyIs` with its vendor, in review, with the customer, or nowhere."""

    device: str | None
    device_name: str | None
    money_is: str
    paid: Sum


class QuestionView(msgspec.Struct, frozen=True, rename="camel"):
    """What an admin asked the vendor, and what its person said. Times in ms."""

    question_id: str
    text: str
    actor: str
    at: int
    answer: str | None
    answered_by: str | None
    answered_at: int | None


class DossierView(TransactionView, frozen=True, rename="camel"):
    """A payment with what surrounds it. `distance` is from the customer's home to the terminal's place, in metres.

    `version` is what a decision names; `twins` claimed the same code; `recent` are the customer's payments.
    """

    score: int
    version: int
    money_is: str
    customer: str | None
    wallet_blocked: bool
    device: str | None
    device_name: str | None
    device_trusted: bool
    series: str | None
    index: int | None
    cap: Sum | None
    home: PlaceView | None
    place: PlaceView | None
    distance: int | None
    radius: int
    explained: list[ReasonView]
    twins: list[TwinView]
    recent: list[TransactionView]
    questions: list[QuestionView]
    events: list[EventView]


class AskRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What the payment's vendor is asked."""

    question: Annotated[str, Meta(max_length=MOST_CHARACTERS)]


async def show_dossier(call: Call[None, WalletQuery]) -> Answer[DossierView]:
    """`GET /api/transactions/review/{transactionId}`."""
    async with (
        call.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        view = await views.look_up(connection, call.path["transactionId"], wallet_of(call.query))
        return Answer(_dossier(await dossier.gather(connection, view), call.who))


def _dossier(found: Dossier, who: Caller) -> DossierView:
    view, row = found.view, found.view.row
    return DossierView(
        **fields_of(view, who),
        score=row["score"],
        version=found.version,
        money_is=found.money.value,
        customer=found.customer,
        wallet_blocked=found.blocked,
        device=text_or_none(row["device"]),
        device_name=found.device_name,
        device_trusted=found.device_trusted,
        series=text_or_none(row["series"]),
        index=row["idx"],
        cap=Sum.of(found.cap, view.currency) if found.cap is not None else None,
        home=_place(found.home),
        place=_place(found.place),
        distance=found.distance_m,
        radius=found.radius_m,
        explained=[ReasonView(reason, words) for reason, words in found.explained],
        twins=[_twin(one, who) for one in found.twins],
        recent=[seen(one, who) for one in found.recent],
        questions=[_question(one) for one in found.questions],
        events=[
            EventView(one["number"], one["from"], one["to"], one["at"], one["actor"], one["note"])
            for one in found.events
        ],
    )


def _place(place: Place | None) -> PlaceView | None:
    return PlaceView(place.lat, place.lon) if place is not None else None


def _twin(one: Twin, who: Caller) -> TwinView:
    return TwinView(
        **fields_of(one.view, who),
        device=text_or_none(one.view.row["device"]),
        device_name=one.device_name,
        money_is=one.money.value,
        paid=Sum.of(one.paid, one.view.currency),
    )


def _question(one: Question) -> QuestionView:
    return QuestionView(uuid_text(one.id), one.text, one.actor, one.at, one.answer, one.answered_by, one.answered_at)


async def ask_vendor(call: Call[AskRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/review/{transactionId}/ask`."""
    services, who, payment, wallet = call.services, call.who, call.path["transactionId"], wallet_of(call.query)

    async def work(connection: Connection) -> QuestionView:
        case = await review.open_case(connection, await views.look_up(connection, payment, wallet))
        asked = await talk.ask(connection, services, case, call.body.question, who.actor)
        every = await talk.of_payment(connection, case.view)
        return next(_question(one) for one in every if one.id == asked)

    return await call.once(work)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/transactions/review/{transactionId}",
        handle=show_dossier,
        summary="All that whoever decides a flagged payment has to see",
        answers=DossierView,
        roles=ADMINS,
        query=WalletQuery,
        errors=FINDING,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/transactions/review/{transactionId}/ask",
        handle=ask_vendor,
        summary="Ask a flagged payment's vendor; it stays flagged",
        answers=QuestionView,
        roles=ADMINS,
        body=AskRequest,
        query=WalletQuery,
        errors=(*FINDING, NotFlaggedError, ReasonRequiredError),
        once=True,
        tag=TAG,
    ),
)

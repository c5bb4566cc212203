"""The queue of flagged payments: its filters, what a reviewer has to see, and questions to vendors."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from shared.fields import MAX_INTEGER, checked_wallet
from shared.geo import Place
from shared.ids import uuid_bytes, uuid_text
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.api.rest.payment_views import (
    FINDING,
    TAG,
    EventView,
    Limit,
    TransactionView,
    WalletQuery,
    fields_of,
    seen,
    wallet_of,
)
from syncserver.database.connection import Connection
from syncserver.payments import dossier, queue, review, talk, views
from syncserver.payments.dossier import Dossier, Twin
from syncserver.payments.errors import NotFlaggedError, ReasonRequiredError
from syncserver.payments.explained import in_words
from syncserver.payments.queue import Filter, Talk, Waiting
from syncserver.payments.talk import MOST_CHARACTERS, Question
from syncserver.people.access import ADMINS, Caller

_Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Id = Annotated[str, Meta(max_length=36)]
_Words = Annotated[str, Meta(max_length=MOST_CHARACTERS)]


class FilterFields(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Flagged payments that arrived within a time (ms; `to` is not in it), of some amounts (minor units)."""

    since: _Time = msgspec.field(default=0, name="from")
    until: _Time = msgspec.field(default=MAX_INTEGER, name="to")
    reason: Annotated[str, Meta(max_length=40)] | None = None
    vendor: _Id | None = None
    device: _Id | None = None
    wallet: Annotated[str, Meta(max_length=10)] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    least: _Time = 0
    most: _Time = MAX_INTEGER
    asked: Literal["none", "waiting", "answered"] | None = None


class QueueQuery(FilterFields, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A page of them: `cursor` is the `next` of the page before."""

    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Limit = 50


class WaitingView(TransactionView, frozen=True, rename="camel"):
    """A flagged payment. `version` is what a decision names; so many `questions` its vendor was asked."""

    score: int
    device: str | None
    version: int
    questions: int
    answers: int


class QueuePage(msgspec.Struct, frozen=True, rename="camel"):
    """Some payments; `next` is null at the end."""

    transactions: list[WaitingView]
    next: str | None


class ReasonCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many payments wait for a reason, and the reason in words."""

    reason: str
    words: str
    payments: int


class QueueSums(msgspec.Struct, frozen=True, rename="camel"):
    """What waits in a filter: payments, their sums by currency, since when the oldest does (ms), and for what."""

    payments: int
    sums: list[Sum]
    oldest: int | None
    reasons: list[ReasonCount]


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

    question: _Words


def filter_of(fields: FilterFields) -> Filter:
    """The filter that a request names.

    Raises:
        DecodingError: an id in it is none.
    """
    return Filter(
        since=fields.since,
        until=fields.until,
        reason=fields.reason,
        vendor=uuid_bytes(fields.vendor) if fields.vendor is not None else None,
        device=uuid_bytes(fields.device) if fields.device is not None else None,
        wallet=checked_wallet(fields.wallet, "wallet") if fields.wallet is not None else None,
        currency=fields.currency,
        least=fields.least,
        most=fields.most,
        talk=Talk(fields.asked) if fields.asked is not None else None,
    )


async def flagged_transactions(call: Call[None, QueueQuery]) -> Answer[QueuePage]:
    """`GET /api/transactions/flagged-transactions`."""
    query, behind = call.query, queue.Place()
    if query.cursor is not None:
        received_at, wallet, payment = cursors.unpack(query.cursor, 3)
        behind = queue.Place(cursors.number(received_at), checked_wallet(wallet, "cursor"), uuid_bytes(payment))
    async with call.services.pool.acquire() as connection:
        found = await queue.page(connection, filter_of(query), behind, query.limit + 1)
    shown = found[: query.limit]
    following = None
    if len(found) > query.limit:
        last = shown[-1].place
        following = cursors.pack(last.received_at, last.wallet, uuid_text(last.payment))
    return Answer(QueuePage([_waiting(one, call.who) for one in shown], following))


def _waiting(one: Waiting, who: Caller) -> WaitingView:
    row = one.view.row
    return WaitingView(
        **fields_of(one.view, who),
        score=row["score"],
        device=_text(row["device"]),
        version=one.version,
        questions=one.questions,
        answers=one.answers,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


async def flagged_summary(call: Call[None, FilterFields]) -> Answer[QueueSums]:
    """`GET /api/transactions/flagged-summary`."""
    async with call.services.pool.acquire() as connection:
        found = await queue.sums(connection, filter_of(call.query))
    return Answer(
        QueueSums(
            payments=found.payments,
            sums=[Sum.of(amount, currency) for currency, _, amount in found.by_currency],
            oldest=found.oldest,
            reasons=[ReasonCount(reason, in_words(reason), payments) for reason, payments in found.by_reason],
        )
    )


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
        device=_text(row["device"]),
        device_name=found.device_name,
        device_trusted=found.device_trusted,
        series=_text(row["series"]),
        index=row["idx"],
        cap=Sum.of(found.cap, view.currency) if found.cap is not None else None,
        home=_place(found.home),
        place=_place(found.place),
        distance=found.distance_m,
        radius=found.radius_m,
        explained=[ReasonView(reason, words) for reason, words in found.explained],
        twins=[_twin(one, who) for one in found.twins],
        recent=[seen(one, who) for one in found.recent],
        questions=[question_view(one) for one in found.questions],
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
        device=_text(one.view.row["device"]),
        device_name=one.device_name,
        money_is=one.money.value,
        paid=Sum.of(one.paid, one.view.currency),
    )


def question_view(one: Question) -> QuestionView:
    """A question as admins see it."""
    return QuestionView(uuid_text(one.id), one.text, one.actor, one.at, one.answer, one.answered_by, one.answered_at)


async def ask_vendor(call: Call[AskRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/review/{transactionId}/ask`."""
    services, who, payment, wallet = call.services, call.who, call.path["transactionId"], wallet_of(call.query)

    async def work(connection: Connection) -> QuestionView:
        case = await review.open_case(connection, await views.look_up(connection, payment, wallet))
        asked = await talk.ask(connection, services, case, call.body.question, who.actor)
        every = await talk.of_payment(connection, case.view)
        return next(question_view(one) for one in every if one.id == asked)

    return await call.once(work)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/transactions/flagged-transactions",
        handle=flagged_transactions,
        summary="Payments that wait for an admin, in a filter, the oldest first",
        answers=QueuePage,
        roles=ADMINS,
        query=QueueQuery,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/transactions/flagged-summary",
        handle=flagged_summary,
        summary="How many payments wait in a filter, for what, and what they sum up to",
        answers=QueueSums,
        roles=ADMINS,
        query=FilterFields,
        tag=TAG,
    ),
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

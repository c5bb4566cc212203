"""What admins ask a shop about its flagged payments, and what its people answer."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.ids import uuid_bytes_or_none, uuid_text
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.vendor_books import masked
from syncserver.api.rest.vendors import OWNERS, TAG, Cursor, Limit
from syncserver.database.row_ids import text_or_none
from syncserver.payments import talk
from syncserver.payments.errors import AnsweredError, ReasonRequiredError, UnknownQuestionError
from syncserver.payments.talk import MOST_CHARACTERS, Question
from syncserver.people.access import Role


class QuestionsQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Those that wait for an answer alone, or all; a page of them."""

    waiting: bool = True
    cursor: Cursor | None = None
    limit: Limit = 50


class AskedView(msgspec.Struct, frozen=True, rename="camel"):
    """A question about a payment. Times in ms; `wallet` shows its last four digits, `state` is the payment's now."""

    question_id: str
    text: str
    at: int
    answer: str | None
    answered_at: int | None
    payment: str
    state: str
    reasons: list[str]
    amount: Sum
    wallet: str
    device: str | None
    taken_at: int


class AskedPage(msgspec.Struct, frozen=True, rename="camel"):
    """Questions, the newest first; `next` is the cursor of the next page."""

    questions: list[AskedView]
    next: str | None


class AnswerRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What the shop says."""

    answer: Annotated[str, Meta(max_length=MOST_CHARACTERS)]


class Answered(msgspec.Struct, frozen=True, rename="camel"):
    """An answer that is kept with the payment. `answeredAt` in ms."""

    question_id: str
    answered_at: int


async def list_questions(call: Call[None, QuestionsQuery]) -> Answer[AskedPage]:
    """`GET /api/vendors/{vendorId}/questions`."""
    query = call.query
    before = uuid_bytes_or_none(query.cursor)
    async with call.services.pool.acquire() as connection:
        rows = await talk.of_vendor(
            connection, call.path["vendorId"], before=before, waiting=query.waiting, limit=query.limit + 1
        )
    shown, following = page_of(rows, query.limit, lambda row: str(row["question"]))
    return Answer(AskedPage([_asked(row) for row in shown], following))


def _asked(row: Any) -> AskedView:
    one = Question.of(row)
    return AskedView(
        question_id=uuid_text(one.id),
        text=one.text,
        at=one.at,
        answer=one.answer,
        answered_at=one.answered_at,
        payment=str(row["payment"]),
        state=row["state"],
        reasons=list(row["reasons"]),
        amount=Sum.of(row["amount"], row["currency"]),
        wallet=masked(row["wallet"]),
        device=text_or_none(row["device"]),
        taken_at=row["taken_at"],
    )


async def answer_question(call: Call[AnswerRequest, Nothing]) -> Answer[Answered]:
    """`POST /api/vendors/{vendorId}/questions/{questionId}`. A question is answered once by itself: it needs no key."""
    services, question = call.services, call.path["questionId"]
    async with services.pool.acquire() as connection, connection.transaction():
        await talk.answer(
            connection, services, call.path["vendorId"], question, text=call.body.answer, actor=call.who.actor
        )
    return Answer(Answered(uuid_text(question), services.clock()))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/vendors/{vendorId}/questions",
        handle=list_questions,
        summary="What a shop was asked about its flagged payments",
        answers=AskedPage,
        roles=OWNERS,
        owner="vendorId",
        query=QuestionsQuery,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/vendors/{vendorId}/questions/{questionId}",
        handle=answer_question,
        summary="Answer a question for the shop; the payment stays flagged until an admin decides",
        answers=Answered,
        roles=frozenset({Role.VENDOR}),
        owner="vendorId",
        body=AnswerRequest,
        errors=(UnknownQuestionError, AnsweredError, ReasonRequiredError),
        tag=TAG,
    ),
)

"""What an admin asks a vendor about a flagged payment, and what the vendor's person says. The payment stays flagged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import DecodingError
from shared.ids import UUID7_RANDOM_BYTES, uuid7
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.ledger import store
from syncserver.payments.errors import AnsweredError, ReasonRequiredError, UnknownQuestionError
from syncserver.payments.online import QUERIES
from syncserver.payments.review import Case
from syncserver.payments.views import PaymentView, object_of
from syncserver.services import Services

MOST_CHARACTERS = 1_000
_LINES = frozenset("\n\t")


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a payment. Times in ms; without an answer it waits."""

    id: bytes
    text: str
    actor: str
    at: int
    answer: str | None
    answered_by: str | None
    answered_at: int | None

    @classmethod
    def of(cls, row: Any) -> "Question":
        """A row of `questions_of_payment` or `questions_of_vendor`."""
        return cls(
            row["question"].bytes,
            row["text"],
            row["actor"],
            row["at"],
            row["answer"],
            row["answered_by"],
            row["answered_at"],
        )


def checked_words(text: str, name: str) -> str:
    """What somebody wrote, without blanks at its ends.

    Raises:
        ReasonRequiredError: there is nothing.
        DecodingError: it is too long, or has characters that control something.
    """
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise ReasonRequiredError
    if len(words) > MOST_CHARACTERS:
        raise DecodingError(f"{name}: more than {MOST_CHARACTERS} characters")
    if any(not (character.isprintable() or character in _LINES) for character in words):
        raise DecodingError(f"{name}: a character that can't be shown")
    return words


async def ask(connection: Connection, services: Services, case: Case, text: str, actor: str) -> bytes:
    """Ask a payment's vendor, in the transaction that opened the case; the question's id.

    Raises:
        ReasonRequiredError, DecodingError: there are no such words.
    """
    words, at = checked_words(text, "question"), services.clock()
    question = uuid7(at, services.random(UUID7_RANDOM_BYTES))
    view = case.view
    await connection.execute(
        QUERIES["write_question"],
        uuid_of(question),
        view.wallet,
        uuid_of(view.payment),
        uuid_of(view.vendor),
        words,
        actor,
        at,
    )
    await trail.note(
        connection,
        services,
        action="payment.ask",
        object_=object_of(view.payment),
        actor=actor,
        after={"question": words},
    )
    return question


async def answer(
    connection: Connection, services: Services, vendor: bytes, question: bytes, *, text: str, actor: str
) -> None:
    """Answer for a vendor, in the caller's transaction; whoever decides the payment now comes before or after.

    Raises:
        UnknownQuestionError: this vendor was asked no such thing.
        AnsweredError: somebody answered before.
        ReasonRequiredError, DecodingError: there are no such words.
    """
    words = checked_words(text, "answer")
    row = await connection.fetchrow(QUERIES["question_to_vendor"], uuid_of(question), uuid_of(vendor))
    if row is None:
        raise UnknownQuestionError
    await store.lock_wallets(connection, [row["wallet"]])
    written = await connection.execute(QUERIES["write_answer"], uuid_of(question), words, actor, services.clock())
    if written != "INSERT 0 1":
        raise AnsweredError
    await trail.note(
        connection,
        services,
        action="payment.answer",
        object_=object_of(row["payment"].bytes),
        actor=actor,
        after={"answer": words},
    )


async def of_payment(connection: Connection, view: PaymentView) -> list[Question]:
    """What was asked about a payment, and answered, in order."""
    rows = await connection.fetch(QUERIES["questions_of_payment"], view.wallet, uuid_of(view.payment))
    return [Question.of(row) for row in rows]


async def of_vendor(
    connection: Connection, vendor: bytes, *, before: bytes | None, waiting: bool, limit: int
) -> Sequence[Any]:
    """Rows of what a vendor was asked, the newest first, each with the facts of its payment."""
    last = uuid_or_none(before)
    return list(await connection.fetch(QUERIES["questions_of_vendor"], uuid_of(vendor), last, waiting, limit))

"""The queue of flagged payments: what of it an admin looks at, in pages and as sums."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.fields import MAX_INTEGER
from shared.words import Word
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.payments.online import QUERIES
from syncserver.payments.views import PaymentView, view_of
from syncserver.services import Services

LIST_LIMIT = 1_000


class Talk(Word):
    """Whether a payment's vendor was asked about it."""

    NONE = "none"
    WAITING = "waiting"  # for an answer
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which flagged payments. Times of arrival in ms (`until` is not included), amounts in minor units; None is any."""

    since: int = 0
    until: int = MAX_INTEGER
    reason: str | None = None
    vendor: bytes | None = None
    device: bytes | None = None
    wallet: str | None = None
    currency: str | None = None
    least: int = 0
    most: int = MAX_INTEGER
    talk: Talk | None = None

    @property
    def arguments(self) -> tuple[Any, ...]:
        """As `flagged_in` takes it (migration 0017)."""
        return (
            self.since,
            self.until,
            self.reason,
            uuid_or_none(self.vendor),
            uuid_or_none(self.device),
            self.wallet,
            self.currency,
            self.least,
            self.most,
            self.talk.value if self.talk is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the queue ended."""

    received_at: int = 0
    wallet: str = ""
    payment: bytes = bytes(16)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A flagged payment, and how often its vendor was asked and answered."""

    view: PaymentView
    questions: int
    answers: int

    @property
    def version(self) -> int:
        """What a decision names, so that it is of what its admin saw: it grows with each question and answer."""
        return self.questions + self.answers

    @property
    def place(self) -> Place:
        """Where a page ends that ends with it."""
        return Place(self.view.row["received_at"], self.view.wallet, self.view.payment)


@dataclass(frozen=True, slots=True)
class Sums:
    """How much waits: by currency (payments, minor units), by reason (payments), and since when the oldest does."""

    by_currency: Sequence[tuple[str, int, int]]
    by_reason: Sequence[tuple[str, int]]
    oldest: int | None

    @property
    def payments(self) -> int:
        """How many there are in all."""
        return sum(payments for _, payments, _ in self.by_currency)


async def page(connection: Connection, of: Filter, behind: Place, limit: int) -> list[Waiting]:
    """Payments that wait for an admin, the oldest first, from behind a place in that order on."""
    place = (behind.received_at, behind.wallet, uuid_of(behind.payment))
    rows = await connection.fetch(QUERIES["flagged_payments"], *of.arguments, *place, limit)
    return [Waiting(view_of(row), row["questions"], row["answers"]) for row in rows]


async def sums(connection: Connection, of: Filter) -> Sums:
    """What waits in a filter, all of it."""
    by_currency = await connection.fetch(QUERIES["flagged_sums"], *of.arguments)
    by_reason = await connection.fetch(QUERIES["flagged_reasons"], *of.arguments)
    return Sums(
        by_currency=[(row["currency"], row["payments"], row["amount"]) for row in by_currency],
        by_reason=[(row["reason"], row["payments"]) for row in by_reason],
        oldest=min((row["oldest"] for row in by_currency), default=None),
    )


def sums_of(waiting: Sequence[Waiting]) -> Sums:
    """What these payments come to, where they are all that waits in a filter."""
    by_currency: dict[str, tuple[int, int]] = {}
    for one in waiting:
        payments, amount = by_currency.get(one.view.currency, (0, 0))
        by_currency[one.view.currency] = (payments + 1, amount + one.view.amount)
    by_reason = Counter(reason for one in waiting for reason in one.view.reasons)
    return Sums(
        by_currency=[(currency, *by_currency[currency]) for currency in sorted(by_currency)],
        by_reason=sorted(by_reason.items(), key=lambda pair: (-pair[1], pair[0])),
        oldest=min((one.view.row["received_at"] for one in waiting), default=None),
    )


async def flagged(services: Services) -> list[PaymentView]:
    """Payments that wait for an admin, the oldest first, at most a thousand."""
    async with services.pool.acquire() as connection:
        return [one.view for one in await page(connection, Filter(), Place(), LIST_LIMIT)]

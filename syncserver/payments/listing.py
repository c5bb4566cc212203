"""Lists of payments for admins: any filter, the newest first, at a cost that does not grow with what is stored.

A list looks at payments by the one index that leaves the fewest, and for a page at no more than
`MOST_LOOKED_AT` of them, nor for much longer than `PATIENCE_MS`. Where fewer fit, the page says until when it looked,
and the next one goes on from there. No page waits for a count, which is a question of its own.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.fields import MAX_INTEGER
from shared.lifecycles import PaymentState
from syncserver.database.arrays import uuid_of
from syncserver.database.queries import parse
from syncserver.database.row_ids import uuid_or_none
from syncserver.payments.views import PaymentView, view_of
from syncserver.services import Services

MOST_LOOKED_AT = 10_001
# A page looks at so many first, and at a thousand more each time that it has some patience left: where nothing is in
# memory, each payment is a page to be read from the disk, some 0.12 ms.
FIRST_LOOKED_AT = 500
LOOKED_AT_ONCE = 1_000
PATIENCE_MS = 40
# Beyond so many a list says "more than": nobody counts five million.
MOST_COUNTED = 10_000
PAGE = 500
# Past everything: where a list begins.
_NEWEST = (MAX_INTEGER, "~", b"\xff" * 16)
# A plan for the very values: a filter that most payments fit and one that few do are found by different indexes.
_SETTINGS = (
    "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = off; SET LOCAL jit = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which payments: all that is not None must fit. Amounts in minor units, times (of arrival) in ms."""

    state: PaymentState | None = None
    reason: str | None = None
    vendor: bytes | None = None
    device: bytes | None = None
    wallet: str | None = None
    channel: str | None = None
    currency: str | None = None
    least: int = 0
    most: int = MAX_INTEGER
    since: int = 0
    until: int = MAX_INTEGER  # not included

    @property
    def looks_at(self) -> str:
        """The block of `lists.sql` by which it looks."""
        if self.wallet is not None:
            return "by_wallet"
        if self.device is not None:
            return "by_device"
        if self.state not in (None, PaymentState.SUCCESSFUL):
            return "by_state"
        if self.vendor is not None:
            return "by_vendor"
        if self.reason is not None:
            return "by_reason"
        return "by_channel" if self.channel == "online" else "by_arrival"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: a payment's arrival, its wallet and its id."""

    received_at: int
    wallet: str
    payment: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A page. `following` is None at the end; `looked_until` (ms) says that there was more than could be looked at."""

    payments: list[PaymentView]
    following: Place | None
    looked_until: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """So many payments fit; where it is not `whole`, there are more, or may be."""

    found: int
    whole: bool


def _statements() -> Mapping[str, Mapping[str, str]]:
    """By what they look at: the statements for a page, its end, and a count."""
    file = Path(__file__).parent / "sql" / "lists.sql"
    blocks = dict(parse(file.read_text(encoding="utf-8"), file.name))
    whole = {name: blocks[name].replace("(fits)", f"({blocks['fits']})") for name in _KINDS}
    return {
        looked: {name: whole[name].replace("FROM looked", f"FROM ({inner})") for name in _KINDS}
        for looked, inner in blocks.items()
        if looked.startswith("by_")
    }


_KINDS = ("page_of", "end_of", "count_of")
STATEMENTS = _statements()


def arguments(filter_: Filter, behind: Place | None, looked: int, more: int | None = None) -> tuple[Any, ...]:
    """What the statements are given: `looked` is how many payments are looked at, `more` how many rows a page has."""
    at, wallet, payment = (behind.received_at, behind.wallet, behind.payment) if behind is not None else _NEWEST
    given = (
        filter_.since,
        filter_.until,
        at,
        wallet,
        uuid_of(payment),
        filter_.wallet,
        uuid_or_none(filter_.vendor),
        uuid_or_none(filter_.device),
        filter_.state.value if filter_.state is not None else None,
        filter_.reason,
        filter_.channel,
        filter_.currency,
        filter_.least,
        filter_.most,
        looked,
    )
    return given if more is None else (*given, more)


async def page_of(services: Services, filter_: Filter, *, behind: Place | None = None, limit: int) -> Found:
    """Payments that fit, behind a place."""
    statements = STATEMENTS[filter_.looks_at]
    found: list[PaymentView] = []
    place, left, step, begin = behind, MOST_LOOKED_AT, max(FIRST_LOOKED_AT, 2 * limit), services.clock()
    async with services.pool.acquire() as connection, connection.transaction(readonly=True):
        await connection.execute(_SETTINGS)
        while True:
            step = min(step, left)
            wanted = limit - len(found)
            rows = await connection.fetch(statements["page_of"], *arguments(filter_, place, step, wanted + 1))
            found += [view_of(row) for row in rows[:wanted]]
            if len(rows) > wanted:
                return Found(found, _place(rows[wanted - 1]) if wanted else place)
            last = await connection.fetchrow(statements["end_of"], *arguments(filter_, place, step))
            if last is None:
                return Found(found, None)
            place, left, step = _place(last), left - step, LOOKED_AT_ONCE
            if not left or services.clock() - begin > PATIENCE_MS:
                return Found(found, place, place.received_at)


def _place(row: Any) -> Place:
    return Place(row["received_at"], row["wallet"], row["payment"].bytes)


async def count(services: Services, filter_: Filter) -> Count:
    """How many payments fit, as far as is looked at."""
    statement, given = STATEMENTS[filter_.looks_at]["count_of"], arguments(filter_, None, MOST_LOOKED_AT)
    async with services.pool.acquire() as connection, connection.transaction(readonly=True):
        await connection.execute(_SETTINGS)
        row = await connection.fetchrow(statement, *given)
    if row is None:
        raise LookupError("counting answers always")
    whole = row["looked"] < MOST_LOOKED_AT
    return Count(min(row["found"], MOST_COUNTED), whole)


async def in_pages(services: Services, filter_: Filter) -> AsyncIterator[list[PaymentView]]:
    """All payments that fit, the newest first, in pages; each is read on a connection of its own."""
    behind: Place | None = None
    while True:
        found = await page_of(services, filter_, behind=behind, limit=PAGE)
        if found.payments:
            yield found.payments
        if found.following is None:
            return
        behind = found.following

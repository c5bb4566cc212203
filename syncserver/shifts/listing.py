"""Shifts in pages: those that need a person first, then the others, the latest first in both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.lifecycles import ShiftState
from shared.rules.decision import MS_PER_DAY, MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.shifts.halves import UNCLOSED_HOURS, Shift, ShiftKey
from syncserver.shifts.reading import QUERIES, with_halves

_LAST_ID = b"\xff" * 16
# Behind every time that a till can sign.
NEVER = MAX_INTEGER + 1
# Behind every shift that there can be.
_END = ShiftKey(_LAST_ID, 2**31 - 1, _LAST_ID)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: in which part of the list, and behind which shift."""

    marked: bool = True
    at: int = NEVER
    key: ShiftKey = _END


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which shifts. `since` and `until` (not included) are times of their end by their till's clock, in ms."""

    vendor: bytes | None = None
    device: bytes | None = None
    since: int = 0
    until: int = NEVER
    state: ShiftState | None = None
    marked_only: bool = False
    unclosed_hours: int = UNCLOSED_HOURS


@dataclass(frozen=True, slots=True)
class Page:
    """Shifts, and where the next page begins; None where there is none."""

    shifts: Sequence[Shift]
    following: Place | None
    marked: frozenset[ShiftKey] = field(default_factory=frozenset)


async def listed(connection: Connection, now: int, filters: Filters, behind: Place | None, limit: int) -> Page:
    """A page of shifts behind a place. In a transaction of one snapshot, so that both parts are of one moment."""
    place = behind or Place()
    rows: list[tuple[bool, asyncpg.Record]] = []
    for marked in (True, False) if place.marked else (False,):
        if not marked and filters.marked_only:
            break
        start = place if place.marked is marked else Place(marked)
        found = await connection.fetch(
            QUERIES["marked_shifts" if marked else "plain_shifts"],
            now - filters.unclosed_hours * MS_PER_HOUR,
            uuid_or_none(filters.vendor),
            uuid_or_none(filters.device),
            filters.since,
            filters.until,
            filters.state.value if filters.state is not None else None,
            start.at,
            uuid_of(start.key.device),
            start.key.epoch,
            uuid_of(start.key.shift),
            limit + 1 - len(rows),
        )
        rows += [(marked, row) for row in found]
        if len(rows) > limit:
            break
    page = rows[:limit]
    shifts = await with_halves(connection, [row for _, row in page])
    following = None
    if len(rows) > limit:
        following = Place(page[-1][0], shifts[-1].day_at, shifts[-1].key)
    marks = frozenset(shift.key for (marked, _), shift in zip(page, shifts, strict=True) if marked)
    return Page(shifts, following, marks)


def day_bounds(day: str) -> tuple[int, int]:
    """The first ms of a UTC day such as 2026-11-26, and that of the next.

    Raises:
        DecodingError: it is no such day.
    """
    try:
        start = int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * 1_000
    except ValueError as error:
        raise DecodingError("day: no date such as 2026-11-26") from error
    if start < 0 or len(day) != len("2026-11-26"):
        raise DecodingError("day: no date such as 2026-11-26")
    return start, start + MS_PER_DAY

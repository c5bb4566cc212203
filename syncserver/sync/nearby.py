"""Which series near a terminal changed since a version: a page's worth of them, at a cost that does not grow with all.

Each cell of the grid has its series in the order of their versions, but a page wants the order over all cells. Sorting
whatever is left for each page would read a book of a hundred pages a hundred times over. So versions are walked through
in windows: each begins where something changed, and is as wide as the ones before it let expect to fill the page.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.geo import Place, is_within
from shared.messages.book import MAX_SERIES_PER_PAGE
from syncserver.database.connection import Connection
from syncserver.sync.grid import cells_around
from syncserver.sync.numbering import QUERIES

# Whoever lives in a cell that the circle only touches is looked at and left out. After so many the page ends anyway.
_MOST_LOOKED_AT = 4 * MAX_SERIES_PER_PAGE
# A version belongs to one series at most, so the first window of a page can't hold more than a page and one.
_FIRST_WINDOW = MAX_SERIES_PER_PAGE + 1
_MOST_GROWTH = 8
_OPEN, _ALL = ("open",), ("open", "closed")


@dataclass(frozen=True, slots=True)
class Area:
    """Whose series a terminal is told: homes within `radius_m` (metres) of its place, wallets in its currency."""

    place: Place
    radius_m: int
    currency: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Series that changed, in the order of their versions: up to `version`, and `more` whether others follow."""

    rows: Sequence[asyncpg.Record]
    version: int
    more: bool


async def changed_nearby(connection: Connection, area: Area, since: int, through: int) -> Changed:
    """At most a page of series that changed after `since` up to `through`, which no series' version exceeds.

    With `since` 0 only what is open counts: a terminal that has nothing need not be told what is over.
    """
    states = _ALL if since else _OPEN
    cells = cells_around(area.place, area.radius_m)
    if cells is None:
        return await _changed_anywhere(connection, area, states, since, through)
    found: list[asyncpg.Record] = []
    low, width, looked_at = since, _FIRST_WINDOW, 0
    while len(found) <= MAX_SERIES_PER_PAGE and looked_at < _MOST_LOOKED_AT:
        first = await connection.fetchval(QUERIES["next_in_cells"], states, cells, low)
        if first is None:
            return Changed(found, through, more=False)
        high = first - 1 + width
        rows = await connection.fetch(
            QUERIES["series_in_cells"], states, cells, first - 1, high, MAX_SERIES_PER_PAGE + 1, area.currency
        )
        low = rows[-1]["version"] if len(rows) > MAX_SERIES_PER_PAGE else high
        looked_at += len(rows)
        found += await asyncio.to_thread(_within, area, rows)
        width = _next_width(width, len(rows), MAX_SERIES_PER_PAGE + 1 - len(found))
    return _page_of(found, min(low, through), through)


async def _changed_anywhere(
    connection: Connection, area: Area, states: Sequence[str], since: int, through: int
) -> Changed:
    rows = await connection.fetch(QUERIES["series_anywhere"], states, since, MAX_SERIES_PER_PAGE + 1, area.currency)
    version = rows[MAX_SERIES_PER_PAGE - 1]["version"] if len(rows) > MAX_SERIES_PER_PAGE else through
    found = await asyncio.to_thread(_within, area, rows[:MAX_SERIES_PER_PAGE])
    return Changed(found, version, more=len(rows) > MAX_SERIES_PER_PAGE)


def _within(area: Area, rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    return [row for row in rows if is_within(Place(row["lat"], row["lon"]), area.place, area.radius_m)]


def _next_width(width: int, found: int, wanted: int) -> int:
    """How many versions to look through next: as many as should hold what is still wanted, and a quarter more."""
    return width * max(1, min(_MOST_GROWTH, -(-5 * wanted // (4 * max(found, 1)))))


def _page_of(found: Sequence[asyncpg.Record], reached: int, through: int) -> Changed:
    if len(found) > MAX_SERIES_PER_PAGE:
        page = found[:MAX_SERIES_PER_PAGE]
        return Changed(page, page[-1]["version"], more=True)
    return Changed(found, reached, more=reached < through)

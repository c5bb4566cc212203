"""What waits for a person, counted."""

from dataclasses import dataclass
from pathlib import Path

from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.people.second import WAITS_MS
from syncserver.registry.fleet import silent_since

QUERIES = load(Path(__file__).parent)
# A count that says this means: so many, or more.
MOST = 1_000
REFUSED_WITHIN_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Needs:
    """How many of each wait, at most a thousand; `flagged_since` is when the oldest came (ms).

    Attributes:
        flagged: payments that somebody must decide.
        shifts: shifts whose halves differ.
        refused: records of the last week that were refused.
        quarantined: terminals whose journal forked.
        incomplete: terminals that owe records.
        silent: terminals that nobody has heard of for a day.
        people: customers and shops who wait to be approved.
        bank_entries: money that came in and is nobody's yet.
        second: what another admin asked for, and takes a second one.
    """

    flagged: int
    flagged_since: int | None
    shifts: int
    refused: int
    quarantined: int
    silent: int
    incomplete: int
    people: int
    bank_entries: int
    second: int


async def read_needs(connection: Connection, admin: bytes, now: int) -> Needs:
    """What waits for a person, and for this admin as a second one."""
    row = await connection.fetchrow(
        QUERIES["needs"], MOST, silent_since(now), now - REFUSED_WITHIN_MS, now - WAITS_MS, uuid_of(admin)
    )
    if row is None:
        raise LookupError("a count is always there")
    return Needs(**dict(row))

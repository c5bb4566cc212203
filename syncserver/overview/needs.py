"""What waits for a person, counted."""

from dataclasses import dataclass
from pathlib import Path

from shared.ids import UUID7_RANDOM_BYTES, uuid7
from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.people.second import WAITS_MS
from syncserver.registry.fleet import silent_since
from syncserver.shifts.halves import UNCLOSED_HOURS

QUERIES = load(Path(__file__).parent)
# A count that says this means: so many, or more.
MOST = 1_000
COMMANDS_WITHIN_MS = 24 * 3_600_000
REFUSED_WITHIN_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Needs:
    """How many of each wait, at most a thousand; `flagged_since` is when the oldest came (ms).

    Attributes:
        flagged: payments that somebody must decide.
        shifts: shifts with exceptions.
        refused: records of the last week that were refused.
        quarantined: terminals whose journal forked.
        incomplete: terminals that owe records.
        silent: terminals that nobody has heard of for a day.
        people: customers and shops who wait to be approved.
        bank_entries: money that came in and is nobody's yet.
        second: what another admin asked for, and takes a second one.
        payout_runs: runs of payouts that wait to be approved or sent.
        payout_accounts: accounts of vendors that wait for a second admin.
        by_command: what was done within a day by command on the server's machine, which no second admin has seen.
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
    payout_runs: int
    payout_accounts: int
    by_command: int


async def read_needs(connection: Connection, admin: bytes, now: int) -> Needs:
    """What waits for a person, and for this admin as a second one."""
    first = uuid7(now - COMMANDS_WITHIN_MS, bytes(UUID7_RANDOM_BYTES))
    unclosed = now - UNCLOSED_HOURS * MS_PER_HOUR
    since = (silent_since(now), now - REFUSED_WITHIN_MS, now - WAITS_MS)
    row = await connection.fetchrow(QUERIES["needs"], MOST, *since, uuid_of(admin), unclosed, uuid_of(first))
    if row is None:
        raise LookupError("a count is always there")
    return Needs(**dict(row))

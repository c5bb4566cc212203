"""What came in today, hour by hour, and how late."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from syncserver.database.connection import Connection
from syncserver.overview.needs import QUERIES

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Up to how long after it was taken a payment arrived; the last are later than any of these.
DELAYS = ("1 min", "10 min", "1 h", "6 h", "24 h", "72 h", "later")


@dataclass(frozen=True, slots=True)
class Activity:
    """Since a midnight (UTC, ms).

    Attributes:
        since: that midnight.
        payments: how many, by state.
        money: how much, by currency and state (minor units).
        hours: for each of the day's 24 hours, how many by state.
        delays: how many offline payments arrived within each of `DELAYS`, and within none of the one before it.
        reasons: why payments were not simply settled, the most frequent first.
    """

    since: int
    payments: Mapping[str, int]
    money: Mapping[tuple[str, str], int]
    hours: tuple[Mapping[str, int], ...]
    delays: tuple[int, ...]
    reasons: tuple[tuple[str, int], ...]


async def read_activity(connection: Connection, now: int) -> Activity:
    """What came in since midnight."""
    since = now - now % DAY_MS
    payments, money = Counter[str](), Counter[tuple[str, str]]()
    hours = [Counter[str]() for _ in range(24)]
    delays = [0] * len(DELAYS)
    for row in await connection.fetch(QUERIES["arrivals"], since):
        count, state = row["payments"], row["state"]
        payments[state] += count
        money[row["currency"], state] += row["amount"]
        hour = row["hour"] - since // HOUR_MS
        if hour < len(hours):  # a server whose clock is ahead
            hours[hour][state] += count
        if row["channel"] == "offline":
            delays[row["late"]] += count
    reasons = tuple(
        (row["reason"], row["payments"]) for row in await connection.fetch(QUERIES["arrived_reasons"], since)
    )
    return Activity(since, payments, money, tuple(hours), tuple(delays), reasons)

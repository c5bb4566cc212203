"""What the payments of the last seven days would have come to under other limits.

The work is bounded: the days are cut into slices, and of each slice the newest payments are looked at, so that all of
the week is seen. Where there were more, the preview says so. What it can't tell it says too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.fields import MAX_INTEGER
from shared.policy import Policy
from shared.rules.decision import MS_PER_HOUR, reach_ms
from syncserver.database.arrays import uuid_of, uuids
from syncserver.database.row_ids import uuid_or_none
from syncserver.judge.policies import PolicyHistory
from syncserver.registry import limits
from syncserver.registry.limits import QUERIES, Change
from syncserver.registry.rejudging import Rejudged, rejudge
from syncserver.services import Services
from syncserver.sync.reading import read_policies

DAYS = 7
SLICE_MS = 6 * MS_PER_HOUR
SLICES = DAYS * 4
OF_A_SLICE = 200
EXAMPLES = 10
# Of each payment so many others each way are read at most, whatever rate is asked for.
MOST_OTHERS = 100

CANNOT_TELL = """\
Sales that a till or this server refused left no record: what looser limits would have let through is not here.
STREAK, TERMINAL_EXPOSURE and STALE_BOOK are as the tills reported them. Changes of exposure_limit, exposure_count,
streak_warn, streak_stop, book_hours, voucher_hours and of the guesses act at tills, and are not in these figures.
CODE_INVALID, CODE_WITHDRAWN, CODE_SPENT, OVER_CAP, BLOCKED and FORK are as they were found: what was known of codes,
blocks and journals at that moment is not stored.
Each payment is judged by itself: that others of its customer would have failed before it is not taken into account.
"""


@dataclass(frozen=True, slots=True)
class Move:
    """So many payments, with this sum (minor units), were `was` and would have been `would`."""

    was: str
    would: str
    currency: str
    payments: int
    amount: int


@dataclass(frozen=True, slots=True)
class ReasonMove:
    """How many payments had a reason, and how many would have."""

    reason: str
    was: int
    would: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would have done. Times in ms.

    `judged` payments of the time from `since` until `until` were looked at; where `sampled`, there were more. `unlike`
    ones are in no figure: the limits of their time, and what is stored, do not explain what became of them.
    """

    before: Policy
    after: Policy
    since: int
    until: int
    judged: int
    sampled: bool
    unlike: int
    moves: Sequence[Move]
    reasons: Sequence[ReasonMove]
    examples: Sequence[Rejudged]


async def preview(services: Services, change: Change) -> Preview:
    """Judge the payments of the last seven days by the limits as they would be.

    Raises:
        UnknownVendorError, UnknownDeviceError, PolicyError: the change can't be made.
    """
    async with services.pool.acquire() as connection:
        effect = await limits.foresee(connection, change)
    until = services.clock() + 1
    since = until - SLICES * SLICE_MS
    histories: dict[bytes, PolicyHistory] = {}
    found: list[Rejudged] = []
    sampled = False
    for number in range(SLICES):
        start = since + number * SLICE_MS
        # A connection each time: a long preview holds none up, and other work comes in between.
        judged, more = await _judge_slice(services, change, effect.after, histories, start)
        found += judged
        sampled = sampled or more
    return _summed(effect, found, since, until, sampled=sampled)


async def _judge_slice(
    services: Services, change: Change, after: Policy, histories: dict[bytes, PolicyHistory], start: int
) -> tuple[list[Rejudged], bool]:
    device = uuid_or_none(change.device)
    async with services.pool.acquire() as connection:
        keys = await connection.fetch(
            QUERIES["payments_of_slice"], uuid_of(change.vendor), device, start, start + SLICE_MS, OF_A_SLICE + 1
        )
        looked_at = keys[:OF_A_SLICE]
        if not looked_at:
            return [], False
        rows = await connection.fetch(
            QUERIES["payments_to_rejudge"],
            [row["wallet"] for row in looked_at],
            uuids(row["payment"].bytes for row in looked_at),
            min(after.rate_count + 1, MOST_OTHERS),
            reach_ms(after) or MAX_INTEGER // 2,
        )
        for row in rows:
            whose = row["device"].bytes if row["device"] is not None else change.vendor
            if whose not in histories:
                histories[whose] = await read_policies(connection, change.vendor, whose)
    judged = []
    for row in rows:
        whose = row["device"].bytes if row["device"] is not None else change.vendor
        new = after if change.device is not None else limits.with_change(histories[whose], change).latest()
        judged.append(rejudge(row, _policy_then(histories[whose], row), new))
    return judged, len(keys) > OF_A_SLICE


def _policy_then(history: PolicyHistory, row: Any) -> Policy:
    """The limits that a payment was judged by: of the book it names, of its code's issue, or of its moment online."""
    if row["channel"] == "online":
        return history.at_time(row["received_at"])
    if row["book"] > 0:
        return history.at_version(row["book"])
    return history.at_time(row["issued_at"]) if row["issued_at"] is not None else history.latest()


def _summed(effect: limits.Effect, found: Sequence[Rejudged], since: int, until: int, *, sampled: bool) -> Preview:
    told = [one for one in found if one.alike]
    payments: Counter[tuple[str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str]] = Counter()
    was: Counter[str] = Counter()
    would: Counter[str] = Counter()
    for one in told:
        move = (one.was, one.would, one.currency)
        payments[move] += 1
        amounts[move] += one.amount
        was.update(one.was_reasons)
        would.update(one.would_reasons)
    changed = [one for one in told if (one.was, one.was_reasons) != (one.would, one.would_reasons)]
    changed.sort(key=lambda one: (one.was == one.would, -one.amount))
    return Preview(
        before=effect.before,
        after=effect.after,
        since=since,
        until=until,
        judged=len(found),
        sampled=sampled,
        unlike=len(found) - len(told),
        moves=[Move(*move, payments[move], amounts[move]) for move in sorted(payments)],
        reasons=[ReasonMove(reason, was[reason], would[reason]) for reason in sorted({*was, *would})],
        examples=changed[:EXAMPLES],
    )

"""Each limit that a till obeys by itself, and how much of it is used up. Pure."""

from dataclasses import dataclass
from typing import Literal

from shared.policy import Policy
from terminal.till.views import StatusView

_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: `used` of `most`, both minor units, counts, or hours; `used` None where nothing is used up by time."""

    name: str
    unit: Literal["money", "count", "hours"]
    used: int | None
    most: int


def limits_of(status: StatusView, policy: Policy) -> tuple[Limit, ...]:
    """The limits, in the order in which they stop a busy till."""
    book_hours = None if status.book_age is None else status.book_age // _MS_PER_HOUR
    return (
        Limit("exposure_limit", "money", status.queue.exposure.total, policy.exposure_limit),
        Limit("exposure_count", "count", status.queue.exposure.count, policy.exposure_count),
        Limit("payment_limit", "money", None, policy.payment_limit),
        Limit("daily_limit", "money", None, policy.daily_limit),
        Limit("streak_stop", "count", None, policy.streak_stop),
        Limit(
            "guesses_terminal_hour",
            "count",
            policy.guesses_terminal_hour - status.guesses_left,
            policy.guesses_terminal_hour,
        ),
        Limit("book_hours", "hours", book_hours, policy.book_hours),
        Limit("voucher_hours", "hours", book_hours, policy.voucher_hours),
    )

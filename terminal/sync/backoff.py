"""When a terminal asks its server again. Pure: whoever waits hands in what chance drew, and does the waiting.

A whole fleet fails in the same second, and is told the same: what spreads it out is chance alone. So pauses have full
jitter (anything from nothing to the whole window), which takes the fewest requests of those compared in AWS's
"Exponential Backoff And Jitter" (2015).
"""

from dataclasses import dataclass

# Doubling goes on for longer than any pause could; a float has room for it.
_MOST_DOUBLINGS = 60
_WIDEST_BEHIND = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a loop syncs, in seconds.

    Attributes:
        interval: between two syncs that work, more or less by up to a half.
        first_spread: the first sync is put off by up to this: power and network return to many tills at once.
        first_pause: the window in which the pause after a first failure lies; it doubles with each failure.
        longest_pause: the widest window.
    """

    interval: float = 30.0
    first_spread: float = 5.0
    first_pause: float = 2.0
    longest_pause: float = 300.0


def first_wait(pace: Pace, fraction: float) -> float:
    """Seconds before the first sync. `fraction`, here and below, is drawn evenly from [0, 1)."""
    return pace.first_spread * fraction


def even_wait(pace: Pace, fraction: float) -> float:
    """Seconds after a sync that worked."""
    return pace.interval * (0.5 + fraction)


def pause_after(pace: Pace, failures: int, fraction: float, retry_after: float | None = None) -> float:
    """Seconds after so many failures in a row.

    Args:
        pace: the loop's.
        failures: at least 1.
        fraction: what chance drew.
        retry_after: the seconds that the server asked for. Nobody comes before them, and those who were told the same
            come back over a window behind them, at least half as long as they are. It widens with the failures to
            half a minute and no further: the server says when by itself.
    """
    window = min(pace.longest_pause, pace.first_pause * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
    if retry_after is None:
        return window * fraction
    return retry_after + max(min(window, _WIDEST_BEHIND), retry_after / 2) * fraction

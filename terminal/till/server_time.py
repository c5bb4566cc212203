"""What the server's clock says now, as well as a till that can't ask it can know."""

from terminal.book.queries import SQL
from terminal.book.server_time import server_time
from terminal.clock import Moment
from terminal.till.parts import Parts


def server_now(parts: Parts, moment: Moment, tolerance_ms: int) -> int:
    """The server's time (ms) at a moment, which is now or, for a sale that is replayed, was before.

    It never falls behind the journal (less the tolerance): turning the wall clock back, which is all that is left
    after a reboot, does not bring an expired code or book back to life.
    """
    ago = parts.clock.now() - moment.at
    estimate = server_time(parts.store, parts.clock) - ago
    highest = parts.journal.highest_at()
    return estimate if highest is None else max(estimate, highest - tolerance_ms)


def clock_skew(parts: Parts) -> int | None:
    """By how many ms the wall clock is ahead of the server's; None where that can't be known."""
    told = parts.store.row(SQL["server_clock"])
    if told is None or told["boot"] != parts.clock.boot:
        return None
    return parts.clock.now() - server_time(parts.store, parts.clock)

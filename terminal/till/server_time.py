"""What the server's clock says now, as well as a till that can't ask it can know."""

from terminal.book.queries import SQL
from terminal.book.server_time import server_time
from terminal.clock import Moment
from terminal.till.parts import Parts


def server_now(parts: Parts, moment: Moment, tolerance_ms: int) -> int:
    """The server's time (ms) at a moment, which is now or, for a sale that is replayed, was before.

    Counted in ticks since the server last told it, nobody can turn it. After a reboot the wall clock is left, which
    people can set: then it never falls behind the journal (less the tolerance), so that turning the clock back does
    not bring an expired code or book back to life. The ticks are not held to the journal: one sale by a clock that
    was years ahead would else make every later book look stale.
    """
    ago = parts.clock.now() - moment.at
    estimate = server_time(parts.store, parts.clock) - ago
    if _told_in_this_boot(parts):
        return estimate
    highest = parts.journal.highest_at()
    return estimate if highest is None else max(estimate, highest - tolerance_ms)


def clock_skew(parts: Parts) -> int | None:
    """By how many ms the wall clock is ahead of the server's; None where that can't be known."""
    return parts.clock.now() - server_time(parts.store, parts.clock) if _told_in_this_boot(parts) else None


def _told_in_this_boot(parts: Parts) -> bool:
    told = parts.store.row(SQL["server_clock"])
    return told is not None and told["boot"] == parts.clock.boot

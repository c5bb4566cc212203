"""What the server's clock says now, as well as a till that can't ask it can know."""

from terminal.clock import Moment
from terminal.journal.chain import Journal
from terminal.store.database import Store
from terminal.till.queries import SQL


def server_now(store: Store, journal: Journal, moment: Moment, tolerance_ms: int) -> int:
    """The server's time (ms) at a moment: the last one it told, and the ticks that passed since.

    After a reboot only the wall clock is left, which people can set. So it never falls behind the journal (less the
    tolerance): turning the clock back does not bring an expired code or book back to life.
    """
    told = store.row(SQL["server_clock"])
    if told is not None and told["boot"] == moment.boot:
        estimate = told["server_time"] + moment.tick - told["tick"]
    else:
        estimate = moment.at
    highest = journal.highest_at()
    return int(estimate if highest is None else max(estimate, highest - tolerance_ms))


def clock_skew(store: Store, moment: Moment) -> int | None:
    """By how many ms the wall clock is ahead of the server's; None where that can't be known."""
    told = store.row(SQL["server_clock"])
    if told is None or told["boot"] != moment.boot:
        return None
    return int(moment.at - (told["server_time"] + moment.tick - told["tick"]))

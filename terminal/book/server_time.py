"""The server's time, as signed messages told it, and the ticks that passed since.

It never runs ahead of the server's own clock: a message is stamped before it travels, and counted from its arrival.
"""

from terminal.book.queries import SQL
from terminal.clock import Clock, Moment
from terminal.store.database import Row, Store


def _least(told: Row, moment: Moment) -> int:
    """What has certainly passed: after a reboot no ticks connect the two, so only what was told."""
    passed = max(0, moment.tick - told["tick"]) if told["boot"] == moment.boot else 0
    return int(told["server_time"]) + passed


def server_time(store: Store, clock: Clock, heard: int | None = None) -> int:
    """The best that is known of the server's time (ms).

    Args:
        store: where signed times are kept.
        clock: this terminal's clocks.
        heard: what an answer's `Date` header says now. It is not signed: it never counts behind what was.
    """
    moment = Moment.of(clock)
    told = store.row(SQL["server_clock"])
    if told is None:
        return moment.at if heard is None else heard
    least = _least(told, moment)
    if heard is not None:
        return max(least, heard)
    return least if told["boot"] == moment.boot else max(least, moment.at)


def note_server_time(store: Store, told: int, clock: Clock, *, fresh: bool) -> None:
    """Keep what a verified message says of the server's time; belongs into the caller's transaction.

    Args:
        store: where it is kept.
        told: the signed time (ms).
        clock: this terminal's clocks, read now.
        fresh: whether the message was made for a question of ours. What is not, a book, may be an old one that
            somebody plays again, so it can't set the clock back.
    """
    moment = Moment.of(clock)
    if not fresh:
        before = store.row(SQL["server_clock"])
        told = max(told, _least(before, moment)) if before else told
    store.execute(
        SQL["set_server_clock"], {"server_time": told, "at": moment.at, "tick": moment.tick, "boot": moment.boot}
    )

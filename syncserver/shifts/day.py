"""A vendor's day: all shifts that ended in it, and the one action that reconciles them when all match."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.ids import uuid_text
from shared.lifecycles import ShiftState
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.registry import sales
from syncserver.registry.vendors import Vendor
from syncserver.services import Services
from syncserver.shifts import decisions
from syncserver.shifts.decisions import Action, Decision
from syncserver.shifts.errors import DayNotMatchingError, DayTooLargeError
from syncserver.shifts.halves import Shift, ShiftKey
from syncserver.shifts.listing import day_bounds
from syncserver.shifts.reading import QUERIES, with_halves

MOST_SHIFTS = 2_000
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Day:
    """A vendor's shifts of a UTC day, in the order of their tills.

    `claimed` and `received` are sums (minor units) over the shifts that are closed in the vendor's own currency,
    so that their difference is what is missing.
    """

    vendor: Vendor
    day: str
    shifts: Sequence[Shift]

    @property
    def claimed(self) -> int:
        """What the tills' closes say."""
        return sum(one.claim.total for one in self._closed if one.claim)

    @property
    def received(self) -> int:
        """What is here of the same shifts."""
        return sum(one.received.total for one in self._closed)

    @property
    def not_closed(self) -> int:
        """What is here of all others: no close says yet how much it should be."""
        return sum(one.received.total for one in self.shifts) - self.received

    @property
    def _closed(self) -> list[Shift]:
        return [one for one in self.shifts if one.claim and one.claim.currency == self.vendor.currency]

    def unfit(self, now: int) -> list[Shift]:
        """The shifts that stand in the way of reconciling the day in one action."""
        return [
            one
            for one in self.shifts
            if (one.received.after if one.state is ShiftState.RECONCILED else not one.in_order(now))
        ]


async def read_day(connection: Connection, vendor: bytes, day: str) -> Day:
    """A vendor's day.

    Raises:
        UnknownVendorError: there is no such vendor.
        DecodingError: `day` is no date.
        DayTooLargeError: it has more shifts than can be handled at once.
    """
    since, until = day_bounds(day)
    owner, _ = await sales.show_vendor(connection, vendor)
    rows = await connection.fetch(QUERIES["shifts_of_day"], uuid_of(vendor), since, until, MOST_SHIFTS + 1)
    if len(rows) > MOST_SHIFTS:
        raise DayTooLargeError
    return Day(owner, day, await with_halves(connection, rows))


async def reconcile_day(
    connection: Connection, services: Services, vendor: bytes, day: str, *, actor: str
) -> tuple[Day, int]:
    """Reconcile all shifts of a day, in the caller's transaction: the day as it is then, and how many were reconciled.

    Raises:
        DayNotMatchingError: some do not match; they are named, and nothing was done.
        UnknownVendorError, DecodingError, DayTooLargeError: see `read_day`.
    """
    seen = await read_day(connection, vendor, day)
    await decisions.lock_journals(connection, [one.key for one in seen.shifts])
    now_there = await read_day(connection, vendor, day)
    # A shift that came between the two readings is of a journal that nobody locked.
    if {one.key for one in now_there.shifts} != {one.key for one in seen.shifts}:
        raise DayNotMatchingError("Shifts of this day are arriving just now: look again.")
    now = services.clock()
    if unfit := now_there.unfit(now):
        raise DayNotMatchingError(_named(unfit, now))
    due = [one for one in now_there.shifts if one.state is ShiftState.CLOSED]
    for one in due:
        await decisions.carry_out(connection, services, one, Action.RECONCILE, actor=actor, after=ShiftState.RECONCILED)
    return await read_day(connection, vendor, day), len(due)


async def decisions_of_day(connection: Connection, day: Day) -> list[tuple[ShiftKey, Decision]]:
    """What people did about a day's shifts, in order."""
    rows = await connection.fetch(QUERIES["decisions_of_day"], uuid_of(day.vendor.id), *day_bounds(day.day))
    return [
        (ShiftKey(row["device"].bytes, row["epoch"], row["shift"].bytes), decisions.decision_of(row)) for row in rows
    ]


def _named(unfit: Sequence[Shift], now: int) -> str:
    names = [
        f"{one.device_name} {uuid_text(one.key.shift)} ({' '.join(one.troubles(now)) or one.state})"
        for one in unfit[:_NAMED]
    ]
    more = f", and {len(unfit) - _NAMED} more" if len(unfit) > _NAMED else ""
    return f"Not every shift of this day matches: {', '.join(names)}{more}."

"""Shifts: at most one is open, and its totals are what its signed close says."""

from dataclasses import dataclass

from terminal.journal.payments import Exposure
from terminal.journal.queries import SQL
from terminal.store.database import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """An open shift; the float is minor units in the drawer."""

    id: bytes
    epoch: int
    cashier: str
    opening_float: int
    opened_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTotals:
    """`count` and `total` less the void ones; `unsynced` counts the payments that no receipt covers."""

    count: int
    total: int
    voids: int
    unsynced: int


class Shifts:
    """The shifts of this terminal. Whatever writes belongs into the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open_one(self) -> Shift | None:
        """The shift that is open."""
        row = self._store.row(SQL["open_shift"])
        return None if row is None else Shift(**row)

    def add(self, shift: Shift) -> None:
        """A shift begins."""
        self._store.execute(
            SQL["add_shift"],
            {
                "id": shift.id,
                "epoch": shift.epoch,
                "cashier": shift.cashier,
                "opening_float": shift.opening_float,
                "opened_at": shift.opened_at,
            },
        )

    def totals(self, shift: Shift) -> ShiftTotals:
        """What was taken in a shift so far."""
        return ShiftTotals(**self._store.rows(SQL["shift_totals"], {"shift": shift.id})[0])

    def close(self, shift: Shift, totals: ShiftTotals, carried: Exposure, at: int) -> None:
        """A shift ends; `carried` is what the till still has without a receipt."""
        self._store.execute(
            SQL["close_shift"],
            {
                "id": shift.id,
                "closed_at": at,
                "count": totals.count,
                "total": totals.total,
                "carried_count": carried.count,
                "carried_total": carried.total,
            },
        )

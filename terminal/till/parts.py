"""What every action of the till works with."""

from dataclasses import dataclass

from terminal.clock import Clock, Random
from terminal.journal.chain import Journal
from terminal.journal.payments import Payments
from terminal.journal.shifts import Shifts
from terminal.store.database import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """The store and what stands on it, the clock and the randomness that this till was given."""

    store: Store
    journal: Journal
    payments: Payments
    shifts: Shifts
    clock: Clock
    random: Random

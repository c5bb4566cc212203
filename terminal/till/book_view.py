"""The state of the book, as the till needs it: its age, the policy and the cashiers."""

import json
from dataclasses import dataclass
from functools import lru_cache

from shared.messages.book import Cashier
from shared.policy import Policy, from_wire
from terminal.book.queries import SQL
from terminal.store.database import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BookView:
    """The book's state; `issued_at` (ms, by the server's clock) is None until one was complete."""

    generation: int
    version: int
    complete: bool
    issued_at: int | None
    expires_at: int | None
    policy: Policy
    cashiers: tuple[Cashier, ...]

    @property
    def supervisors(self) -> dict[str, Cashier]:
        """Who may approve, by id; none where the owner alone works here."""
        return {cashier.id: cashier for cashier in self.cashiers if cashier.role == "supervisor"}


# Before the first pull: the default limits, nobody's codes, and too old for any sale.
NO_BOOK = BookView(
    generation=0,
    version=0,
    complete=False,
    issued_at=None,
    expires_at=None,
    policy=Policy(),
    cashiers=(),
)


def read_book(store: Store) -> BookView:
    """The book as it stands now."""
    row = store.row(SQL["book"])
    if row is None:
        return NO_BOOK
    return BookView(
        generation=row["generation"],
        version=row["version"],
        complete=bool(row["complete"]),
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        policy=_policy(row["policy"]),
        cashiers=_cashiers(row["cashiers"]),
    )


# Every sale reads the book twice, and its text changes with a pull alone.
@lru_cache(maxsize=2)
def _policy(text: str) -> Policy:
    return from_wire(json.loads(text))


@lru_cache(maxsize=2)
def _cashiers(text: str) -> tuple[Cashier, ...]:
    return tuple(Cashier(**cashier) for cashier in json.loads(text))

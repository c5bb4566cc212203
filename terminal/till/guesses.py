"""Guesses of codes: counted before a code is tried, kept over restarts, and taken back when the code was right.

A lock is this device's own, so that no shop can lock a customer out elsewhere (docs/risk.md).
"""

from dataclasses import dataclass
from typing import Any

from shared.policy import Policy
from terminal.clock import Moment, Random
from terminal.store.database import Store
from terminal.till.queries import SQL

HOUR_MS = 3_600_000
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Locked:
    """No code is tried now. `scope` is sale, customer or terminal; `wait_ms` until one may be tried again."""

    scope: str
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Guess:
    """One code that is being tried, and how many more wrong ones the limits would bear after it."""

    id: bytes
    left: int


class Guesses:
    """The counters. Whatever writes belongs into the caller's transaction."""

    def __init__(self, store: Store, random: Random) -> None:
        self._store = store
        self._random = random

    def begin(self, wallet: str, amount: int, policy: Policy, moment: Moment, *, new_sale: bool) -> Guess | Locked:
        """Count a guess before its code is tried, or say why no code is tried now.

        The same wallet and amount go on as the same sale until that is approved, given up (`new_sale`), or an hour
        old. Nothing here asks whether the wallet exists.
        """
        clocks = {"at": moment.at, "tick": moment.tick, "boot": moment.boot}
        this = {"wallet": wallet, "amount": amount}
        self._store.execute(SQL["forget_guesses"], {**clocks, "age": HOUR_MS})
        if new_sale:
            self._store.execute(SQL["end_sale"], this)
        sale = self._store.row(SQL["sale_so_far"], {**clocks, **this})
        guessed = sale["count"] if sale else 0
        if guessed >= policy.guesses_sale:
            return Locked("sale", _until(sale["age"] if sale else 0))
        customer, terminal = self._ages(clocks, wallet), self._ages(clocks, None)
        for scope, ages, limit in (
            ("customer", customer, policy.guesses_customer_hour),
            ("terminal", terminal, policy.guesses_terminal_hour),
        ):
            if len(ages) >= limit:
                # Free again once so many have passed out of the hour that one more fits.
                return Locked(scope, _until(ages[len(ages) - limit] if limit else 0))
        guess = self._random(_ID_BYTES)
        self._store.execute(
            SQL["add_guess"],
            {"id": guess, **clocks, **this, "sale": sale["sale"] if sale else self._random(_ID_BYTES)},
        )
        left = min(
            policy.guesses_sale - guessed,
            policy.guesses_customer_hour - len(customer),
            policy.guesses_terminal_hour - len(terminal),
        )
        return Guess(guess, left - 1)

    def take_back(self, guess: Guess) -> None:
        """The code was right, whatever else speaks against the payment."""
        self._store.execute(SQL["take_back_guess"], {"id": guess.id})

    def end_sale(self, wallet: str, amount: int) -> None:
        """The sale was approved: the next one of this wallet and amount is another."""
        self._store.execute(SQL["end_sale"], {"wallet": wallet, "amount": amount})

    def left(self, policy: Policy, moment: Moment) -> int:
        """How many wrong codes this terminal may still take within the hour."""
        ages = self._ages({"at": moment.at, "tick": moment.tick, "boot": moment.boot}, None)
        return max(0, policy.guesses_terminal_hour - sum(age < HOUR_MS for age in ages))

    def _ages(self, clocks: dict[str, Any], wallet: str | None) -> list[int]:
        return [row["age"] for row in self._store.rows(SQL["ages"], {**clocks, "wallet": wallet})]


def _until(age: int) -> int:
    # A clock that was set back gives a negative age: an hour is still the longest lock that is told.
    return min(HOUR_MS, HOUR_MS - age)

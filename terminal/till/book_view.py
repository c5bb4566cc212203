"""What the book says, as the till needs it: policy, cashiers, blocked wallets, and a customer's codes."""

import json
from dataclasses import dataclass

from shared.codes import VERIFIER_BYTES, KdfParameters
from shared.messages.book import Cashier
from shared.policy import Policy, from_wire
from terminal.store.database import Row, Store
from terminal.till.queries import SQL


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
    blocked: frozenset[str]

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
    blocked=frozenset(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """One series of the book: verifiers and caps (minor units) run by index, `expires_at` is ms."""

    series: bytes
    wallet: str
    kdf: KdfParameters
    verifiers: tuple[bytes, ...]
    caps: tuple[int, ...]
    spent: frozenset[int]
    expires_at: int


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
        policy=from_wire(json.loads(row["policy"])),
        cashiers=tuple(Cashier(**cashier) for cashier in json.loads(row["cashiers"])),
        blocked=frozenset(json.loads(row["blocked"])),
    )


def series_of_wallet(store: Store, wallet: str) -> list[SeriesView]:
    """A customer's series that were not withdrawn, the longest valid first; expired ones are among them."""
    return [_series(row) for row in store.rows(SQL["series_of_wallet"], {"wallet": wallet})]


def series_by_id(store: Store, series: bytes) -> SeriesView | None:
    """One series, where the book has it."""
    row = store.row(SQL["series"], {"series": series})
    return None if row is None else _series(row)


def is_closed(store: Store, series: bytes) -> bool:
    """Whether the book says that nothing of a series is good any more."""
    return store.row(SQL["is_closed"], {"series": series}) is not None


def _series(row: Row) -> SeriesView:
    verifiers: bytes = row["verifiers"]
    return SeriesView(
        series=row["series"],
        wallet=row["wallet"],
        kdf=KdfParameters(row["t"], row["m_kib"]),
        verifiers=tuple(
            verifiers[start : start + VERIFIER_BYTES] for start in range(0, len(verifiers), VERIFIER_BYTES)
        ),
        caps=tuple(json.loads(row["caps"])),
        spent=frozenset(json.loads(row["spent"])),
        expires_at=row["expires_at"],
    )

"""What the book says, by index: nothing here reads more of it than one customer's part."""

import json
from dataclasses import dataclass

from shared.codes import VERIFIER_BYTES, KdfParameters
from shared.messages.book import Cashier
from shared.policy import Policy, from_wire
from terminal.book.queries import SQL
from terminal.store.database import Row, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSeries:
    """One series of the book: verifiers and caps (minor units) run by index; `expires_at` is ms, server's time."""

    series: bytes
    wallet: str
    name: str
    kdf: KdfParameters
    verifiers: tuple[bytes, ...]
    caps: tuple[int, ...]
    spent: frozenset[int]
    expires_at: int


class CodeBook:
    """The book as it stands in the store now; another process may renew it between two calls."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, wallet: str) -> list[OpenSeries]:
        """A customer's open series, the longest valid first; expired ones are among them."""
        return [_series(row) for row in self._store.rows(SQL["series_of_wallet"], {"wallet": wallet})]

    def series(self, series: bytes) -> OpenSeries | None:
        """One open series, where the book has it."""
        row = self._store.row(SQL["series"], {"series": series})
        return None if row is None else _series(row)

    def is_closed(self, series: bytes) -> bool:
        """Whether the server said that nothing of a series is good any more; a voucher of it is no good either."""
        return self._store.row(SQL["is_closed"], {"series": series}) is not None

    def is_blocked(self, wallet: str) -> bool:
        """Whether a wallet is blocked."""
        return self._store.row(SQL["is_blocked"], {"wallet": wallet}) is not None

    def policy(self) -> Policy:
        """The limits, by default before the first page."""
        row = self._store.row(SQL["book"])
        return Policy() if row is None else from_wire(json.loads(row["policy"]))

    def cashiers(self) -> tuple[Cashier, ...]:
        """Who may log in here."""
        row = self._store.row(SQL["book"])
        return () if row is None else tuple(Cashier(**cashier) for cashier in json.loads(row["cashiers"]))

    def count(self) -> int:
        """How many series the book holds."""
        return int(self._store.value(SQL["count_series"]))


def _series(row: Row) -> OpenSeries:
    verifiers: bytes = row["verifiers"]
    return OpenSeries(
        series=row["series"],
        wallet=row["wallet"],
        name=row["name"],
        kdf=KdfParameters(row["t"], row["m_kib"]),
        verifiers=tuple(
            verifiers[start : start + VERIFIER_BYTES] for start in range(0, len(verifiers), VERIFIER_BYTES)
        ),
        caps=tuple(json.loads(row["caps"])),
        spent=frozenset(json.loads(row["spent"])),
        expires_at=row["expires_at"],
    )

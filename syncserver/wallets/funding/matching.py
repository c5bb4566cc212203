"""Whose money an entry of a bank statement is: one wallet's, or why nobody's yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.money import MAX_AMOUNT
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.ledger.store import LockedWallet
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.entries import Entry, Part, wallets_of
from syncserver.wallets.funding.why import NEVER_ASSIGNED, Why


@dataclass(frozen=True, slots=True)
class Decided:
    """One transaction of an entry, and what becomes of it: a wallet to credit, a payout that it is, or why neither."""

    entry: Entry
    part: Part
    number: int
    named: str | None
    wallet: str | None
    why: Why | None
    payout: bytes | None = None


# account, wallet, day, amount
Fact = tuple[str, str, date, int]


# file, statement, strong
Origin = tuple[bytes, int, bool]


@dataclass(slots=True)
class Deciding:
    """What is known while a lot is decided; it runs along."""

    file: bytes
    currencies: Mapping[str, str]
    wallets: Mapping[str, LockedWallet]
    room: dict[str, int]
    references: dict[tuple[str, str], set[bytes]]
    deposits: dict[Fact, set[Origin]]
    named: Mapping[tuple[bytes, int], frozenset[str]]

    @classmethod
    async def of(
        cls, connection: Connection, file: bytes, entries: Sequence[Entry], currencies: Mapping[str, str]
    ) -> "Deciding":
        """Read and lock what decides these entries."""
        named = {
            (entry.key, number): wallets_of(part)
            for entry in entries
            if entry.credit
            for number, part in enumerate(entry.parts, 1)
        }
        wallets = await store.lock_wallets(connection, set[str]().union(*named.values()))
        strong = [entry for entry in entries if entry.strong and entry.reference is not None]
        references: dict[tuple[str, str], set[bytes]] = {}
        for row in await connection.fetch(
            QUERIES["known_references"], [one.account for one in strong], [one.reference for one in strong]
        ):
            references.setdefault((row["account"], row["reference"]), set()).add(row["key"])
        facts = {(entry.account, entry.booked_on, part.money.minor) for entry in entries for part in entry.parts}
        deposits: dict[Fact, set[Origin]] = {}
        for row in await connection.fetch(QUERIES["known_deposits"], *map(list, zip(*facts, strict=True))):
            fact = (row["account"], row["wallet"], row["booked_on"], row["amount"])
            deposits.setdefault(fact, set()).add((row["import"], row["statement"], row["strong"]))
        room = {wallet: MAX_AMOUNT - sum(one.accounts.balances.values()) for wallet, one in wallets.items()}
        return cls(file, currencies, wallets, room, references, deposits, named)

    def decide(self, entry: Entry, settled: Mapping[tuple[bytes, int], bytes | Why]) -> Iterator[Decided]:
        """What becomes of an entry's transactions; those of payouts, by key and number, are `settled` already."""
        why = self._why_not(entry)
        for number, part in enumerate(entry.parts, 1):
            if (known := settled.get((entry.key, number))) is not None:
                if isinstance(known, Why):
                    yield Decided(entry, part, number, None, None, known)
                else:
                    yield Decided(entry, part, number, None, None, None, payout=known)
                continue
            wallets = self.named.get((entry.key, number), frozenset())
            named = next(iter(wallets)) if len(wallets) == 1 else None
            reason = why or self._why_not_part(entry, part, wallets)
            if named is not None and reason not in NEVER_ASSIGNED:
                fact = (entry.account, named, entry.booked_on, part.money.minor)
                self.deposits.setdefault(fact, set()).add((self.file, entry.statement, entry.strong))
            if reason is None and named is not None:
                self.room[named] -= part.money.minor
                yield Decided(entry, part, number, named, named, None)
            else:
                yield Decided(entry, part, number, named, None, reason or Why.NO_REFERENCE)

    def _why_not(self, entry: Entry) -> Why | None:
        """Why nothing of an entry can be credited."""
        if entry.reversal:
            return Why.REVERSAL
        if not entry.credit:
            return Why.DEBIT
        if entry.strong and entry.reference is not None:
            others = self.references.setdefault((entry.account, entry.reference), set())
            reused = bool(others - {entry.key})
            others.add(entry.key)
            if reused:
                return Why.REFERENCE_REUSED
        if self.currencies[entry.account] != entry.money.currency:
            return Why.CURRENCY
        return None if entry.whole else Why.BATCH

    def _why_not_part(self, entry: Entry, part: Part, wallets: frozenset[str]) -> Why | None:
        if part.reversal:
            return Why.REVERSAL
        if len(wallets) != 1:
            return Why.SEVERAL_REFERENCES if wallets else Why.NO_REFERENCE
        (wallet,) = wallets
        found = self.wallets.get(wallet)
        if found is None:
            return Why.UNKNOWN_WALLET
        if found.accounts.currency != part.money.currency:
            return Why.CURRENCY
        if self.room[wallet] < part.money.minor:
            return Why.TOO_MUCH
        fact = (entry.account, wallet, entry.booked_on, part.money.minor)
        here = (self.file, entry.statement)
        if any(
            (file, statement) != here and not (strong and entry.strong)
            for file, statement, strong in self.deposits.get(fact, ())
        ):
            return Why.POSSIBLE_DUPLICATE
        return None

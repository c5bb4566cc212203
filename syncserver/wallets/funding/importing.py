"""Bank statements: each entry is taken once, whatever files it is in; what names a wallet is credited to it.

Entries go in some hundred at a time, each lot in one transaction with what it moves, under the locks of the file's
accounts: an import that broke off is simply run again, and of two at once the second knows what the first one did.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.ids import uuid7
from shared.money import MAX_AMOUNT
from shared.words import Word
from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.ledger.store import LockedWallet
from syncserver.services import Services
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.entries import Entry, Part, Statement, clean, wallets_of
from syncserver.wallets.funding.errors import UnknownBankAccountError
from syncserver.wallets.funding.paying_in import Deposit, pay_in

LOT = 500


class Why(Word):
    """Why an entry was not credited by itself."""

    NO_REFERENCE = "NO_REFERENCE"  # it names no wallet
    SEVERAL_REFERENCES = "SEVERAL_REFERENCES"
    UNKNOWN_WALLET = "UNKNOWN_WALLET"  # the reference is right, and nobody has that wallet
    CURRENCY = "CURRENCY"  # entry, account and wallet differ
    DEBIT = "DEBIT"  # money that went out; can't be assigned
    REVERSAL = "REVERSAL"  # money that was taken back, or came back; can't be assigned
    BATCH = "BATCH"  # several transactions in one that do not add up to it
    TOO_MUCH = "TOO_MUCH"  # more than a wallet can hold
    REFERENCE_REUSED = "REFERENCE_REUSED"  # the bank's reference was that of an entry with other facts
    POSSIBLE_DUPLICATE = "POSSIBLE_DUPLICATE"  # same wallet, day and amount in another file, and no reference to tell


NEVER_ASSIGNED = frozenset({Why.DEBIT, Why.REVERSAL})


@dataclass(slots=True)
class Summary:
    """What an import came to: entries, and by currency what was credited (minor units)."""

    credited: int = 0
    known: int = 0
    pending: int = 0
    empty: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    unmatched: Counter[Why] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        """How many entries an admin has to look at."""
        return sum(number for why, number in self.unmatched.items() if why not in NEVER_ASSIGNED)


@dataclass(frozen=True, slots=True)
class Decided:
    """One transaction of an entry, and what becomes of it: a wallet to credit, or why there is none."""

    entry: Entry
    part: Part
    number: int
    named: str | None
    wallet: str | None
    why: Why | None


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A lot of a statement's entries as a source of money. `at` in ms."""

    file: bytes
    decided: Sequence[Decided]
    ids: Sequence[bytes]
    by: str
    at: int

    @property
    def actor(self) -> str:
        """Who or what the transfers are by."""
        return f"bank import, {self.by}"

    async def record(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Add the entries with what became of them."""
        left = iter(numbers)
        rows = self.decided
        await connection.execute(
            QUERIES["write_entries"],
            uuids(self.ids),
            [one.entry.account for one in rows],
            [one.entry.key for one in rows],
            [one.number for one in rows],
            [one.entry.statement for one in rows],
            [one.entry.reference for one in rows],
            [one.entry.strong for one in rows],
            [one.entry.booked_on for one in rows],
            [one.part.money.minor for one in rows],
            [one.part.money.currency for one in rows],
            [one.entry.credit for one in rows],
            [one.entry.reversal or one.part.reversal for one in rows],
            [one.part.payer for one in rows],
            [clean(" ".join(one.part.texts)) for one in rows],
            [one.named for one in rows],
            ["credited" if one.wallet is not None else "unmatched" for one in rows],
            [one.why.value if one.why is not None else None for one in rows],
            [one.wallet for one in rows],
            [next(left) if one.wallet is not None else None for one in rows],
            self.file,
            self.at,
        )


async def import_statement(
    services: Services, statement: Statement, by: str, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Summary:
    """Take in a statement: each entry once.

    Args:
        services: of this process.
        statement: as it was read.
        by: who imports it.
        progress: is told how many of how many entries are done.

    Raises:
        UnknownBankAccountError: it is of an account that is not ours, and nothing was done.
    """
    summary = Summary(pending=statement.pending, empty=statement.empty)
    accounts = sorted(statement.accounts)
    async with services.pool.acquire() as connection:
        await _require_accounts(connection, accounts)
        await connection.execute(QUERIES["write_import"], statement.file, statement.format, services.clock(), by)
        done, everything = 0, len(statement.entries)
        for lot in _lots(statement.entries):
            async with connection.transaction():
                currencies = await _require_accounts(connection, accounts)
                await _take(connection, services, statement, lot, currencies, by, summary)
            done += len(lot)
            progress(done, everything)
    return summary


async def new_credits(connection: Connection, statement: Statement) -> dict[str, int]:
    """By currency, what credits of a statement that are not here yet come to (minor units).

    Raises:
        UnknownBankAccountError: it is of an account that is not ours.
    """
    await _require_accounts(connection, sorted(statement.accounts))
    known = await _known_keys(connection, statement.entries)
    sums: Counter[str] = Counter()
    for entry in statement.entries:
        if entry.credit and not entry.reversal and entry.key not in known:
            sums[entry.money.currency] += entry.money.minor
    return dict(sums)


def _lots(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries some hundred transactions at a time; those of one entry stay together."""
    lot: list[Entry] = []
    parts = 0
    for entry in entries:
        lot.append(entry)
        parts += len(entry.parts)
        if parts >= LOT:
            yield lot
            lot, parts = [], 0
    if lot:
        yield lot


async def _require_accounts(connection: Connection, accounts: Sequence[str]) -> dict[str, str]:
    """Lock our accounts; the currency of each."""
    rows = await connection.fetch(QUERIES["lock_bank_accounts"], accounts)
    found = {row["account"]: row["currency"] for row in rows}
    for account in accounts:
        if account not in found:
            raise UnknownBankAccountError(f"{account} is not one of our bank accounts: nothing was imported")
    return found


async def _known_keys(connection: Connection, entries: Sequence[Entry]) -> set[bytes]:
    rows = await connection.fetch(QUERIES["known_entries"], [entry.key for entry in entries])
    return {row["key"] for row in rows}


async def _take(
    connection: Connection,
    services: Services,
    statement: Statement,
    lot: Sequence[Entry],
    currencies: Mapping[str, str],
    by: str,
    summary: Summary,
) -> None:
    known = await _known_keys(connection, lot)
    new: dict[bytes, Entry] = {}
    for entry in lot:
        if entry.key in known or entry.key in new:
            summary.known += 1
        else:
            new[entry.key] = entry
    if not new:
        return
    deciding = await _Deciding.of(connection, statement.file, list(new.values()), currencies)
    decided = [one for entry in new.values() for one in deciding.decide(entry)]
    at = services.clock()
    ids = [uuid7(at, services.random(10)) for _ in decided]
    deposits = [Deposit(one.wallet, one.part.money) for one in decided if one.wallet is not None]
    await pay_in(connection, BankStatement(statement.file, decided, ids, by, at), deposits, at)
    for one in decided:
        if one.why is not None:
            summary.unmatched[one.why] += 1
        else:
            summary.credited += 1
            summary.sums[one.part.money.currency] += one.part.money.minor


# account, wallet, day, amount
_Fact = tuple[str, str, date, int]
# file, statement, strong
_Origin = tuple[bytes, int, bool]


@dataclass(slots=True)
class _Deciding:
    """What is known while a lot is decided; it runs along."""

    file: bytes
    currencies: Mapping[str, str]
    wallets: Mapping[str, LockedWallet]
    room: dict[str, int]
    references: dict[tuple[str, str], set[bytes]]
    deposits: dict[_Fact, set[_Origin]]
    named: Mapping[tuple[bytes, int], frozenset[str]]

    @classmethod
    async def of(
        cls, connection: Connection, file: bytes, entries: Sequence[Entry], currencies: Mapping[str, str]
    ) -> "_Deciding":
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
        deposits: dict[_Fact, set[_Origin]] = {}
        for row in await connection.fetch(QUERIES["known_deposits"], *map(list, zip(*facts, strict=True))):
            fact = (row["account"], row["wallet"], row["booked_on"], row["amount"])
            deposits.setdefault(fact, set()).add((row["import"], row["statement"], row["strong"]))
        room = {wallet: MAX_AMOUNT - sum(one.accounts.balances.values()) for wallet, one in wallets.items()}
        return cls(file, currencies, wallets, room, references, deposits, named)

    def decide(self, entry: Entry) -> Iterator[Decided]:
        """What becomes of an entry's transactions."""
        why = self._why_not(entry)
        for number, part in enumerate(entry.parts, 1):
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

"""Bank statements: each entry is taken once, whatever files it is in; what names a wallet is credited to it.

Entries go in some hundred at a time, each lot in one transaction with what it moves, under the locks of the file's
accounts: an import that broke off is simply run again, and of two at once the second knows what the first one did.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from shared.ids import uuid7
from syncserver.audit import trail
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.entries import Entry, Statement
from syncserver.wallets.funding.errors import UnknownBankAccountError
from syncserver.wallets.funding.matching import Decided, Deciding
from syncserver.wallets.funding.outgoing import Named, Outgoing
from syncserver.wallets.funding.paying_in import Deposit, pay_in
from syncserver.wallets.funding.recording import BankStatement
from syncserver.wallets.funding.why import NEVER_ASSIGNED, Why

LOT = 500
Progress: TypeAlias = Callable[[int, int], None]


def _quietly(_done: int, _everything: int) -> None:
    pass


@dataclass(slots=True)
class Summary:
    """What an import came to: entries, and by currency what was credited (minor units)."""

    credited: int = 0
    payouts: int = 0
    known: int = 0
    pending: int = 0
    empty: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    unmatched: Counter[Why] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        """How many entries an admin has to look at."""
        return sum(number for why, number in self.unmatched.items() if why not in NEVER_ASSIGNED)

    def count(self, decided: Sequence[Decided]) -> None:
        """Add what became of some transactions."""
        for one in decided:
            if one.why is not None:
                self.unmatched[one.why] += 1
            elif one.payout is not None:
                self.payouts += 1
            else:
                self.credited += 1
                self.sums[one.part.money.currency] += one.part.money.minor


@dataclass(slots=True)
class Import:
    """A statement that is taken in, each entry once: its first lot, then the others; `summary` runs along.

    Attributes:
        statement: as it was read.
        outgoing: who knows what money of ours went out.
        by: who imports it.
    """

    services: Services
    statement: Statement
    outgoing: Outgoing
    by: str
    summary: Summary = field(init=False)
    done: int = field(init=False, default=0)
    _left: Iterator[list[Entry]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.summary = Summary(pending=self.statement.pending, empty=self.statement.empty)
        self._left = _lots(self.statement.entries)

    async def begin(self, connection: Connection) -> None:
        """Take the first lot, in the caller's transaction.

        Raises:
            UnknownBankAccountError: it is of an account that is not ours: nothing may be kept.
        """
        currencies = await require_accounts(connection, self._accounts)
        statement = self.statement
        await connection.execute(
            QUERIES["write_import"], statement.file, statement.format, self.services.clock(), self.by
        )
        if lot := next(self._left, None):
            await self._take(connection, lot, currencies)

    async def finish(self, connection: Connection, progress: Progress = _quietly) -> Summary:
        """Take the others, each lot in a transaction of its own; `progress` is told how many of how many are done."""
        progress(self.done, len(self.statement.entries))
        for lot in self._left:
            async with connection.transaction():
                await self._take(connection, lot, await require_accounts(connection, self._accounts))
            progress(self.done, len(self.statement.entries))
        await trail.note(
            connection,
            self.services,
            actor=self.by,
            action="funding.import",
            object_=f"bank-file {self.statement.file.hex()}",
            after={
                "accounts": self._accounts,
                "credited": self.summary.credited,
                "sums": dict(self.summary.sums),
                "payouts": self.summary.payouts,
                "unmatched": self.summary.unmatched.total(),
                "known": self.summary.known,
            },
        )
        return self.summary

    @property
    def _accounts(self) -> list[str]:
        return sorted(self.statement.accounts)

    async def _take(self, connection: Connection, lot: Sequence[Entry], currencies: Mapping[str, str]) -> None:
        self.done += len(lot)
        known = await known_keys(connection, lot)
        new: dict[bytes, Entry] = {}
        for entry in lot:
            if entry.key in known or entry.key in new:
                self.summary.known += 1
            else:
                new[entry.key] = entry
        if not new:
            return
        entries, file = list(new.values()), self.statement.file
        deciding = await Deciding.of(connection, file, entries, currencies)
        at = self.services.clock()
        settled = await _settle(connection, self.outgoing, entries, f"bank import, {self.by}", at)
        decided = [one for entry in entries for one in deciding.decide(entry, settled)]
        ids = [uuid7(at, self.services.random(10)) for _ in decided]
        deposits = [Deposit(one.wallet, one.part.money) for one in decided if one.wallet is not None]
        await pay_in(connection, BankStatement(file, decided, ids, self.by, at), deposits, at)
        self.summary.count(decided)


async def import_statement(
    services: Services, statement: Statement, outgoing: Outgoing, by: str, progress: Progress = _quietly
) -> Summary:
    """Take in a statement on nobody's word but that of `by`.

    Raises:
        UnknownBankAccountError: it is of an account that is not ours, and nothing was done.
    """
    taken = Import(services, statement, outgoing, by)
    async with services.pool.acquire() as connection:
        async with connection.transaction():
            await taken.begin(connection)
        return await taken.finish(connection, progress)


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


async def require_accounts(connection: Connection, accounts: Sequence[str]) -> dict[str, str]:
    """Lock our accounts; the currency of each."""
    rows = await connection.fetch(QUERIES["lock_bank_accounts"], accounts)
    found = {row["account"]: row["currency"] for row in rows}
    for account in accounts:
        if account not in found:
            raise UnknownBankAccountError(f"{account} is not one of our bank accounts: nothing was imported")
    return found


async def known_keys(connection: Connection, entries: Sequence[Entry]) -> set[bytes]:
    """The keys of those that are here."""
    rows = await connection.fetch(QUERIES["known_entries"], [entry.key for entry in entries])
    return {row["key"] for row in rows}


async def _settle(
    connection: Connection, outgoing: Outgoing, entries: Sequence[Entry], actor: str, at: int
) -> dict[tuple[bytes, int], bytes | Why]:
    """By key and number, what became of transactions that are payments of ours, which went out or came back."""
    found = list(named_in(entries))
    named = [one for _, one in found]
    answers = await outgoing.settle(connection, named, actor=actor, at=at) if named else []
    return {place: answer for (place, _), answer in zip(found, answers, strict=True) if answer is not None}


def named_in(entries: Sequence[Entry]) -> Iterator[tuple[tuple[bytes, int], Named]]:
    """Transactions that may be payments of ours, which went out or came back, by key and number."""
    for entry in entries:
        for number, part in enumerate(entry.parts, 1):
            back = entry.reversal or part.reversal
            if part.end_to_end and back == entry.credit:
                one = Named(entry.account, part.end_to_end, part.money, entry.credit, part.why_returned)
                yield (entry.key, number), one

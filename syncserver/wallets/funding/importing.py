"""Bank statements: each entry is taken once, whatever files it is in; what names a wallet is credited to it.

Entries go in some hundred at a time, each lot in one transaction with what it moves, under the locks of the file's
accounts: an import that broke off is simply run again, and of two at once the second knows what the first one did.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.ids import uuid7
from syncserver.audit import trail
from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.services import Services
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.entries import Entry, Statement, clean
from syncserver.wallets.funding.errors import UnknownBankAccountError
from syncserver.wallets.funding.matching import Decided, Deciding
from syncserver.wallets.funding.outgoing import Named, Outgoing
from syncserver.wallets.funding.paying_in import Deposit, pay_in
from syncserver.wallets.funding.why import NEVER_ASSIGNED, Why

LOT = 500


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
            [_state(one) for one in rows],
            [one.why.value if one.why is not None else None for one in rows],
            [one.wallet for one in rows],
            [next(left) if one.wallet is not None else None for one in rows],
            [one.part.end_to_end for one in rows],
            [uuid_or_none(one.payout) for one in rows],
            self.file,
            self.at,
        )


def _state(decided: Decided) -> str:
    if decided.payout is not None:
        return "payout"
    return "credited" if decided.wallet is not None else "unmatched"


async def import_statement(
    services: Services,
    statement: Statement,
    outgoing: Outgoing,
    by: str,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Summary:
    """Take in a statement: each entry once.

    Args:
        services: of this process.
        statement: as it was read.
        outgoing: who knows what money of ours went out.
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
                await _take(connection, services, statement, outgoing, lot, currencies, by, summary)
            done += len(lot)
            progress(done, everything)
        await trail.note(
            connection,
            services,
            actor=by,
            action="funding.import",
            object_=f"bank-file {statement.file.hex()}",
            after={
                "accounts": accounts,
                "credited": summary.credited,
                "sums": dict(summary.sums),
                "unmatched": summary.unmatched.total(),
                "known": summary.known,
            },
        )
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
        # A payment of ours that came back is owed to a vendor again, and may be paid out again.
        brings_in = not entry.reversal or any(part.end_to_end for part in entry.parts)
        if entry.credit and brings_in and entry.key not in known:
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
    outgoing: Outgoing,
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
    deciding = await Deciding.of(connection, statement.file, list(new.values()), currencies)
    at = services.clock()
    settled = await _settle(connection, outgoing, list(new.values()), f"bank import, {by}", at)
    decided = [one for entry in new.values() for one in deciding.decide(entry, settled)]
    ids = [uuid7(at, services.random(10)) for _ in decided]
    deposits = [Deposit(one.wallet, one.part.money) for one in decided if one.wallet is not None]
    await pay_in(connection, BankStatement(statement.file, decided, ids, by, at), deposits, at)
    for one in decided:
        if one.why is not None:
            summary.unmatched[one.why] += 1
        elif one.payout is not None:
            summary.payouts += 1
        else:
            summary.credited += 1
            summary.sums[one.part.money.currency] += one.part.money.minor


async def _settle(
    connection: Connection, outgoing: Outgoing, entries: Sequence[Entry], actor: str, at: int
) -> dict[tuple[bytes, int], bytes | Why]:
    """By key and number, what became of transactions that are payments of ours, which went out or came back."""
    places, named = [], []
    for entry in entries:
        for number, part in enumerate(entry.parts, 1):
            back = entry.reversal or part.reversal
            if part.end_to_end and back == entry.credit:
                places.append((entry.key, number))
                named.append(Named(entry.account, part.end_to_end, part.money, entry.credit, part.why_returned))
    answers = await outgoing.settle(connection, named, actor=actor, at=at) if named else []
    return {place: answer for place, answer in zip(places, answers, strict=True) if answer is not None}

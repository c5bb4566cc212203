"""Entries that named no wallet by themselves: an admin looks at them, and says whose money it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.money import Money
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.services import Services
from syncserver.wallets.accounts import object_of
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.errors import EntryStateError, UnknownEntryError
from syncserver.wallets.funding.paying_in import Deposit, pay_in


@dataclass(frozen=True, slots=True)
class Assignment:
    """An unmatched entry, locked, that an admin gives to a wallet. `at` in ms."""

    entry: bytes
    wallet: str
    money: Money
    actor: str
    at: int

    async def record(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Say what the entry became.

        Raises:
            EntryStateError: it was credited before.
        """
        tag = await connection.execute(
            QUERIES["assign_entry"], uuid_of(self.entry), self.wallet, numbers[0], self.actor, self.at
        )
        if tag != "UPDATE 1":
            raise EntryStateError("this bank entry was credited before")

    async def pay_in(self, connection: Connection, services: Services) -> None:
        """Put the entry's money into the wallet.

        Raises:
            EntryStateError, UnknownWalletError, CurrencyError, MoneyError: nothing may be kept.
        """
        await pay_in(connection, self, [Deposit(self.wallet, self.money)], self.at)
        await trail.note(
            connection,
            services,
            actor=self.actor,
            action="funding.assign",
            object_=object_of(self.wallet),
            after={"entry": self.entry, "amount": self.money.minor, "currency": self.money.currency},
        )


async def lock_unmatched(connection: Connection, entry: bytes) -> Money:
    """Lock an entry that may be assigned; what it is worth.

    Raises:
        UnknownEntryError: there is none.
        EntryStateError: it was credited before, or is no money that came in.
    """
    row = await connection.fetchrow(QUERIES["lock_entry"], uuid_of(entry))
    if row is None:
        raise UnknownEntryError
    if row["state"] != "unmatched":
        raise EntryStateError("this bank entry was credited before")
    if not row["credit"] or row["reversal"]:
        raise EntryStateError("a debit or a reversal is no money that came in")
    return Money(row["amount"], row["currency"])


async def read(connection: Connection, entry: bytes) -> Any:
    """An entry's row.

    Raises:
        UnknownEntryError: there is none.
    """
    row = await connection.fetchrow(QUERIES["read_entry"], uuid_of(entry))
    if row is None:
        raise UnknownEntryError
    return row


async def listed(
    connection: Connection, *, state: str | None, reason: str | None, before: bytes | None, limit: int
) -> Sequence[Any]:
    """The rows of entries, the newest first, of a state and a reason, before an entry."""
    last = uuid_or_none(before)
    if state is None:
        return list(await connection.fetch(QUERIES["list_all_entries"], last, reason, limit))
    return list(await connection.fetch(QUERIES["list_entries"], state, last, reason, limit))


async def owner_of(connection: Connection, wallet: str) -> bytes | None:
    """Whose wallet it is; None where there is none."""
    found = await connection.fetchval(QUERIES["customer_of_wallet"], wallet)
    return bytes(found.bytes) if found is not None else None

"""The one way by which money comes in: a source that writes down why, in the transaction that moves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import CurrencyError, MoneyError
from shared.money import MAX_AMOUNT, Money
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, Postings
from syncserver.wallets.errors import UnknownWalletError


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money for a wallet."""

    wallet: str
    money: Money


class FundingSource(Protocol):
    """Where money comes from: a bank's statement, an admin's decision about an entry of one, the cash desk."""

    @property
    def actor(self) -> str:
        """Who or what the transfers are by."""

    async def record(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Write down why the money came in, in the transaction that moves it.

        Args:
            connection: in that transaction.
            numbers: of the transfers that the deposits became, in their order, each with its wallet's own.
        """


async def pay_in(connection: Connection, source: FundingSource, deposits: Sequence[Deposit], at: int) -> None:
    """Move money from the bank to the online balances of wallets; `at` in ms.

    Raises:
        UnknownWalletError, CurrencyError, MoneyError: nothing may be kept.
        TallystickError: what the source raises, the same.
    """
    locked = await store.lock_wallets(connection, {one.wallet for one in deposits})
    accounts = {wallet: one.accounts for wallet, one in locked.items()}
    postings = Postings(at=at, actor=source.actor, wallets=accounts)
    numbers = []
    for one in deposits:
        into = accounts.get(one.wallet)
        if into is None:
            raise UnknownWalletError
        if one.money.currency != into.currency:
            raise CurrencyError(f"this wallet is in {into.currency}")
        if one.money.minor == 0:
            raise MoneyError("an amount of 0 moves nothing")
        if sum(into.balances.values()) + one.money.minor > MAX_AMOUNT:
            raise MoneyError("a wallet can't hold that much")
        postings.move(one.wallet, Account.BANK, Account.ONLINE, one.money.minor, Cause.FUNDING)
        numbers.append(into.transfers)
    await store.write(connection, postings)
    await source.record(connection, numbers)

"""The cash desk: an admin takes cash against a numbered receipt, which is good once."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import DecodingError
from shared.fields import checked_text
from shared.money import Money
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.services import Services
from syncserver.wallets.accounts import object_of
from syncserver.wallets.funding.audit import DAY_MS
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.errors import ReceiptUsedError
from syncserver.wallets.funding.paying_in import Deposit, pay_in

MOST_RECEIPT = 64


@dataclass(frozen=True, slots=True)
class CashDesk:
    """Some cash that an admin has in hand for a wallet. `at` in ms."""

    wallet: str
    money: Money
    receipt: str
    received_by: bytes
    actor: str
    at: int

    async def record(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Use the receipt.

        Raises:
            ReceiptUsedError: somebody used it before.
        """
        tag = await connection.execute(
            QUERIES["write_receipt_of_desk"],
            self.receipt,
            self.wallet,
            numbers[0],
            self.money.minor,
            self.money.currency,
            uuid_of(self.received_by),
            self.at,
        )
        if tag != "INSERT 0 1":
            raise ReceiptUsedError

    async def pay_in(self, connection: Connection, services: Services) -> None:
        """Put the cash into the wallet.

        Raises:
            ReceiptUsedError, UnknownWalletError, CurrencyError, MoneyError: nothing may be kept.
        """
        await pay_in(connection, self, [Deposit(self.wallet, self.money)], self.at)
        await trail.note(
            connection,
            services,
            actor=self.actor,
            action="funding.cash",
            object_=object_of(self.wallet),
            after={"receipt": self.receipt, "amount": self.money.minor, "currency": self.money.currency},
        )


def receipt_number(text: str) -> str:
    """The number of a receipt as it is compared: without blanks at its ends, in capitals.

    Raises:
        DecodingError: it is none.
    """
    number = checked_text(" ".join(checked_text(text, "receipt").split()).upper(), "receipt")
    if not number:
        raise DecodingError("receipt: empty")
    return number


async def count(connection: Connection, wallet: str, money: Money, receipt: str, now: int) -> Money:
    """Lock the wallet, and see what came into it in cash within a day, together with this.

    In parts nobody gets around the second person.

    Raises:
        ReceiptUsedError: money was paid in with this receipt.
        MoneyError: it is more than there can be.
    """
    await store.lock_wallets(connection, [wallet])
    if await connection.fetchval(QUERIES["receipt_is_used"], receipt):
        raise ReceiptUsedError
    before = await connection.fetchval(QUERIES["cash_of_wallet"], wallet, now - DAY_MS)
    return Money(before + money.minor, money.currency)

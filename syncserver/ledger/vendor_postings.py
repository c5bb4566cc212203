"""What a transaction is about to move of vendors' money without any wallet, with running balances: pure.

As `postings` for wallets: from locked balances, and written by `ledger.payables.write`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from syncserver.ledger.postings import Account, Cause, InsufficientFundsError


class Payable(msgspec.Struct, gc=False):
    """What a vendor is owed (minor units) and how many movements it has, as locked; they run along."""

    vendor: bytes
    currency: str
    payable: int
    transfers: int


class VendorTransfer(msgspec.Struct, frozen=True, gc=False):
    """One balanced movement. `payout` is what it is of: a payout, or a write-off."""

    vendor: bytes
    number: int
    debit: Account
    credit: Account
    amount: int
    currency: str
    cause: Cause
    payout: bytes


@dataclass(slots=True)
class VendorPostings:
    """All that one transaction moves of vendors' money; `at` in ms by the server's clock, `actor` who caused it."""

    at: int
    actor: str
    payables: Mapping[bytes, Payable]
    transfers: list[VendorTransfer] = field(default_factory=list)

    def move(self, vendor: bytes, debit: Account, credit: Account, amount: int, cause: Cause, *, payout: bytes) -> None:
        """Move `amount` minor units from `debit` to `credit`.

        What a bank has paid is written down whatever the vendor is owed: that may fall below zero.

        Raises:
            InsufficientFundsError: where more is to be paid out than is owed.
        """
        owed = self.payables[vendor]
        if debit is Account.VENDOR:
            if cause is Cause.PAYOUT and owed.payable < amount:
                raise InsufficientFundsError
            owed.payable -= amount
        if credit is Account.VENDOR:
            owed.payable += amount
        owed.transfers += 1
        self.transfers.append(
            VendorTransfer(vendor, owed.transfers, debit, credit, amount, owed.currency, cause, payout)
        )

"""What a transaction is about to write of money and of payments' states, with running balances: pure.

Whoever moves money makes `Postings` from locked accounts, says what moves, and hands them to `ledger.store.write`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from shared.errors import TallystickError
from shared.lifecycles import PAYMENT, PaymentState, check_step
from shared.words import Word


class InsufficientFundsError(TallystickError):
    """There is not enough money in this account."""

    code = "INSUFFICIENT_BALANCE"


class Account(Word):
    """Where money can be: a wallet's four accounts, what a vendor is owed, is on its way to it, the system's own."""

    ONLINE = "online"
    OFFLINE = "offline"
    HELD = "held"
    REVIEW = "review"
    VENDOR = "vendor"
    CLEARING = "clearing"
    BANK = "bank"
    FEES = "fees"
    LOSS = "loss"


WALLET_ACCOUNTS = (Account.ONLINE, Account.OFFLINE, Account.HELD, Account.REVIEW)


class Cause(Word):
    """Why money moved."""

    FUNDING = "funding"
    MOVE = "move"
    ISSUE = "issue"
    RELEASE = "release"
    CLAIM = "claim"
    REST = "rest"
    APPROVE = "approve"
    REJECT = "reject"
    VOID = "void"
    PAY = "pay"
    REFUND = "refund"
    PAYOUT = "payout"
    PAID = "paid"
    PAYOUT_BACK = "payout_back"
    WRITE_OFF = "write_off"
    TAKE_BACK = "take_back"


class WalletAccounts(msgspec.Struct, gc=False):
    """A wallet's balances (minor units) and its counters, as locked; they run along while postings are made.

    `last_paid_at` is when its last payment that was settled or flagged was taken (ms by the time that the rules use).
    `known` is False for a number that no customer has: it has no balances, but a payment that named it has events.
    """

    wallet: str
    currency: str
    balances: dict[Account, int]
    events: int
    transfers: int
    last_paid_at: int
    known: bool = True

    @classmethod
    def unknown(cls, wallet: str, events: int) -> "WalletAccounts":
        """The stand-in for a wallet that does not exist."""
        return cls(wallet=wallet, currency="", balances={}, events=events, transfers=0, last_paid_at=0, known=False)


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """One balanced movement."""

    wallet: str
    number: int
    debit: Account
    credit: Account
    amount: int
    currency: str
    cause: Cause
    payment: bytes | None
    series: bytes | None
    vendor: bytes | None


class PaymentEvent(msgspec.Struct, frozen=True, gc=False):
    """One change of a payment's state."""

    wallet: str
    number: int
    payment: bytes
    before: PaymentState
    after: PaymentState
    reasons: tuple[str, ...]
    note: str | None


@dataclass(slots=True)
class Postings:
    """All that one transaction writes of money and states; `at` in ms by the server's clock, `actor` who caused it."""

    at: int
    actor: str
    wallets: Mapping[str, WalletAccounts]
    transfers: list[Transfer] = field(default_factory=list)
    events: list[PaymentEvent] = field(default_factory=list)

    def move(
        self,
        wallet: str,
        debit: Account,
        credit: Account,
        amount: int,
        cause: Cause,
        *,
        payment: bytes | None = None,
        series: bytes | None = None,
        vendor: bytes | None = None,
    ) -> None:
        """Move an amount (minor units of the wallet's currency) from `debit` to `credit`; 0 moves nothing.

        `vendor` is whose account it is where one of the two is a vendor's.

        Raises:
            InsufficientFundsError: where one of the wallet's accounts would fall below zero.
        """
        if amount == 0:
            return
        accounts = self.wallets[wallet]
        balances = accounts.balances
        there = balances.get(debit)
        if there is not None:
            if there < amount:
                raise InsufficientFundsError
            balances[debit] = there - amount
        there = balances.get(credit)
        if there is not None:
            balances[credit] = there + amount
        number = accounts.transfers = accounts.transfers + 1
        self.transfers.append(
            Transfer(wallet, number, debit, credit, amount, accounts.currency, cause, payment, series, vendor)
        )

    def note_paid(self, wallet: str, when: int) -> None:
        """Note that a payment was taken then (ms) which settles or is flagged."""
        accounts = self.wallets[wallet]
        accounts.last_paid_at = max(accounts.last_paid_at, when)

    def change_state(
        self,
        wallet: str,
        payment: bytes,
        before: PaymentState,
        after: PaymentState,
        reasons: tuple[str, ...],
        note: str | None = None,
    ) -> None:
        """Note a payment's change of state.

        Raises:
            LifeCycleError: where the life cycle has no such step.
        """
        check_step(PAYMENT, before, after)
        accounts = self.wallets[wallet]
        accounts.events += 1
        self.events.append(PaymentEvent(wallet, accounts.events, payment, before, after, reasons, note))


def vendor_changes(transfers: Iterable[Transfer]) -> list[tuple[Transfer, int]]:
    """What transfers change of vendors' balances, one sum a vendor, with the first transfer that changed it.

    A batch of one shop is one row for whoever folds, under the key of that transfer.
    """
    first: dict[tuple[bytes | None, str], Transfer] = {}
    sums: dict[tuple[bytes | None, str], int] = {}
    for transfer in transfers:
        if transfer.vendor is not None:
            key = (transfer.vendor, transfer.currency)
            first.setdefault(key, transfer)
            change = transfer.amount if transfer.credit is Account.VENDOR else -transfer.amount
            sums[key] = sums.get(key, 0) + change
    return [(first[key], amount) for key, amount in sums.items() if amount != 0]

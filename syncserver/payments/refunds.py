"""Refunds: what a vendor gives back of a settled payment, whole or in parts, never more than it was paid."""

from dataclasses import dataclass

from shared.fields import checked_text
from shared.lifecycles import PaymentState
from shared.money import Money
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.judge.facts import KnownPayment
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, Postings, WalletAccounts
from syncserver.payments.errors import NotRefundableError, ReasonRequiredError, RefundTooLargeError
from syncserver.payments.online import QUERIES
from syncserver.payments.views import object_of
from syncserver.services import Services
from syncserver.sync.reading import read_known_payments


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund that can be made while its wallet is locked. Money in minor units.

    What the house had paid of a payment goes back to the house, after the customer has all of theirs.
    """

    payment: bytes
    known: KnownPayment
    accounts: WalletAccounts
    amount: int

    @property
    def money(self) -> Money:
        """What is given back with this refund."""
        return Money(self.amount, self.accounts.currency)

    @property
    def total(self) -> Money:
        """What of the payment is given back with this refund, together with those before it."""
        return Money(self.known.refunded + self.amount, self.accounts.currency)

    @property
    def to_customer(self) -> int:
        """What of it is the customer's."""
        return min(self.amount, self.known.from_customer)

    @property
    def is_the_rest(self) -> bool:
        """Whether nothing of the payment is left after it."""
        return self.amount == self.known.from_customer + self.known.from_house


async def prepare(connection: Connection, wallet: str, payment: bytes, amount: int | None) -> Refund:
    """Lock a payment's wallet and see what can be refunded. In the transaction that does it.

    Args:
        connection: in that transaction.
        wallet: whose payment it is.
        payment: its id.
        amount: in minor units, from 1; None for all that is left.

    Raises:
        NotRefundableError: the payment is not settled, or nothing of it is left.
        RefundTooLargeError: less is left than this.
    """
    locked = (await store.lock_wallets(connection, [wallet])).get(wallet)
    known = (await read_known_payments(connection, [(wallet, payment)])).get((wallet, payment))
    if locked is None or known is None or known.state is not PaymentState.SUCCESSFUL:
        raise NotRefundableError
    left = known.from_customer + known.from_house
    if left == 0:
        raise NotRefundableError("nothing of this payment is left to refund")
    if amount is not None and amount > left:
        raise RefundTooLargeError
    return Refund(payment, known, locked.accounts, left if amount is None else amount)


async def carry_out(connection: Connection, services: Services, refund: Refund, *, reason: str, actor: str) -> None:
    """Give it back, in the transaction that prepared it. When nothing is left, the payment is reversed.

    Raises:
        ReasonRequiredError: there is no reason. Nothing was done.
    """
    check_reason(reason)
    at = services.clock()
    known, payment, wallet = refund.known, refund.payment, refund.known.wallet
    house = refund.amount - refund.to_customer
    postings = Postings(at=at, actor=actor, wallets={wallet: refund.accounts})
    for account, amount in ((Account.ONLINE, refund.to_customer), (Account.LOSS, house)):
        postings.move(wallet, Account.VENDOR, account, amount, Cause.REFUND, payment=payment, vendor=known.vendor)
    await connection.execute(
        QUERIES["write_refund"],
        wallet,
        uuid_of(payment),
        known.refunds + 1,
        refund.to_customer,
        house,
        reason,
        actor,
        at,
    )
    if refund.is_the_rest:
        postings.change_state(wallet, payment, known.state, PaymentState.REVERSED, known.reasons, reason)
        await store.set_payment_states(connection, postings, [(wallet, payment, PaymentState.REVERSED.value)], reason)
    await store.write(connection, postings)
    await trail.note(
        connection,
        services,
        actor=actor,
        action="payment.refund",
        object_=object_of(payment),
        before={"refunded": known.refunded},
        after={"refunded": refund.total.minor, "currency": refund.total.currency, "wallet": wallet},
        reason=reason,
    )


def check_reason(reason: str) -> None:
    """Make sure that there is a reason to keep.

    Raises:
        ReasonRequiredError, DecodingError: there is none, or it is no such text.
    """
    if not reason.strip():
        raise ReasonRequiredError
    checked_text(reason, "reason")

"""How money comes in: the cash desk, and how to pay by bank transfer."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.errors import MoneyError
from shared.money import Money
from syncserver.api.rest.amounts import Amount, Sum, WaitingForAnother, money_of
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint, Nothing
from syncserver.api.rest.wallets import OWNERS, BalancesView, view
from syncserver.database.connection import Connection
from syncserver.people.alone import lock_alone, may_move
from syncserver.people.bringing_in import require_others
from syncserver.people.errors import ForbiddenError
from syncserver.wallets import accounts
from syncserver.wallets.errors import UnknownWalletError
from syncserver.wallets.funding import bank_accounts, desk
from syncserver.wallets.funding.bank_accounts import BankAccount, Instructions
from syncserver.wallets.funding.desk import CashDesk
from syncserver.wallets.funding.errors import (
    NoBankAccountError,
    OwnWalletError,
    ReceiptRequiredError,
    ReceiptUsedError,
)

TAG = "Funding"


class AddMoneyRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An admin names the cash and the number of its receipt; a customer at most how much they mean to transfer."""

    amount: Amount | None = None
    receipt: Annotated[str, Meta(min_length=1, max_length=desk.MOST_RECEIPT)] | None = None


class PaidIn(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="paidIn"):
    """Cash that is in the wallet now."""

    receipt: str
    amount: Sum
    balances: BalancesView


class PayTo(msgspec.Struct, frozen=True, rename="camel"):
    """A bank account to pay to: its IBAN, or its number where there are no IBANs."""

    account: str
    holder: str
    bic: str | None


class HowToPay(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="howToPay"):
    """Nothing moved: transfer money to one of these accounts, with the reference (ISO 11649) that names the wallet."""

    reference: str
    reference_printed: str
    currency: str
    amount: Sum | None
    accounts: list[PayTo]


async def add_money(call: Call[AddMoneyRequest, Nothing]) -> Answer[Any]:
    """`POST /api/wallets/add-money/{userId}`."""
    user_id = call.path["userId"]
    if not call.who.is_admin:
        return await call.once_or_wait(lambda connection: _tell_how_to_pay(connection, user_id, call.body))
    require_others(call.who, user_id)
    if call.body.receipt is None:
        raise ReceiptRequiredError
    if call.body.amount is None:
        raise MoneyError("cash has an amount")
    amount, receipt = call.body.amount, desk.receipt_number(call.body.receipt)

    async def work(connection: Connection) -> tuple[PaidIn | WaitingForAnother, int]:
        alone = await lock_alone(connection, call.services, call.who)
        found = await accounts.of_customer(connection, user_id)
        money = money_of(amount, found.currency)
        of_the_day = await desk.count(connection, found.wallet, money, receipt, call.services.clock())
        subject = f"receipt {receipt} into {found.wallet}"
        if not await may_move(
            connection,
            call.services,
            call.who,
            action="cash desk",
            subject=subject,
            money=money,
            alone=alone,
            with_parts=of_the_day.minor,
        ):
            return WaitingForAnother([Sum.of(money.minor, money.currency)]), ACCEPTED
        cash = CashDesk(found.wallet, money, receipt, call.who.user_id, call.who.actor, call.services.clock())
        await cash.pay_in(connection, call.services)
        after = await accounts.of_customer(connection, user_id)
        return PaidIn(receipt, Sum.of(money.minor, money.currency), view(user_id, after)), 200

    return await call.once_or_wait(work)


async def _tell_how_to_pay(connection: Connection, user_id: bytes, body: AddMoneyRequest) -> tuple[HowToPay, int]:
    if body.receipt is not None:
        raise ForbiddenError("Only an admin takes cash.")
    found = await accounts.of_customer(connection, user_id)
    money = money_of(body.amount, found.currency) if body.amount is not None else None
    told = await bank_accounts.instructions(connection, found.wallet, found.currency)
    if not told.accounts:
        raise NoBankAccountError
    return _how_to_pay(told, found.currency, money), 200


def _how_to_pay(told: Instructions, currency: str, money: Money | None) -> HowToPay:
    return HowToPay(
        reference=told.reference,
        reference_printed=told.printed,
        currency=currency,
        amount=Sum.of(money.minor, currency) if money is not None else None,
        accounts=[_pay_to(one) for one in told.accounts],
    )


def _pay_to(one: BankAccount) -> PayTo:
    return PayTo(one.account, one.holder, one.bic)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/wallets/add-money/{userId}",
        handle=add_money,
        summary="Pay cash in at the desk (an admin), or ask how to pay by bank transfer (a customer)",
        answers=PaidIn | WaitingForAnother | HowToPay,
        roles=OWNERS,
        owner="userId",
        body=AddMoneyRequest,
        errors=(
            UnknownWalletError,
            MoneyError,
            ReceiptRequiredError,
            ReceiptUsedError,
            OwnWalletError,
            NoBankAccountError,
        ),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
)

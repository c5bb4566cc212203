"""What is decided about payments after they were made: reviews and refunds."""

from typing import Any

import msgspec

from shared.errors import MoneyError
from shared.fields import checked_wallet
from shared.ids import uuid_bytes, uuid_text
from shared.words import Word
from syncserver.api.rest import cursors
from syncserver.api.rest.amounts import Amount, money_of
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint
from syncserver.api.rest.payment_views import (
    FINDING,
    TAG,
    PageQuery,
    TransactionPage,
    TransactionView,
    WalletQuery,
    look_up_for,
    page_of,
    seen,
    wallet_of,
)
from syncserver.database.connection import Connection
from syncserver.payments import refunds, review, views
from syncserver.payments.errors import (
    NotFlaggedError,
    NotRefundableError,
    ReasonRequiredError,
    RefundTooLargeError,
)
from syncserver.payments.views import PaymentView
from syncserver.people.access import ADMINS, Role
from syncserver.people.errors import ForbiddenError
from syncserver.people.second import may_go_ahead

WHO_REFUNDS = ADMINS | {Role.VENDOR}


class Approval(Word):
    """What an admin says of a flagged payment."""

    APPROVE = "approve"
    REJECT = "reject"


class ReviewRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why; a rejection needs it."""

    reason: str | None = None


class RefundRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why, and how much; without an amount all that is left of the payment."""

    reason: str
    amount: Amount | None = None


async def flagged_transactions(call: Call[None, PageQuery]) -> Answer[TransactionPage]:
    """`GET /api/transactions/flagged-transactions`."""
    query = call.query
    place = (0, "", bytes(16))
    if query.cursor is not None:
        received_at, wallet, payment = cursors.unpack(query.cursor, 3)
        place = (cursors.number(received_at), checked_wallet(wallet, "cursor"), uuid_bytes(payment))
    async with call.services.pool.acquire() as connection:
        found = await views.flagged_behind(connection, place, query.limit + 1)

    def cursor(last: PaymentView) -> str:
        return cursors.pack(last.row["received_at"], last.wallet, uuid_text(last.payment))

    return Answer(page_of(found, query.limit, call.who, cursor))


async def review_transaction(call: Call[ReviewRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/review-transaction/{adminId}/{transactionId}/{approval}`."""
    who, services, reason, payment = call.who, call.services, call.body.reason, call.path["transactionId"]
    if call.path["adminId"] != who.user_id:
        raise ForbiddenError
    word = call.words["approval"]
    approve = word == Approval.APPROVE
    review.check_reason(approve=approve, reason=reason)
    wallet = wallet_of(call.query)

    async def work(connection: Connection) -> tuple[TransactionView, int]:
        view = await views.look_up(connection, payment, wallet)
        case = await review.open_case(connection, view)
        subject = f"{view.wallet} {uuid_text(payment)} {word}"
        if not await may_go_ahead(connection, services, who, action="review", subject=subject, money=case.money):
            return seen(view, who), ACCEPTED
        await review.decide(connection, services, case, approve=approve, reason=reason, actor=who.actor)
        return seen(await views.look_up(connection, payment, view.wallet), who), 200

    return await call.once_or_wait(work)


async def refund_transaction(call: Call[RefundRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/refund/{transactionId}`."""
    who, services, body, payment = call.who, call.services, call.body, call.path["transactionId"]
    refunds.check_reason(body.reason)
    wallet = wallet_of(call.query)

    async def work(connection: Connection) -> tuple[TransactionView, int]:
        view = await look_up_for(connection, who, payment, wallet)
        amount = money_of(body.amount, view.currency).minor if body.amount is not None else None
        refund = await refunds.prepare(connection, view.wallet, payment, amount)
        # By what is given back in all: in parts nobody gets around the second person.
        subject = f"{view.wallet} {uuid_text(payment)} {refund.amount} of"
        if who.is_admin and not await may_go_ahead(
            connection, services, who, action="refund", subject=subject, money=refund.total
        ):
            return seen(view, who), ACCEPTED
        await refunds.carry_out(connection, services, refund, reason=body.reason, actor=who.actor)
        return seen(await views.look_up(connection, payment, view.wallet), who), 200

    return await call.once_or_wait(work)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/transactions/flagged-transactions",
        handle=flagged_transactions,
        summary="Payments that wait for an admin, the oldest first",
        answers=TransactionPage,
        roles=ADMINS,
        query=PageQuery,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/transactions/review-transaction/{adminId}/{transactionId}/{approval}",
        handle=review_transaction,
        summary="Approve or reject a flagged payment; above an amount it takes two admins",
        answers=TransactionView,
        roles=ADMINS,
        words={"approval": Approval},
        body=ReviewRequest,
        query=WalletQuery,
        errors=(*FINDING, NotFlaggedError, ReasonRequiredError),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/transactions/refund/{transactionId}",
        handle=refund_transaction,
        summary="Give back a settled payment or a part of it; above an amount it takes two admins",
        answers=TransactionView,
        roles=WHO_REFUNDS,
        body=RefundRequest,
        query=WalletQuery,
        errors=(MoneyError, *FINDING, NotRefundableError, RefundTooLargeError, ReasonRequiredError),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
)

"""What is decided about payments after they were made: reviews and refunds."""

from typing import Any

import msgspec

from shared.errors import MoneyError
from shared.ids import uuid_text
from shared.words import Word
from syncserver.api.rest.amounts import Amount, money_of
from syncserver.api.rest.endpoint import ACCEPTED, Answer, Call, Endpoint
from syncserver.api.rest.payment_views import (
    FINDING,
    TAG,
    TransactionView,
    Version,
    WalletQuery,
    look_up_for,
    seen,
    wallet_of,
)
from syncserver.database.connection import Connection
from syncserver.payments import refunds, review, views
from syncserver.payments.errors import (
    DecidedMeanwhileError,
    NotFlaggedError,
    NotRefundableError,
    ReasonRequiredError,
    RefundTooLargeError,
    TalkedMeanwhileError,
)
from syncserver.people.access import ADMINS, Role
from syncserver.people.alone import lock_alone, may_move
from syncserver.people.errors import ForbiddenError
from syncserver.people.reviewing import Decision, decide

WHO_REFUNDS = ADMINS | {Role.VENDOR}


class Approval(Word):
    """What an admin says of a flagged payment."""

    APPROVE = "approve"
    REJECT = "reject"


class ReviewRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why; a rejection needs it. With the `version` that the queue showed, the decision is of what was seen there."""

    reason: str | None = None
    version: Version | None = None


class RefundRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why, and how much; without an amount all that is left of the payment."""

    reason: str
    amount: Amount | None = None


async def review_transaction(call: Call[ReviewRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/review-transaction/{adminId}/{transactionId}/{approval}`."""
    who, services, reason, payment = call.who, call.services, call.body.reason, call.path["transactionId"]
    if call.path["adminId"] != who.user_id:
        raise ForbiddenError
    approve = call.words["approval"] == Approval.APPROVE
    decision = Decision(approve=approve, reason=reason, version=call.body.version)
    review.check_reason(approve=approve, reason=reason)
    wallet = wallet_of(call.query)

    async def work(connection: Connection) -> tuple[TransactionView, int]:
        view = await views.look_up(connection, payment, wallet)
        if not await decide(connection, services, who, view, decision):
            return seen(view, who), ACCEPTED
        return seen(await views.look_up(connection, payment, view.wallet), who), 200

    return await call.once_or_wait(work)


async def refund_transaction(call: Call[RefundRequest, WalletQuery]) -> Answer[Any]:
    """`POST /api/transactions/refund/{transactionId}`."""
    who, services, body, payment = call.who, call.services, call.body, call.path["transactionId"]
    refunds.check_reason(body.reason)
    wallet = wallet_of(call.query)

    async def work(connection: Connection) -> tuple[TransactionView, int]:
        alone = await lock_alone(connection, services, who) if who.is_admin else {}
        view = await look_up_for(connection, who, payment, wallet)
        amount = money_of(body.amount, view.currency).minor if body.amount is not None else None
        refund = await refunds.prepare(connection, view.wallet, payment, amount)
        # By what is given back in all: in parts nobody gets around the second person.
        subject = f"{view.wallet} {uuid_text(payment)} of {refund.total.minor} in all"
        if who.is_admin and not await may_move(
            connection,
            services,
            who,
            action="refund",
            subject=subject,
            money=refund.money,
            alone=alone,
            with_parts=refund.total.minor,
        ):
            return seen(view, who), ACCEPTED
        await refunds.carry_out(connection, services, refund, reason=body.reason, actor=who.actor)
        return seen(await views.look_up(connection, payment, view.wallet), who), 200

    return await call.once_or_wait(work)


ENDPOINTS = (
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
        errors=(*FINDING, NotFlaggedError, DecidedMeanwhileError, TalkedMeanwhileError, ReasonRequiredError),
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

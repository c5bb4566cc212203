"""An admin decides a flagged payment: what they saw of it, and whether it takes a second admin."""

from dataclasses import dataclass

from shared.ids import uuid_text
from syncserver.database.connection import Connection
from syncserver.payments import review
from syncserver.payments.views import PaymentView
from syncserver.people.access import Caller
from syncserver.people.alone import lock_alone, may_move
from syncserver.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an admin says of a flagged payment, why, and which version of it they saw (None: they do not say)."""

    approve: bool
    reason: str | None
    version: int | None = None

    @property
    def word(self) -> str:
        """What is to be done, as two admins must mean it."""
        return "approve" if self.approve else "reject"


async def decide(
    connection: Connection, services: Services, admin: Caller, view: PaymentView, decision: Decision
) -> bool:
    """Decide a payment, in the caller's transaction; False where it waits for a second admin, and nothing moved.

    Raises:
        NotFlaggedError, DecidedMeanwhileError, TalkedMeanwhileError: it is not as this admin thinks. Nothing was done.
        ReasonRequiredError, DecodingError: a rejection needs its reason.
    """
    review.check_reason(approve=decision.approve, reason=decision.reason)
    alone = await lock_alone(connection, services, admin)
    case = await review.open_case(connection, view, decision.version)
    subject = f"{view.wallet} {uuid_text(view.payment)} {decision.word}"
    if not await may_move(connection, services, admin, action="review", subject=subject, money=case.money, alone=alone):
        return False
    await review.decide(connection, services, case, approve=decision.approve, reason=decision.reason, actor=admin.actor)
    return True

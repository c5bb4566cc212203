"""What can go wrong with a payment: when it is made, looked up, reviewed or refunded."""

from collections.abc import Sequence

from shared.errors import TallystickError
from shared.reasons import Reason


class UnknownPaymentError(TallystickError):
    """There is no such payment."""

    code = "UNKNOWN_PAYMENT"


class AmbiguousPaymentError(TallystickError):
    """Several wallets have a payment with this id: name the wallet too."""

    code = "AMBIGUOUS_PAYMENT"


class NotFlaggedError(TallystickError):
    """Only a flagged payment can be reviewed."""

    code = "NOT_FLAGGED"


class DecidedMeanwhileError(TallystickError):
    """Somebody decided this payment meanwhile."""

    code = "DECIDED_MEANWHILE"


class TalkedMeanwhileError(TallystickError):
    """Its vendor was asked about this payment, or answered, since you looked: look again."""

    code = "TALKED_MEANWHILE"


class UnknownQuestionError(TallystickError):
    """There is no such question."""

    code = "UNKNOWN_QUESTION"


class AnsweredError(TallystickError):
    """Somebody answered this question before."""

    code = "ANSWERED_BEFORE"


class BulkCountError(TallystickError):
    """As many payments as you typed do not wait in this filter any more: look again."""

    code = "COUNT_CHANGED"


class UnknownBulkReviewError(TallystickError):
    """There is no such bulk decision."""

    code = "UNKNOWN_BULK_REVIEW"


class ReasonRequiredError(TallystickError):
    """This needs a reason."""

    code = "REASON_REQUIRED"


class NotRefundableError(TallystickError):
    """Only a settled payment can be refunded."""

    code = "NOT_REFUNDABLE"


class TillRefundRefusedError(TallystickError):
    """This terminal can't refund this: an admin can."""

    code = "REFUND_NOT_HERE"


class RefundTooLargeError(TallystickError):
    """Refunds of a payment add up to no more than was paid."""

    code = "REFUND_EXCEEDS_PAYMENT"


# What an honest customer may know of why a payment is not simply settled. What is missing here would tell a thief what
# gives them away.
KNOWABLE: dict[str, str] = {
    Reason.PAYMENT_LIMIT: "the amount is above the limit for one payment",
    Reason.DAILY_LIMIT: "the limit for today is reached",
    Reason.RATE_LIMIT: "there were too many payments just now",
    Reason.CURRENCY: "wallet, vendor and payment are not of one currency",
    Reason.BLOCKED: "this wallet can't pay this vendor now",
    Reason.CODE_INVALID: "the code does not fit",
    Reason.CODE_WITHDRAWN: "the code was withdrawn",
    Reason.CODE_SPENT: "the code was used before",
    Reason.OVER_CAP: "the amount is more than the code covers",
}


class FraudDetectedError(TallystickError):
    """This payment is refused."""

    code = "FRAUD_DETECTED"

    def __init__(self, reasons: Sequence[str] = ()) -> None:
        told = [f"{reason}: {KNOWABLE[reason]}" for reason in sorted(reasons) if reason in KNOWABLE]
        super().__init__(f"This payment is refused ({'; '.join(told)})." if told else None)
        self.reasons = tuple(sorted(reasons))

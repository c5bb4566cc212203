"""What can go wrong with a payment's review."""

from shared.errors import TallystickError


class UnknownPaymentError(TallystickError):
    """There is no such payment."""

    code = "UNKNOWN_PAYMENT"


class AmbiguousPaymentError(TallystickError):
    """Several wallets have a payment with this id: say which with --wallet."""

    code = "AMBIGUOUS_PAYMENT"


class NotFlaggedError(TallystickError):
    """Only a flagged payment can be reviewed."""

    code = "NOT_FLAGGED"


class ReasonRequiredError(TallystickError):
    """A rejection needs a reason."""

    code = "REASON_REQUIRED"

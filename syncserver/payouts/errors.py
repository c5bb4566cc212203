"""What can go wrong where vendors are paid."""

from shared.errors import TallystickError


class PayoutAccountError(TallystickError):
    """This is no account that a vendor can be paid to."""

    code = "INVALID_PAYOUT_ACCOUNT"


class UnknownPayoutAccountError(TallystickError):
    """This is not the account that waits to be confirmed."""

    code = "UNKNOWN_PAYOUT_ACCOUNT"


class NoPayoutAccountError(TallystickError):
    """This vendor has no confirmed account to be paid to."""

    code = "NO_PAYOUT_ACCOUNT"


class NothingToPayError(TallystickError):
    """There is nothing to pay out."""

    code = "NOTHING_TO_PAY"


class VendorBlockedError(TallystickError):
    """A vendor that is blocked is not paid."""

    code = "VENDOR_BLOCKED"


class NotSepaError(TallystickError):
    """A file for the bank pays euro from an IBAN alone: pay this by hand."""

    code = "NOT_SEPA"


class UnknownRunError(TallystickError):
    """There is no such run of payouts."""

    code = "UNKNOWN_PAYOUT_RUN"


class UnknownPayoutError(TallystickError):
    """There is no such payout."""

    code = "UNKNOWN_PAYOUT"


class PayoutStateError(TallystickError):
    """This payout, or this run of them, is not in a state that allows this."""

    code = "PAYOUT_STATE"


class AnotherPersonError(TallystickError):
    """This needs another admin than the one who asked for it."""

    code = "ANOTHER_PERSON_REQUIRED"


class PaymentFileError(TallystickError):
    """No file could be made that fits the bank's schema: nothing was sent."""

    code = "PAYMENT_FILE"


class BankReferenceError(TallystickError):
    """A payment by hand needs the bank's reference, which no other payout has."""

    code = "BANK_REFERENCE"


class ReturnEntryError(TallystickError):
    """A payout comes back by the bank's entry that brought it: name the one, of its account and amount."""

    code = "RETURN_ENTRY"

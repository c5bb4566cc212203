"""What can go wrong where money comes in."""

from shared.errors import TallystickError


class StatementError(TallystickError):
    """This is no bank statement that can be read: nothing of it was imported."""

    code = "INVALID_STATEMENT"


class UnknownBankAccountError(TallystickError):
    """This statement is of a bank account that is not one of ours: nothing of it was imported."""

    code = "UNKNOWN_BANK_ACCOUNT"


class NoBankAccountError(TallystickError):
    """There is no bank account in this currency to pay to."""

    code = "NO_BANK_ACCOUNT"


class BankAccountError(TallystickError):
    """This is no bank account, or it is known with another currency."""

    code = "INVALID_BANK_ACCOUNT"


class UnknownEntryError(TallystickError):
    """There is no such bank entry."""

    code = "UNKNOWN_BANK_ENTRY"


class EntryStateError(TallystickError):
    """This bank entry can't be assigned."""

    code = "BANK_ENTRY_STATE"


class ReceiptUsedError(TallystickError):
    """Money was paid in with this receipt before."""

    code = "RECEIPT_USED"


class ReceiptRequiredError(TallystickError):
    """Cash is paid in with the number of its receipt."""

    code = "RECEIPT_REQUIRED"


class OwnWalletError(TallystickError):
    """Nobody brings money to a wallet of their own: another admin must do this."""

    code = "OWN_WALLET"

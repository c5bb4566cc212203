"""What can go wrong with a wallet and its codes."""

from shared.errors import TallystickError


class UnknownWalletError(TallystickError):
    """There is no such wallet."""

    code = "UNKNOWN_WALLET"


class UnknownSeriesError(TallystickError):
    """There is no such open series of codes."""

    code = "UNKNOWN_SERIES"


class IssueError(TallystickError):
    """Codes can't be issued like this."""

    code = "INVALID_ISSUE"


class WalletBlockedError(TallystickError):
    """This wallet is blocked."""

    code = "BLOCKED"


class VoucherError(TallystickError):
    """This is no voucher of this wallet."""

    code = "INVALID_VOUCHER"


class CodeMismatchError(TallystickError):
    """A code is not the one of its voucher."""

    code = "CODE_MISMATCH"


class StatementTooLongError(TallystickError):
    """This statement has more than 10,000 lines: ask for a shorter time, or for its pages."""

    code = "STATEMENT_TOO_LONG"

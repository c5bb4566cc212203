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

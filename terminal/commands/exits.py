"""What an exit code says: one table for people, scripts and the help."""

from enum import IntEnum

from shared import errors as shared_errors
from shared.errors import TallystickError
from terminal import errors


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    LOCKED = 4
    NOT_READY = 5
    STORE = 6
    NETWORK = 7


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done; a sale: approved",
    Exit.FAILED: "something failed; the line on stderr says what",
    Exit.USAGE: "wrong usage: nothing was tried",
    Exit.REFUSED: "the sale was refused",
    Exit.LOCKED: "locked after too many wrong codes or PINs",
    Exit.NOT_READY: "not enrolled yet, or it can't be unlocked",
    Exit.STORE: "the store can't be written: nothing was approved",
    Exit.NETWORK: "the server can't be reached",
}

# The first class that an error is an instance of gives its exit code.
_BY_ERROR: tuple[tuple[type[TallystickError], Exit], ...] = (
    (errors.NotEnrolledError, Exit.NOT_READY),
    (errors.UnlockError, Exit.NOT_READY),
    (errors.DiskFullError, Exit.STORE),
    (errors.StoreBusyError, Exit.STORE),
    (errors.ServerUnreachableError, Exit.NETWORK),
    (errors.PinLockedError, Exit.LOCKED),
    (errors.InputError, Exit.USAGE),
    (errors.SalesFileError, Exit.USAGE),
    (errors.CashierError, Exit.USAGE),
    (shared_errors.MoneyError, Exit.USAGE),
    (shared_errors.WalletNumberError, Exit.USAGE),
    (shared_errors.CodeFormatError, Exit.USAGE),
    (shared_errors.TokenError, Exit.USAGE),
)
# Errors of modules that import httpx, which most commands do without.
_BY_CODE = {"UNSAFE_URL": Exit.USAGE}


def exit_of(error: TallystickError) -> Exit:
    """The exit code that an error ends a command with."""
    default = _BY_CODE.get(error.code, Exit.FAILED)
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), default)


def help_table() -> str:
    """The table, as the help shows it."""
    return "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."

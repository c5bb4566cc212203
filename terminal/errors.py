"""What can go wrong at a terminal, below the one error tree. A code is stable; the docstring is the message."""

from shared.errors import TallystickError


class NotEnrolledError(TallystickError):
    """This terminal is not enrolled yet. Run `tallystick terminal enrol` with a token from the server."""

    code = "NOT_ENROLLED"


class TillOpenError(TallystickError):
    """This till is open already, in another window or on another screen. Use that one, or close it first."""

    code = "TILL_OPEN"


class UnlockError(TallystickError):
    """The terminal can't be unlocked."""

    code = "UNLOCK_FAILED"


class WrongSecretError(UnlockError):
    """The unlock secret is wrong: the vault can't be opened with it."""

    code = "WRONG_UNLOCK_SECRET"


class NoSecretError(UnlockError):
    """No unlock secret was found: set TALLYSTICK_UNLOCK_FILE, pass a systemd credential, or run this in a terminal."""

    code = "NO_UNLOCK_SECRET"


class ExposedSecretError(UnlockError):
    """The unlock file may be read by others. Run `chmod 600` on it."""

    code = "EXPOSED_UNLOCK_SECRET"


class VaultDamagedError(UnlockError):
    """The vault file is damaged or is missing. Put it back from a backup: without it the journal can't be read."""

    code = "VAULT_DAMAGED"


class StoreError(TallystickError):
    """The store failed."""

    code = "STORE_FAILED"


class DiskFullError(StoreError):
    """The store can't be written: the disk is full or fails. Nothing was approved."""

    code = "DISK_FULL"


class StoreBusyError(StoreError):
    """Another program holds the store. Nothing was approved; try again."""

    code = "STORE_BUSY"


class StoreDamagedError(StoreError):
    """The store can't be read with its key: it is damaged or belongs to another vault."""

    code = "STORE_DAMAGED"


class StoreVersionError(StoreError):
    """The store was written by a newer version, or its migrations were changed. Update the program."""

    code = "STORE_VERSION"


class OldSqliteError(StoreError):
    """The SQLite library is older than 3.51.3 and can damage a write-ahead log that two programs use."""

    code = "OLD_SQLITE"


class ServerUnreachableError(TallystickError):
    """The server can't be reached. Sales go on offline; try to sync again later."""

    code = "SERVER_UNREACHABLE"


class ServerRefusedError(TallystickError):
    """The server refused."""

    code = "SERVER_REFUSED"


class UntrustedAnswerError(TallystickError):
    """The server's answer is not signed by a key that this terminal trusts, or not meant for it."""

    code = "UNTRUSTED_ANSWER"


class NoSuchPaymentError(TallystickError):
    """This terminal has no payment with that id."""

    code = "NO_SUCH_PAYMENT"


class VoidRefusedError(TallystickError):
    """This payment can't be voided."""

    code = "VOID_REFUSED"


class ApproverError(TallystickError):
    """A supervisor of this shop must approve this, with a PIN."""

    code = "SUPERVISOR_NEEDED"


class PinLockedError(ApproverError):
    """Too many wrong PINs."""

    code = "PIN_LOCKED"


class SignInError(TallystickError):
    """This PIN does not fit."""

    code = "SIGN_IN"


class CashierError(TallystickError):
    """This shop has no cashier with that id."""

    code = "UNKNOWN_CASHIER"


class NoShiftError(TallystickError):
    """No shift is open."""

    code = "NO_SHIFT"


class ShiftIsOpenError(TallystickError):
    """A shift is open already. Close it first with `tallystick terminal shift close`."""

    code = "SHIFT_IS_OPEN"


class NoSaleError(TallystickError):
    """No sale is in hand."""

    code = "NO_SALE"


class SaleInHandError(TallystickError):
    """A sale is in hand already. Finish it, or give it up."""

    code = "SALE_IN_HAND"


class SaleAmountError(TallystickError):
    """This is more than the rest of the sale."""

    code = "SALE_AMOUNT"


class SaleUnpaidError(TallystickError):
    """This sale is not paid yet."""

    code = "SALE_UNPAID"


class PendingError(TallystickError):
    """Not everything is done at this terminal."""

    code = "PENDING"


class SalesFileError(TallystickError):
    """This file of sales can't be read."""

    code = "BAD_SALES_FILE"


class InputError(TallystickError):
    """This can't be taken as it was typed."""

    code = "BAD_INPUT"

"""What can go wrong while syncing. None of it stops sales; each says what to do, and none shows a secret."""

from shared.errors import TallystickError
from terminal.errors import ServerRefusedError, ServerUnreachableError, UntrustedAnswerError


class ServerBusyError(ServerUnreachableError):
    """The server has too much to do, or its database is away. It is asked again later by itself."""

    code = "SERVER_BUSY"

    def __init__(self, message: str | None = None, *, retry_after: float | None = None, **facts: object) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after
        """Seconds that the server asks to wait, where it said so."""


class ServerTooSlowError(ServerUnreachableError):
    """The server did not answer while the customer waited. It may have got the payment: the next sync finds out."""

    code = "SERVER_TOO_SLOW"


class RefusedError(ServerRefusedError):
    """The server refused the request."""

    code = "REQUEST_REFUSED"

    def __init__(
        self, message: str | None = None, *, status: int, error_code: str | None = None, **facts: object
    ) -> None:
        super().__init__(message, **facts)
        self.status = status
        """The HTTP status."""
        self.error_code = error_code
        """The server's own code, where it named one."""


class NoBookError(RefusedError):
    """The server gives this terminal no code book: it is quarantined or revoked. Uploads go on; tell an admin."""

    code = "NO_BOOK_FOR_DEVICE"


class AnswerError(UntrustedAnswerError):
    """The server's answer is too large, cut off, or not in the form that the protocol gives it."""

    code = "BAD_ANSWER"


class ReceiptError(UntrustedAnswerError):
    """This receipt is not for the batch that was sent."""

    code = "WRONG_RECEIPT"


class CertificateError(UntrustedAnswerError):
    """The server's certificate does not name this terminal's key, device, epoch and shop."""

    code = "WRONG_CERTIFICATE"


class UnsafeUrlError(TallystickError):
    """The server's address has to begin with https:// (http:// is for this machine alone)."""

    code = "UNSAFE_URL"


class UnsyncedEpochError(TallystickError):
    """Records of this epoch are not synced yet. Sync first, then enrol again."""

    code = "UNSYNCED_EPOCH"


class OtherDeviceError(TallystickError):
    """This token enrols another terminal than the one that lives here. Use another folder for it."""

    code = "OTHER_DEVICE"


class JournalMismatchError(TallystickError):
    """The server's half of the journal does not fit this terminal's. Stop using this terminal, and tell an admin."""

    code = "JOURNAL_MISMATCH"


class RecordsRefusedError(TallystickError):
    """The server takes some records in no batch. They are kept and tried again; tell an admin."""

    code = "RECORDS_REFUSED"


class SyncRunningError(TallystickError):
    """A sync of this terminal is running already."""

    code = "SYNC_RUNNING"


class RefundRefusedError(TallystickError):
    """This payment can't be refunded."""

    code = "REFUND_REFUSED"


class RefundWaitsError(TallystickError):
    """A refund of this payment was not answered. Ask for the same again first."""

    code = "REFUND_WAITS"

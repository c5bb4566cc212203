"""Which error becomes which answer: one table, so that no route has an opinion of its own."""

from typing import NamedTuple

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.errors import DecodingError, TallystickError, TokenError
from syncserver.api.body import SlowBodyError, TooLargeError, WrongTypeError
from syncserver.api.envelope import failure
from syncserver.audit.errors import UnknownAuditEntryError
from syncserver.database.errors import AWAY, BusyError
from syncserver.keys.errors import KeyFileError
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.payments.errors import (
    AmbiguousPaymentError,
    AnsweredError,
    BulkCountError,
    DecidedMeanwhileError,
    NotFlaggedError,
    NotRefundableError,
    RefundTooLargeError,
    TalkedMeanwhileError,
    TillRefundRefusedError,
    UnknownBulkReviewError,
    UnknownPaymentError,
    UnknownQuestionError,
)
from syncserver.payouts.errors import (
    AnotherPersonError,
    BankReferenceError,
    NoPayoutAccountError,
    NothingToPayError,
    PayoutStateError,
    UnknownPayoutAccountError,
    UnknownPayoutError,
    UnknownRunError,
    VendorBlockedError,
)
from syncserver.people.errors import (
    BlockedError,
    CredentialsError,
    ForbiddenError,
    KeyReusedError,
    LimitsChangedError,
    LoginTakenError,
    NotApprovedError,
    OtherAdminNeededError,
    PersonStateError,
    ProposalClosedError,
    RefreshRaceError,
    RefreshTokenError,
    SecondFactorError,
    SecondFactorNeededError,
    SecondFactorStateError,
    SessionOverError,
    TooOftenError,
    UnknownPersonError,
    UnknownProposalError,
    WaitingPeriodError,
)
from syncserver.registry.enrolment import InvalidTerminalNameError
from syncserver.registry.errors import (
    DeviceStateError,
    EnrolmentProofError,
    EnrolmentTokenError,
    KeyTakenError,
    UnknownDeviceError,
    UnknownVendorError,
)
from syncserver.services import Services
from syncserver.shifts.errors import (
    AmbiguousShiftError,
    DayNotMatchingError,
    NothingMissingError,
    NothingToTakeBackError,
    NothingToWriteOffError,
    ShiftChangedError,
    ShiftHasExceptionsError,
    ShiftStateError,
    ShiftTillLivesError,
    UnknownShiftError,
)
from syncserver.sync.admission import DeviceBusyError
from syncserver.sync.allowance import DeviceAllowanceError
from syncserver.sync.books import PullRefusedError
from syncserver.sync.bounds import Bounds
from syncserver.sync.crowd import slow_down
from syncserver.sync.intake import SeveralEpochsError, TooManyRecordsError
from syncserver.sync.reading import DeviceGoneError
from syncserver.wallets.errors import UnknownSeriesError, UnknownWalletError, WalletBlockedError
from syncserver.wallets.funding.errors import (
    EntryStateError,
    NoBankAccountError,
    OwnWalletError,
    ReceiptUsedError,
    UnknownEntryError,
)

log = structlog.get_logger()

STATUS: dict[type[TallystickError], int] = {
    TokenError: 401,
    EnrolmentTokenError: 401,
    DeviceGoneError: 401,
    CredentialsError: 401,
    RefreshTokenError: 401,
    SecondFactorNeededError: 401,
    SecondFactorError: 401,
    SessionOverError: 401,
    PullRefusedError: 403,
    ForbiddenError: 403,
    NotApprovedError: 403,
    BlockedError: 403,
    TillRefundRefusedError: 403,
    AnotherPersonError: 403,
    UnknownSeriesError: 404,
    OwnWalletError: 403,
    UnknownWalletError: 404,
    UnknownAuditEntryError: 404,
    UnknownPersonError: 404,
    UnknownVendorError: 404,
    UnknownPaymentError: 404,
    UnknownEntryError: 404,
    UnknownDeviceError: 404,
    UnknownProposalError: 404,
    UnknownQuestionError: 404,
    UnknownBulkReviewError: 404,
    UnknownShiftError: 404,
    UnknownRunError: 404,
    UnknownPayoutError: 404,
    UnknownPayoutAccountError: 404,
    SlowBodyError: 408,
    KeyTakenError: 409,
    DeviceStateError: 409,
    KeyReusedError: 409,
    PersonStateError: 409,
    SecondFactorStateError: 409,
    WaitingPeriodError: 409,
    LoginTakenError: 409,
    RefreshRaceError: 409,
    InsufficientFundsError: 409,
    AmbiguousPaymentError: 409,
    NotFlaggedError: 409,
    ProposalClosedError: 409,
    OtherAdminNeededError: 409,
    LimitsChangedError: 409,
    DecidedMeanwhileError: 409,
    TalkedMeanwhileError: 409,
    AnsweredError: 409,
    BulkCountError: 409,
    NotRefundableError: 409,
    RefundTooLargeError: 409,
    ReceiptUsedError: 409,
    EntryStateError: 409,
    NoBankAccountError: 409,
    WalletBlockedError: 409,
    AmbiguousShiftError: 409,
    ShiftStateError: 409,
    ShiftTillLivesError: 409,
    ShiftChangedError: 409,
    ShiftHasExceptionsError: 409,
    NothingMissingError: 409,
    NothingToWriteOffError: 409,
    NothingToTakeBackError: 409,
    DayNotMatchingError: 409,
    NoPayoutAccountError: 409,
    NothingToPayError: 409,
    VendorBlockedError: 409,
    PayoutStateError: 409,
    BankReferenceError: 409,
    TooLargeError: 413,
    TooManyRecordsError: 413,
    WrongTypeError: 415,
    EnrolmentProofError: 422,
    InvalidTerminalNameError: 422,
    SeveralEpochsError: 422,
    DecodingError: 422,
    DeviceBusyError: 429,
    DeviceAllowanceError: 429,
    TooOftenError: 429,
    BusyError: 503,
    KeyFileError: 503,  # ours to mend: whatever was sent can be sent again
}


class Plain(NamedTuple):
    """An answer to what is no error of ours."""

    status: int
    code: str
    message: str


INCOMPLETE = Plain(400, "INCOMPLETE", "The request broke off.")
UNAVAILABLE = Plain(503, "UNAVAILABLE", "The server can't reach its database. Try again.")
INTERNAL = Plain(500, "INTERNAL", "Something went wrong here. Nothing was lost; try again.")
# Of Starlette's own errors: no such path, no such method.
HTTP_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def status_of(error: TallystickError) -> int:
    """The status that an error answers with."""
    return status_of_kind(type(error))


def status_of_kind(error: type[TallystickError]) -> int:
    """The status of a kind of error; the nearest of its classes decides."""
    return next((STATUS[kind] for kind in error.__mro__ if kind in STATUS), 422)


def retry_after(request: Request, status: int, error: TallystickError | None = None) -> int | None:
    """In how many seconds to come back, where that is the thing to do.

    When the error says; else with all the others where the server has too much, alone where one client sends it.
    """
    if isinstance(error, TooOftenError | DeviceAllowanceError):
        return error.seconds
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    if status == 503:  # noqa: PLR2004 - an HTTP status
        return bounds.crowd.turn_away(services.clock(), services.random)
    return slow_down(services.random) if status == 429 else None  # noqa: PLR2004 - an HTTP status


async def answer_known(request: Request, error: Exception) -> Response:
    """One of our own errors."""
    if not isinstance(error, TallystickError):
        raise error
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004 - as RFC 9110 asks
    retry = retry_after(request, status, error)
    return failure(request, status, error.code, error.message, retry_after=retry, headers=headers)


async def answer_http(request: Request, error: Exception) -> Response:
    """Starlette's own: no such path, no such method."""
    if not isinstance(error, HTTPException):
        raise error
    code = HTTP_CODES.get(error.status_code, "HTTP_ERROR")
    return failure(request, error.status_code, code, str(error.detail), headers=error.headers)


async def answer_unknown(request: Request, error: Exception) -> Response:
    """Anything else: the client is gone, the database is away, or a defect of ours. None shows more than that."""
    if isinstance(error, ClientDisconnect):
        log.info("client_gone", path=request.url.path)
        return failure(request, *INCOMPLETE)
    if isinstance(error, AWAY):
        log.warning("database_away", path=request.url.path, error=type(error).__name__)
        return failure(request, *UNAVAILABLE, retry_after=retry_after(request, UNAVAILABLE.status))
    log.error("request_failed", path=request.url.path, exc_info=error)
    return failure(request, *INTERNAL)

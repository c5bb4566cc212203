"""What the till says: each refusal in a sentence that a customer may hear, with what to do next."""

from collections.abc import Iterable

from shared.reasons import Reason

ACCEPTED = "ACCEPTED OFFLINE, not yet settled"
SETTLED = "SETTLED"
FLAGGED = "FLAGGED: an admin will decide whether the shop is paid"
FAILED = "FAILED: the server refused this payment. Nothing was paid; please pay another way."
DO_NOT_FIT = "The wallet number and code do not fit. Check both and try again."
PAST_DATE = "This code is past its date, or not good yet. Please use a newer one."
NO_VOUCHER = "This voucher can't be read. Please scan it again, or type the wallet number and code."
NOT_OURS = "This voucher was not issued here, or was changed. Please use another one."
NOT_THE_WALLET = "This voucher and the wallet number do not belong together. Check both and try again."

_REFUSED: dict[str, str] = {
    Reason.CODE_INVALID: DO_NOT_FIT,
    Reason.CODE_WITHDRAWN: "This code was withdrawn. Please use a newer one.",
    Reason.CODE_SPENT: "This code was used before. Please use another one.",
    Reason.OVER_CAP: "The amount is more than this code covers. Please use another code or another way to pay.",
    Reason.CURRENCY: "This code is in another currency. Please pay another way.",
    Reason.BLOCKED: "This wallet can't pay here now. Please pay another way and contact your wallet's office.",
    Reason.PAYMENT_LIMIT: "The amount is above the limit for one payment. Please pay another way.",
    Reason.DAILY_LIMIT: "The limit for today is reached. Please pay another way.",
    Reason.RATE_LIMIT: "There were too many payments just now. Please wait a minute and try again.",
    Reason.STREAK: "Too many payments in a row without a connection. Please pay another way until the till has synced.",
    Reason.TERMINAL_EXPOSURE: "This till has reached its offline limit. Please pay another way until it has synced.",
    Reason.STALE_BOOK: "This till was without a connection for too long. Please pay another way until it has synced.",
}
_FLAGGED: dict[str, str] = {
    Reason.DISTANCE: "the customer lives far from here: the server will look at this payment",
    Reason.CLOCK: "this till's clock is off: set it, the server will look at this payment",
}
# The first of these that applies is said; a code that does not fit says nothing else about anyone.
_ORDER = tuple(_REFUSED)
_MS_PER_MINUTE = 60_000


def refusal(reasons: Iterable[str]) -> str:
    """The sentence for a refused sale."""
    found = set(reasons)
    return next(
        (_REFUSED[reason] for reason in _ORDER if reason in found), "This payment is refused. Please pay another way."
    )


def remark(reason: str) -> str:
    """What the cashier is told of a payment that was accepted in spite of a reason."""
    return f"{reason}: {_FLAGGED.get(reason, 'the server will look at this payment')}"


def streak_warning(count: int, most: int) -> str:
    """What the cashier is told of a customer who pays again and again."""
    return f"STREAK: payment {count} of this customer without a sync; the till stops after {most}"


def taken_before(payment: str, amount: str, state: str, ago_ms: int) -> str:
    """What the cashier is told of a code that this very till took, so that a sale whose answer was lost is found."""
    return f"this till took that code {_minutes(max(0, ago_ms))} ago for {amount}: payment {payment}, {state}"


def _minutes(ms: int) -> str:
    minutes = max(1, -(-ms // _MS_PER_MINUTE))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def locked(scope: str, wait_ms: int) -> str:
    """How long no code is tried, in words."""
    what = {
        "sale": "Too many wrong codes for this sale.",
        "customer": "Too many wrong codes for this wallet.",
        "terminal": "Too many wrong codes at this till.",
    }[scope]
    return f"{what} Please pay another way, or try again in {_minutes(wait_ms)}."


def masked(wallet: str) -> str:
    """A wallet number as a screen or a receipt may show it."""
    return "*" * (len(wallet) - 4) + wallet[-4:]

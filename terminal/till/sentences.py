"""What the till says: each refusal in a sentence that a customer may hear, with what to do next.

A sentence that is always the same is the English text: whoever shows it looks it up (`terminal.texts`). What is put
together of several parts is in the reader's language already.
"""

from collections.abc import Iterable

from shared.reasons import Reason
from terminal.texts import _, marked, plural
from terminal.till.shift_start import OWNER

ACCEPTED = marked("ACCEPTED OFFLINE, not yet settled")
SETTLED = marked("SETTLED")
FLAGGED = marked("FLAGGED: an admin will decide whether the shop is paid")
FAILED = marked("FAILED: the server refused this payment. Nothing was paid; please pay another way.")
DO_NOT_FIT = marked("The wallet number and code do not fit. Check both and try again.")
PAST_DATE = marked("This code is past its date, or not good yet. Please use a newer one.")
NO_VOUCHER = marked("This voucher can't be read. Please scan it again, or type the wallet number and code.")
NOT_OURS = marked("This voucher was not issued here, or was changed. Please use another one.")
NOT_THE_WALLET = marked("This voucher and the wallet number do not belong together. Check both and try again.")

_REFUSED: dict[str, str] = {
    Reason.CODE_INVALID: DO_NOT_FIT,
    Reason.CODE_WITHDRAWN: marked("This code was withdrawn. Please use a newer one."),
    Reason.CODE_SPENT: marked("This code was used before. Please use another one."),
    Reason.OVER_CAP: marked("The amount is more than this code covers. Please use another code or another way to pay."),
    Reason.CURRENCY: marked("This code is in another currency. Please pay another way."),
    Reason.BLOCKED: marked("This wallet can't pay here now. Please pay another way and contact your wallet's office."),
    Reason.PAYMENT_LIMIT: marked("The amount is above the limit for one payment. Please pay another way."),
    Reason.DAILY_LIMIT: marked("The limit for today is reached. Please pay another way."),
    Reason.RATE_LIMIT: marked("There were too many payments just now. Please wait a minute and try again."),
    Reason.STREAK: marked(
        "Too many payments in a row without a connection. Please pay another way until the till has synced."
    ),
    Reason.TERMINAL_EXPOSURE: marked(
        "This till has reached its offline limit. Please pay another way until it has synced."
    ),
    Reason.STALE_BOOK: marked(
        "This till was without a connection for too long. Please pay another way until it has synced."
    ),
}
_FLAGGED: dict[str, str] = {
    Reason.DISTANCE: marked("the customer lives far from here: the server will look at this payment"),
    Reason.CLOCK: marked("this till's clock is off: set it, the server will look at this payment"),
}
_LOOKED_AT = marked("the server will look at this payment")
# The first of these that applies is said; a code that does not fit says nothing else about anyone.
_ORDER = tuple(_REFUSED)
_MS_PER_MINUTE = 60_000


def refusal(reasons: Iterable[str]) -> str:
    """The sentence for a refused sale."""
    found = set(reasons)
    return next(
        (_REFUSED[reason] for reason in _ORDER if reason in found),
        marked("This payment is refused. Please pay another way."),
    )


def remark(reason: str) -> str:
    """What the cashier is told of a payment that was accepted in spite of a reason."""
    return f"{reason}: {_(_FLAGGED.get(reason, _LOOKED_AT))}"


def streak_warning(count: int, most: int) -> str:
    """What the cashier is told of a customer who pays again and again."""
    text = _("STREAK: payment {count} of this customer without a sync; the till stops after {most}")
    return text.format(count=count, most=most)


def taken_before(payment: str, amount: str, state: str, ago_ms: int) -> str:
    """What the cashier is told of a code that this very till took, so that a sale whose answer was lost is found."""
    text = _("this till took that code {minutes} ago for {amount}: payment {payment}, {state}")
    return text.format(minutes=_minutes(max(0, ago_ms)), amount=amount, payment=payment, state=state)


def _minutes(ms: int) -> str:
    minutes = max(1, -(-ms // _MS_PER_MINUTE))
    return plural("{count} minute", "{count} minutes", minutes).format(count=minutes)


def locked(scope: str, wait_ms: int) -> str:
    """How long no code is tried, in words."""
    what = {
        "sale": _("Too many wrong codes for this sale."),
        "customer": _("Too many wrong codes for this wallet."),
        "terminal": _("Too many wrong codes at this till."),
    }[scope]
    return _("{what} Please pay another way, or try again in {minutes}.").format(what=what, minutes=_minutes(wait_ms))


def person(name: str) -> str:
    """Who somebody is, as people call them: whoever works where the book names nobody is the owner."""
    return _("owner") if name == OWNER else name


def masked(wallet: str) -> str:
    """A wallet number as a screen or a receipt may show it."""
    return "*" * (len(wallet) - 4) + wallet[-4:]

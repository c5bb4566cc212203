"""Why the server flagged or refused a payment: each reason in a sentence for whoever works at the till."""

from shared.reasons import Reason
from terminal.texts import marked

_BECAUSE: dict[str, str] = {
    Reason.CODE_INVALID: marked("The code is not one of this wallet's."),
    Reason.CODE_WITHDRAWN: marked("The code was withdrawn before it was used here."),
    Reason.CODE_SPENT: marked("The code was used before, maybe at another till."),
    Reason.OVER_CAP: marked("The amount is more than the code covers."),
    Reason.CURRENCY: marked("The code is in another currency."),
    Reason.DISTANCE: marked("The customer lives far from this shop."),
    Reason.DAILY_LIMIT: marked("The customer's limit for the day was passed."),
    Reason.RATE_LIMIT: marked("The customer paid too often within a short time."),
    Reason.PAYMENT_LIMIT: marked("The amount is above the limit for one payment."),
    Reason.STREAK: marked("Too many payments of this customer in a row without a connection."),
    Reason.TERMINAL_EXPOSURE: marked("The till had passed its offline limit."),
    Reason.STALE_BOOK: marked("The till had been without a connection for too long."),
    Reason.CLOCK: marked("The till's clock was off: look at its time and date."),
    Reason.LATE: marked("The payment reached the server late, when the code's money was free again."),
    Reason.BLOCKED: marked("The wallet or the shop was blocked."),
    Reason.FORK: marked("This till's journal has two versions: an admin must look at this till."),
    Reason.SPEED: marked("The customer paid at two places too far apart for the time between."),
    Reason.SCORE: marked("Several small things together look unusual."),
}


def because(reason: str) -> str:
    """The English sentence of a reason, for whoever shows it to look up; empty for one that this till does not know."""
    return _BECAUSE.get(reason, "")

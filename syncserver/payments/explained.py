"""Every reason in words, for whoever decides a flagged payment."""

from shared.reasons import Reason

_WORDS: dict[str, str] = {
    Reason.CODE_INVALID: "The code does not fit: it is unknown, its proof is wrong, or it was not valid any more.",
    Reason.CODE_WITHDRAWN: "The code was withdrawn after the till's book was made: the till could not know.",
    Reason.CODE_SPENT: "Another payment claimed this code first. The goods may have been handed out twice.",
    Reason.OVER_CAP: "The amount is more than the code covers.",
    Reason.CURRENCY: "Wallet, vendor and payment are not of one currency.",
    Reason.DISTANCE: "The terminal's place is further from the customer's home than the limits allow.",
    Reason.DAILY_LIMIT: "With this payment the customer's sum of that day is above the limit.",
    Reason.RATE_LIMIT: "The customer made too many payments within a short time.",
    Reason.PAYMENT_LIMIT: "The amount is above the limit for one payment.",
    Reason.STREAK: "The till took too many payments of this customer in a row without syncing.",
    Reason.TERMINAL_EXPOSURE: "The till had taken more than it may while it was not synced.",
    Reason.STALE_BOOK: "The till's book was too old: it sold by limits that had been replaced.",
    Reason.CLOCK: "The till's clock was wrong or stepped back.",
    Reason.LATE: "The payment was uploaded late, or its code's money had been given back meanwhile.",
    Reason.BLOCKED: "The wallet, the vendor or the device was blocked or revoked.",
    Reason.FORK: "The till's journal contradicts itself: it was copied, restored or altered.",
    Reason.SPEED: "The customer would have had to travel faster than the limits allow between two payments.",
    Reason.SCORE: "The risk score is high.",
}


def in_words(reason: str) -> str:
    """A reason as a sentence. A newer till may flag what this server has no words for."""
    return _WORDS.get(reason, "The till flagged this for a reason that this server does not know.")

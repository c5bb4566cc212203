"""What the console calls things that have a name of their own elsewhere: limits, causes of postings, who did something.

The names of docs/risk.md and of the commands stand beside the words wherever somebody may need them.
"""

from collections.abc import Mapping

# Each limit of a policy: what it is called, and what it does. In groups, as the editor shows them.
LIMITS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Amounts",
        (
            ("payment_limit", "Largest payment", "Of one payment."),
            ("daily_limit", "Most a customer pays in a day", "At all shops together, by UTC days."),
            ("exposure_limit", "Most a till takes between two syncs", "Then it sells no more until it has synced."),
            ("exposure_count", "Most payments between two syncs", "The same by number."),
        ),
    ),
    (
        "How often, how far",
        (
            ("rate_count", "Most payments of a customer in a row", "Within the seconds below."),
            ("rate_seconds", "Counted over (seconds)", "Of the limit above."),
            ("streak_warn", "Payments without a sync: warn", "Of one customer at one till."),
            ("streak_stop", "Payments without a sync: refuse", "Of one customer at one till."),
            ("radius_m", "Far from home from (metres)", "Whose home is nearer stands in the till's book."),
            ("speed_kmh", "Fastest journey (km/h)", "Between two payments of one customer."),
        ),
    ),
    (
        "How old",
        (
            ("book_hours", "A till's book (hours)", "With an older one it sells no more."),
            ("voucher_hours", "A voucher (hours)", "An older one is refused."),
            ("upload_hours", "A payment that arrives (hours)", "A later one is late."),
            ("clock_tolerance_s", "A till's clock may be wrong by (seconds)", ""),
        ),
    ),
    (
        "Risk score",
        (
            ("score_flag", "Flagged from", "0 to 100."),
            ("score_fail", "Failed from", "0 to 100."),
        ),
    ),
    (
        "Wrong codes until a lock",
        (
            ("guesses_sale", "In one sale", ""),
            ("guesses_customer_hour", "Of a customer in an hour", "At one till."),
            ("guesses_terminal_hour", "At a till in an hour", ""),
        ),
    ),
)
_NAMES = {name: label for _, group in LIMITS for name, label, _ in group} | {"loss_bearer": "Who bears a loss"}
_ACTION = "actions."
_UUID_LENGTH = 36
_CAUSES = {
    "funding": "paid in",
    "move": "moved",
    "issue": "codes issued",
    "release": "codes given back",
    "claim": "payment",
    "rest": "rest of a code",
    "approve": "approved",
    "reject": "rejected",
    "void": "voided",
    "pay": "paid online",
    "refund": "refund",
    "payout": "to be paid out",
    "paid": "paid out",
    "payout_back": "payout came back",
    "write_off": "written off",
    "take_back": "taken back",
}


def limit(name: str) -> str:
    """What a limit is called, or what is done for a reason (`actions.DISTANCE`)."""
    return f"Where a payment is {name.removeprefix(_ACTION)}" if name.startswith(_ACTION) else _NAMES.get(name, name)


def cause(name: str) -> str:
    """Why money moved."""
    return _CAUSES.get(name, name)


def who(actor: str | None, logins: Mapping[str, str]) -> str:
    """An actor as postings and the audit name them, by the login where it is an admin's.

    Args:
        actor: such as `admin 01932f8e-…`, `device 01932f8e…` or `cli root`; None where nobody did it.
        logins: of admins, by the texts of their ids.
    """
    before, comma, last = (actor or "-").rpartition(", ")
    if comma:  # such as `bank import, admin 01932f8e-…`
        return f"{before}, {who(last, logins)}"
    kind, _, name = last.partition(" ")
    if name in logins:
        return logins[name]
    if kind == "cli":
        return f"{name}, by a command"
    if kind == "device":
        return f"the till ({name[-12:]})"
    return f"{kind} {name[-12:]}" if len(name) == _UUID_LENGTH else last

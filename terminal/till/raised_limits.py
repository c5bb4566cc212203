"""Raising a limit of the till once, for one payment, by a supervisor's word."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from shared.reasons import Reason
from terminal.till.parts import Parts
from terminal.till.queries import SQL

# What a till refuses and the server only flags, so that an admin has the last word. What a server fails is nobody's to
# raise: nothing would be paid.
RAISABLE = frozenset({Reason.STREAK, Reason.TERMINAL_EXPOSURE, Reason.DAILY_LIMIT, Reason.RATE_LIMIT})


@dataclass(frozen=True, slots=True)
class Raised:
    """Whose word it was (an id), over what reasons, and when (ms)."""

    approver: str
    reasons: tuple[str, ...]
    at: int


def may_be_raised(reasons: Iterable[str]) -> bool:
    """Whether limits that a supervisor may raise are all that stands in the way."""
    found = set(reasons)
    return bool(found) and found <= RAISABLE


def keep_raised(parts: Parts, payment: bytes, raised: Raised) -> None:
    """Note whose word it was, in the transaction that adds the payment."""
    parts.store.execute(
        SQL["add_raised_limit"],
        {"payment": payment, "approver": raised.approver, "reasons": json.dumps(raised.reasons), "at": raised.at},
    )


def raised_for(parts: Parts, payment: bytes) -> Raised | None:
    """Whose word a payment was taken by, where a limit was raised for it."""
    row = parts.store.row(SQL["raised_limit"], {"payment": payment})
    return None if row is None else Raised(row["approver"], tuple(json.loads(row["reasons"])), row["at"])

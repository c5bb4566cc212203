"""What somebody looks for in the history: which query finds it, by the form of what was typed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import MoneyError
from shared.lifecycles import TillState
from shared.money import Money
from terminal.journal.device import read_device
from terminal.store.database import Store

Place = tuple[int, int]  # epoch and seq

_INDEXED_DIGITS = 4
_WALLET_DIGITS = 10
_ID_DIGITS = 32
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DIGITS = re.compile(rf"\d{{1,{_WALLET_DIGITS}}}", re.ASCII)
_AMOUNT = re.compile(r"\d+[.,]\d+", re.ASCII)
_ID = re.compile(r"[0-9a-f-]{1,36}", re.ASCII)
_STATES = {
    **{state.value.lower(): state for state in TillState},
    "settled": TillState.COMPLETED,
    "accepted": TillState.PENDING,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A query of till.sql by its name, and what it is asked with."""

    query: str
    values: dict[str, Any]


def read_search(text: str, store: Store) -> Found | None:
    """What a search asks for; None where nothing can be it.

    Raises:
        NotEnrolledError: where an amount has no currency yet.
    """
    word = text.strip().lower()
    if not word:
        return Found("page_of_all", {})
    if word in _STATES:
        state = _STATES[word]
        done = state is TillState.COMPLETED
        return Found("page_of_completed", {}) if done else Found("page_by_state", {"state": state.value})
    if _DAY.fullmatch(word):
        return _day(word)
    if _AMOUNT.fullmatch(word):
        return _amount(word, store)
    if _DIGITS.fullmatch(word):
        return _digits(word)
    return _id(word) if _ID.fullmatch(word) else None


def _day(word: str) -> Found | None:
    try:
        begins = datetime.strptime(word, "%Y-%m-%d").replace(tzinfo=UTC)
        ends = begins + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    since, until = (int(moment.timestamp()) * 1_000 for moment in (begins, ends))
    return Found("page_by_time", {"since": since, "until": until})


def _amount(word: str, store: Store) -> Found | None:
    try:
        amount = Money.parse(word, read_device(store).currency)
    except MoneyError:
        return None
    return Found("page_by_amount", {"amount": amount.minor})


def _digits(word: str) -> Found:
    pattern = f"%{word}"
    if len(word) < _INDEXED_DIGITS:
        return Found("page_by_few_digits", {"pattern": pattern})
    # Digits alone may also be how an id begins.
    return Found("page_by_digits", {"last": word[-_INDEXED_DIGITS:], "pattern": pattern, **_bounds(word)})


def _id(word: str) -> Found | None:
    digits = word.replace("-", "")
    return Found("page_by_id", _bounds(digits)) if digits and len(digits) <= _ID_DIGITS else None


def _bounds(digits: str) -> dict[str, bytes]:
    """The lowest and the highest id that begins with these hexadecimal digits."""
    return {
        "low": bytes.fromhex(digits.ljust(_ID_DIGITS, "0")),
        "high": bytes.fromhex(digits.ljust(_ID_DIGITS, "f")),
    }

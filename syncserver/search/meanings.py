"""What a few typed characters say by their form alone: an amount, a day, the end of an id. Pure."""

import re
from collections.abc import Iterable
from datetime import date

from shared.errors import CurrencyError, MoneyError
from shared.money import Money

_AMOUNT = re.compile(r"([A-Z]{3})?\s?(\d[\d ]*(?:[.,]\d+)?)\s?([A-Z]{3})?", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DAY = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})", re.ASCII)
_END = re.compile(r"[0-9a-f]{4,12}", re.ASCII)
# So short and without a digit it is rather a word.
_SHORT = 6


def amounts_of(text: str, currencies: Iterable[str]) -> list[Money]:
    """The amounts that a text may mean: of the currency that it names, or with decimals of each of some currencies."""
    match = _AMOUNT.fullmatch(text.strip().upper())
    if match is None or (match[1] and match[3]):
        return []
    number, named = match[2].replace(" ", ""), match[1] or match[3]
    if not named and number.isdigit():
        return []
    found = []
    for currency in [named] if named else currencies:
        try:
            found.append(Money.parse(number, currency))
        except (CurrencyError, MoneyError):
            continue
    return found


def day_of(text: str) -> date | None:
    """The day that a text is: 2026-11-21, or with the day first 21.11.2026 and 21/11/2026."""
    if match := _ISO_DAY.fullmatch(text):
        year, month, day = match.groups()
    elif match := _DAY.fullmatch(text):
        day, _, month, year = match.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def end_of_id(text: str) -> str | None:
    """How an id may end, in its hexadecimal digits: what a page shows of it, or somebody reads out."""
    digits = text.lower().lstrip("*.…").replace("-", "")
    if not _END.fullmatch(digits) or (len(digits) < _SHORT and digits.isalpha()):
        return None
    return digits

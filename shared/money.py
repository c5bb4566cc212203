"""Money: integer minor units beside an ISO 4217 code, and the texts that people read and write."""

import re
from dataclasses import dataclass

from shared.currencies import CURRENCIES, MINOR_DIGITS
from shared.errors import CurrencyError, MoneyError

MAX_AMOUNT = 2**53 - 1
_AMOUNT = re.compile(r"(\d{1,16})(?:[.,](\d{1,4}))?", re.ASCII)


def minor_digits(currency: str) -> int:
    """How many decimal digits a currency's minor unit has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD.

    Raises:
        CurrencyError: where the code is none.
    """
    if currency not in CURRENCIES:
        raise CurrencyError("{currency!r} is no ISO 4217 currency code", currency=currency[:8])
    return MINOR_DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units, zero or more, and its currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        if type(self.minor) is not int or not 0 <= self.minor <= MAX_AMOUNT:
            raise MoneyError

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """The amount that a text such as 12.50 names; never through a float.

        Raises:
            MoneyError: where the text is no amount, has too many decimals for the currency, or is too large.
        """
        digits = minor_digits(currency)
        match = _AMOUNT.fullmatch(text.strip())
        if match is None or len(match[2] or "") > digits:
            raise MoneyError(
                "{text!r} is no amount of {currency} (at most {digits} decimals)",
                text=text[:40],
                currency=currency,
                digits=digits,
            )
        return cls(int(match[1]) * 10**digits + int((match[2] or "").ljust(digits, "0") or "0"), currency)

    def __str__(self) -> str:
        return f"{format_minor(self.minor, self.currency)} {self.currency}"


def format_minor(minor: int, currency: str) -> str:
    """Minor units as people read them, without the currency: 1250 EUR is 12.50. Differences may be negative."""
    digits = minor_digits(currency)
    sign, whole = "-" if minor < 0 else "", abs(minor)
    if digits == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}d}"

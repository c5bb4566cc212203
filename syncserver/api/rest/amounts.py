"""Amounts in requests and answers: never a JSON float."""

import msgspec

from shared.errors import MoneyError
from shared.money import Money, format_minor

# "12.50" in the currency's own decimals, or an integer of minor units.
Amount = str | int


class Sum(msgspec.Struct, frozen=True, rename="camel"):
    """An amount of money: minor units, its currency (ISO 4217), and the same as a text with the currency's decimals."""

    minor: int
    currency: str
    text: str

    @classmethod
    def of(cls, minor: int, currency: str) -> "Sum":
        """An amount to answer with."""
        return cls(minor, currency, format_minor(minor, currency))


def money_of(amount: Amount, currency: str) -> Money:
    """The money that a request names.

    Raises:
        MoneyError: it is none in this currency, or zero.
    """
    money = Money.parse(amount, currency) if isinstance(amount, str) else Money(amount, currency)
    if money.minor == 0:
        raise MoneyError("an amount of 0 moves nothing")
    return money

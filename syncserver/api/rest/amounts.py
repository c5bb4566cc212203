"""Amounts in requests and answers: never a JSON float."""

from typing import Annotated

import msgspec
from msgspec import Meta

from shared.errors import MoneyError
from shared.money import MAX_AMOUNT, Money, format_minor

# "12.50" in the currency's own decimals, or an integer of minor units. Of what it may be the document alone is told;
# `money_of` checks it.
Amount = (
    Annotated[str, Meta(extra_json_schema={"pattern": r"^\d{1,16}([.,]\d{1,4})?$", "examples": ["12.50"]})]
    | Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_AMOUNT, "examples": [1250]})]
)


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


class WaitingForAnother(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="waiting"):
    """Nothing moved: so much needs a second admin, who has to ask for the very same."""

    amounts: list[Sum]

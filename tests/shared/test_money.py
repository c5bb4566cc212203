"""Money is whole minor units, read from text and written as text without a float between."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.currencies import CURRENCIES, MINOR_DIGITS
from shared.errors import CurrencyError, MoneyError
from shared.money import MAX_AMOUNT, Money, format_minor, minor_digits


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("12.50", "EUR", 1250, "12.50 EUR"),
        ("12,5", "EUR", 1250, "12.50 EUR"),
        ("  12 ", "EUR", 1200, "12.00 EUR"),
        ("0.01", "EUR", 1, "0.01 EUR"),
        ("0", "EUR", 0, "0.00 EUR"),
        ("1250", "JPY", 1250, "1250 JPY"),
        ("12.5", "KWD", 12_500, "12.500 KWD"),
        ("0.001", "KWD", 1, "0.001 KWD"),
        ("90071992547409.91", "EUR", MAX_AMOUNT, "90071992547409.91 EUR"),
    ],
)
def test_amounts_are_read_and_shown(text: str, currency: str, minor: int, shown: str) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)
    assert str(Money(minor, currency)) == shown


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "EUR"),
        ("12.505", "EUR"),
        ("1.0", "JPY"),
        ("1.0001", "KWD"),
        ("-1", "EUR"),
        ("+1", "EUR"),
        ("1e2", "EUR"),
        ("1.", "EUR"),
        (".5", "EUR"),
        ("1 000", "EUR"),
        ("1.000,00", "EUR"),
        ("0x10", "EUR"),
        ("nan", "EUR"),
        ("١٢", "EUR"),
        ("90071992547409.92", "EUR"),
        ("99999999999999999", "EUR"),
    ],
)
def test_texts_that_are_no_amount_are_refused(text: str, currency: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(text, currency)


@given(st.integers(0, MAX_AMOUNT), st.sampled_from(sorted(CURRENCIES)))
def test_what_is_shown_is_read_again(minor: int, currency: str) -> None:
    assert Money.parse(format_minor(minor, currency), currency) == Money(minor, currency)


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_shown_is_the_exact_decimal(minor: int, currency: str) -> None:
    assert Decimal(format_minor(minor, currency)) * 10 ** minor_digits(currency) == minor


@pytest.mark.parametrize("minor", [-1, MAX_AMOUNT + 1, 12.5, 12.0, True])
def test_nothing_but_a_whole_number_from_zero_is_an_amount(minor: int) -> None:
    with pytest.raises(MoneyError):
        Money(minor, "EUR")


def test_currencies_are_three_capitals_and_odd_minor_units_are_among_them() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES)
    assert set(MINOR_DIGITS) <= CURRENCIES
    assert (minor_digits("EUR"), minor_digits("JPY"), minor_digits("KWD")) == (2, 0, 3)
    with pytest.raises(CurrencyError):
        minor_digits("XYZ")

"""Creditor references (ISO 11649) that name a wallet: `RF`, two check digits, the wallet's number."""

import re
from collections.abc import Iterable, Iterator

from shared.ids import WALLET_DIGITS, is_wallet_number

# A reference has 21 characters at most behind its check digits; banks fill it up with zeros on the left.
_MOST_ZEROS = 21 - WALLET_DIGITS
_START = re.compile(r"(?<![0-9A-Z])RF(?=[ -]?[0-9])")
_DIGITS = frozenset("0123456789")
_LETTERS_RF = "2715"  # R is 27, F is 15


def check_digits(digits: str) -> str:
    """The check digits of a reference of decimal digits: 98 - (digits RF 00 mod 97), by ISO 7064 MOD 97-10."""
    return f"{98 - int(digits + _LETTERS_RF + '00') % 97:02}"


def reference_of(wallet: str) -> str:
    """What a customer writes on a transfer to this wallet."""
    return f"RF{check_digits(wallet)}{wallet}"


def printed(reference: str) -> str:
    """A reference in groups of four, as ISO 11649 has it on paper."""
    return " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))


def wallets_named(texts: Iterable[str]) -> frozenset[str]:
    """The wallets that the references in some texts name, wherever they stand, in groups or not, in either case."""
    found: set[str] = set()
    # A bank may break a text anywhere: a blank between two parts does no harm to a reference.
    text = " ".join(" ".join(texts).upper().split())
    for start in _START.finditer(text):
        found.update(_wallets_at(text[start.end() : start.end() + 64]))
    return frozenset(found)


def _wallets_at(tail: str) -> Iterator[str]:
    digits, ends = _leading_digits(tail)
    for zeros in range(_MOST_ZEROS + 1):
        end = 2 + zeros + WALLET_DIGITS
        wallet = digits[end - WALLET_DIGITS : end]
        filled = not digits[2 : 2 + zeros].strip("0")
        if filled and end in ends and is_wallet_number(wallet) and digits[:2] == check_digits(wallet):
            yield wallet


def _leading_digits(tail: str) -> tuple[str, set[int]]:
    """The digits that a text begins with, and after how many of them a reference may end."""
    digits, ends = "", set()
    for position, character in enumerate(tail):
        if character in _DIGITS:
            digits += character
            after = tail[position + 1 : position + 2]
            if not (after.isascii() and after.isalnum()):
                ends.add(len(digits))
        elif character not in " -":
            break
    return digits, ends

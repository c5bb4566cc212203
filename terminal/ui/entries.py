"""What is typed, key by key: amounts, wallet numbers, codes, PINs. Pure: a key makes another entry, or is refused."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

from shared.codes import ALPHABET, CODE_SYMBOLS, grouped, map_symbols
from shared.ids import WALLET_DIGITS, is_wallet_number
from shared.money import Money, format_minor
from terminal.texts import _

# 9 digits: far above any limit of a payment, far below what an amount may be.
_AMOUNT_DIGITS = 9
_PIN_DIGITS = 12
_WALLET_GROUPS = (4, 4, 2)


class Entry(Protocol):
    """One thing that is being typed."""

    def typed(self, character: str) -> Self | None:
        """With one more key, or None where that key has no place in it."""

    def erased(self) -> Self:
        """Without the last key."""

    @property
    def shown(self) -> str:
        """As the screen shows it."""

    @property
    def complete(self) -> bool:
        """Whether it can be confirmed."""

    @property
    def problem(self) -> str:
        """What is wrong with it, in words; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class AmountEntry:
    """An amount, typed as on a till: the digits of its minor units, the point finds its own place."""

    currency: str
    minor: int = 0

    def typed(self, character: str) -> "AmountEntry | None":
        """A digit; a point stands for two zeros, as the 00 key of a till."""
        digits = "00" if character in ".," else character
        if not (digits.isascii() and digits.isdigit()):
            return None
        minor = int(f"{self.minor}{digits}")
        return replace(self, minor=minor) if minor < 10**_AMOUNT_DIGITS else None

    def erased(self) -> "AmountEntry":
        """Without the last digit."""
        return replace(self, minor=self.minor // 10)

    @property
    def shown(self) -> str:
        """Such as 12.50 EUR."""
        return f"{format_minor(self.minor, self.currency)} {self.currency}"

    @property
    def complete(self) -> bool:
        """Nothing is no amount."""
        return self.minor > 0

    @property
    def problem(self) -> str:
        """An amount is always one."""
        return ""

    @property
    def money(self) -> Money:
        """The amount."""
        return Money(self.minor, self.currency)


@dataclass(frozen=True, slots=True)
class WalletEntry:
    """A wallet number: ten digits, the last of which checks the others (Luhn)."""

    digits: str = ""

    def typed(self, character: str) -> "WalletEntry | None":
        """A digit."""
        if not (character.isascii() and character.isdigit()) or len(self.digits) == WALLET_DIGITS:
            return None
        return replace(self, digits=self.digits + character)

    def erased(self) -> "WalletEntry":
        """Without the last digit."""
        return replace(self, digits=self.digits[:-1])

    @property
    def shown(self) -> str:
        """In groups, as it stands on the customer's card."""
        rest, parts = self.digits, []
        for width in _WALLET_GROUPS:
            parts.append(rest[:width])
            rest = rest[width:]
        return " ".join(part for part in parts if part)

    @property
    def complete(self) -> bool:
        """All digits are there, and they fit."""
        return is_wallet_number(self.digits)

    @property
    def problem(self) -> str:
        """Ten digits that do not fit: one was mistyped, or two were swapped."""
        if len(self.digits) == WALLET_DIGITS and not self.complete:
            return _("This wallet number is mistyped: check its digits.")
        return ""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """A one-time code: eight symbols, shown 4-4; O, I and L are read as 0, 1 and 1."""

    symbols: str = ""

    def typed(self, character: str) -> "CodeEntry | None":
        """A symbol; hyphens and spaces do not matter."""
        if character in "- ":
            return self
        symbol = map_symbols(character)
        if symbol not in ALPHABET or not symbol or len(self.symbols) == CODE_SYMBOLS:
            return None
        return replace(self, symbols=self.symbols + symbol)

    def erased(self) -> "CodeEntry":
        """Without the last symbol."""
        return replace(self, symbols=self.symbols[:-1])

    @property
    def shown(self) -> str:
        """Such as 7KQ2-M9XD."""
        return grouped(self.symbols) if len(self.symbols) > CODE_SYMBOLS // 2 else self.symbols

    @property
    def complete(self) -> bool:
        """All eight are there."""
        return len(self.symbols) == CODE_SYMBOLS

    @property
    def problem(self) -> str:
        """Whether it fits is the till's to say."""
        return ""

    def __repr__(self) -> str:
        return f"CodeEntry({len(self.symbols)} symbols)"


@dataclass(frozen=True, slots=True)
class PinEntry:
    """A PIN, which no screen ever shows."""

    digits: str = ""

    def typed(self, character: str) -> "PinEntry | None":
        """A digit."""
        if not (character.isascii() and character.isdigit()) or len(self.digits) == _PIN_DIGITS:
            return None
        return replace(self, digits=self.digits + character)

    def erased(self) -> "PinEntry":
        """Without the last digit."""
        return replace(self, digits=self.digits[:-1])

    @property
    def shown(self) -> str:
        """A star for each digit."""
        return "*" * len(self.digits)

    @property
    def complete(self) -> bool:
        """Something was typed; whether it fits costs a guess."""
        return bool(self.digits)

    @property
    def problem(self) -> str:
        """Whether it fits is the till's to say."""
        return ""

    def __repr__(self) -> str:
        return f"PinEntry({len(self.digits)} digits)"

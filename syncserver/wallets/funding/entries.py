"""Entries of bank statements, and what makes one the same entry in another file: pure.

A bank's own reference of an entry (*strong*) is its alone. Where there is none, the entry is known by all of its facts
and its place among those of the same facts in its statement: the second of two equal ones is the second of them in an
overlapping statement too. That asks for statements of whole days.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.errors import MoneyError
from shared.money import Money, minor_digits
from syncserver.wallets.funding.errors import StatementError
from syncserver.wallets.funding.references import wallets_named

MOST_ENTRIES = 200_000
MOST_TEXT = 1_000
_XML_DECIMAL = re.compile(r"\+?(\d{1,16})\.(\d{1,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """One transaction of an entry, mostly its only one: how much, who paid, what for.

    `end_to_end` is what whoever paid called it, empty where nobody did; `why_returned` a bank's word for a return.
    """

    money: Money
    payer: str = ""
    texts: tuple[str, ...] = ()
    # A payment of ours that came back, or a credit that is taken back.
    reversal: bool = False
    end_to_end: str = ""
    why_returned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One booked entry of a statement of `account`; its parts add up to it.

    Attributes:
        key: what makes it the same entry in another file.
        statement: which of its file's.
        whole: False for a batch that can't be taken apart.
    """

    account: str
    key: bytes
    statement: int
    reference: str | None
    strong: bool
    booked_on: date
    money: Money
    credit: bool
    reversal: bool
    parts: tuple[Part, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """All that a file says. `pending` entries are not booked yet and come again; `empty` ones are of no money."""

    file: bytes
    format: str
    entries: Sequence[Entry]
    pending: int
    empty: int

    @property
    def accounts(self) -> frozenset[str]:
        """Whose statements they are."""
        return frozenset(entry.account for entry in self.entries)


@dataclass(slots=True)
class Keys:
    """Gives each entry its key, file by file; `occurrences` counts those of the same facts in one statement."""

    statement: int = 0
    occurrences: Counter[bytes] = field(default_factory=Counter)

    def next_statement(self) -> None:
        """Another statement begins."""
        self.statement += 1
        self.occurrences.clear()

    def entry(
        self,
        account: str,
        reference: str | None,
        booked_on: date,
        money: Money,
        parts: Sequence[Part],
        *,
        strong: bool,
        credit: bool,
        reversal: bool,
        whole: bool = True,
    ) -> Entry:
        """The next entry, with its key."""
        key = self._key_of(account, reference, booked_on, money, parts, strong=strong, credit=credit, reversal=reversal)
        return Entry(
            account=account,
            key=key,
            statement=self.statement,
            reference=reference,
            strong=strong,
            booked_on=booked_on,
            money=money,
            credit=credit,
            reversal=reversal,
            parts=tuple(parts),
            whole=whole,
        )

    def _key_of(
        self,
        account: str,
        reference: str | None,
        booked_on: date,
        money: Money,
        parts: Sequence[Part],
        *,
        strong: bool,
        credit: bool,
        reversal: bool,
    ) -> bytes:
        """The key of the next entry."""
        facts = [
            "strong" if strong else "weak",
            account,
            reference or "",
            booked_on.isoformat(),
            str(money.minor),
            money.currency,
            f"{credit:d}{reversal:d}",
        ]
        if strong:
            return _digest(facts)
        facts += [text for part in parts for text in (str(part.money.minor), part.payer, *part.texts)]
        alike = _digest(facts)
        self.occurrences[alike] += 1
        return _digest([alike.hex(), str(self.occurrences[alike])])


def _digest(facts: Sequence[str]) -> bytes:
    return hashlib.sha256(b"".join(_framed(fact.encode()) for fact in facts)).digest()


def _framed(fact: bytes) -> bytes:
    """With its length, so that two facts never read like two others."""
    return len(fact).to_bytes(4) + fact


def clean(text: str) -> str:
    """A text of a bank's as it is kept: one line, printable, bounded."""
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())[:MOST_TEXT]


def wallets_of(part: Part) -> frozenset[str]:
    """The wallets that a transaction's references name."""
    return wallets_named(part.texts)


def xml_money(text: str, currency: str) -> Money:
    """An xs:decimal, whose point is a decimal point: zeros that the currency has no place for change nothing.

    Raises:
        MoneyError: it is no amount of this currency.
    """
    match = _XML_DECIMAL.fullmatch(text.strip())
    if match is None:
        return Money.parse(text.strip().removeprefix("+"), currency)
    decimals = match[2].rstrip("0")
    if len(decimals) > minor_digits(currency):
        raise MoneyError(f"{text[:40]!r} has more decimals than {currency}")
    return Money.parse(f"{match[1]}.{decimals}" if decimals else match[1], currency)


def account_of(text: str) -> str:
    """A bank account's number without its blanks, in capitals.

    Raises:
        StatementError: it is none.
    """
    account = "".join(text.split()).replace("-", "").upper()
    if not 1 <= len(account) <= 34 or not (account.isascii() and account.isalnum()):  # noqa: PLR2004 - as ISO 20022 has it
        raise StatementError(f"{text[:40]!r} is no bank account")
    return account

"""Bank statements as CSV: a line of names, then a line an entry. Comma, semicolon or tab; UTF-8, a BOM does no harm.

Names: `date` (2026-11-21 or 21.11.2026), `amount` (12.50 or 12,50; a minus is a debit), `currency`; and, where there
are any, `account`, `bank_reference` (the bank's own, of this entry alone), `creditor_reference`, `text`, `payer`,
`direction` (C or D, CRDT or DBIT), `status` (BOOK or PDNG), `reversal` (true or false), `end_to_end` (of a payment of
ours). Others are not looked at.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date

from shared.errors import MoneyError
from shared.money import Money
from syncserver.wallets.funding.entries import MOST_ENTRIES, Entry, Keys, Part, Statement, account_of, clean
from syncserver.wallets.funding.errors import StatementError
from syncserver.wallets.funding.references import wallets_named

FORMAT = "csv"
_NEEDED = ("date", "amount", "currency")
_MOST_COLUMNS = 100
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_GERMAN_DAY = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})", re.ASCII)
_CREDIT = {"c": True, "crdt": True, "credit": True, "d": False, "dbit": False, "debit": False}
_BOOKED = {"": True, "book": True, "booked": True, "pdng": False, "pending": False}
_FLAGS = {"": False, "false": False, "0": False, "no": False, "true": True, "1": True, "yes": True}


def read(data: bytes, file: bytes, account: str | None) -> Statement:
    """What a file says; `file` is its SHA-256, `account` whose statement it is, where no column names it.

    Raises:
        StatementError: it is no such file, or says what can't be.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementError("this file is not UTF-8") from error
    rows = _rows(text)
    names = _names(next(rows, (1, []))[1])
    reading = _Reading(names, account)
    for number, (line, cells) in enumerate(rows):
        if number == MOST_ENTRIES:
            raise StatementError(f"a file has at most {MOST_ENTRIES:,} entries")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            raise StatementError(f"line {line}: {len(cells)} cells, and {len(names)} names above")
        try:
            reading.row(dict(zip(names, (cell.strip() for cell in cells), strict=True)))
        except (StatementError, MoneyError, ValueError) as error:
            raise StatementError(f"line {line}: {error}") from error
    return Statement(file, FORMAT, reading.entries, reading.pending, reading.empty)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise StatementError(f"line {reader.line_num}: {error}") from error


def _names(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in _NEEDED if name not in names]
    if missing or len(names) > _MOST_COLUMNS:
        raise StatementError(f"the first line has to name {', '.join(_NEEDED)}")
    known = [name for name in names if name]
    if len(set(known)) != len(known):
        raise StatementError("the first line has a name twice")
    return names


class _Reading:
    """A file as it is read: the entries so far."""

    def __init__(self, names: list[str], account: str | None) -> None:
        self.keys = Keys()
        self.keys.next_statement()
        self.entries: list[Entry] = []
        self.pending = 0
        self.empty = 0
        self._account = account_of(account) if account else None
        self._has_account = "account" in names

    def row(self, cells: dict[str, str]) -> None:
        if not _word(_BOOKED, cells, "status"):
            self.pending += 1
            return
        minus, money = _signed(cells["amount"], cells["currency"].upper())
        credit = not minus
        if direction := cells.get("direction", ""):
            credit = _word(_CREDIT, cells, "direction")
            if minus and credit:
                raise StatementError(f"{direction!r} with an amount below zero")
        if money.minor == 0:
            self.empty += 1
            return
        account = self._account_of(cells)
        booked_on = _day(cells["date"])
        reversal = _word(_FLAGS, cells, "reversal")
        reference = clean(cells.get("bank_reference", ""))[:64] or None
        texts = tuple(text for name in ("creditor_reference", "text") if (text := cells.get(name, "")))
        if reference is not None and wallets_named([reference]):
            # A customer's, which comes with each of their payments, where the bank's own was asked for.
            texts, reference = (*texts, reference), None
        called = clean(cells.get("end_to_end", ""))[:35]
        parts = (Part(money, clean(cells.get("payer", ""))[:140], texts, end_to_end=called),)
        strong = reference is not None
        self.entries.append(
            self.keys.entry(
                account,
                reference,
                booked_on,
                money,
                parts,
                strong=strong,
                credit=credit,
                reversal=reversal,
            )
        )

    def _account_of(self, cells: dict[str, str]) -> str:
        if not self._has_account:
            if self._account is None:
                raise StatementError("no column names the account: say which one it is")
            return self._account
        account = account_of(cells["account"])
        if self._account not in (None, account):
            raise StatementError(f"this is an entry of {account}")
        return account


def _word(words: dict[str, bool], cells: dict[str, str], name: str) -> bool:
    value = cells.get(name, "").lower()
    if value not in words:
        raise StatementError(f"{value[:20]!r} is no {name}")
    return words[value]


def _signed(text: str, currency: str) -> tuple[bool, Money]:
    """Whether an amount is below zero, and the amount. Thousands are not separated: 1.000 may be meant as either."""
    minus = text.startswith("-")
    return minus, Money.parse(text[1:] if minus or text.startswith("+") else text, currency)


def _day(text: str) -> date:
    if match := _GERMAN_DAY.fullmatch(text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    if not _DAY.fullmatch(text):
        raise StatementError(f"{text[:20]!r} is no day, such as 2026-11-21")
    return date.fromisoformat(text)

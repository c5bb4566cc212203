"""A file of sales (CSV): each row a sale of its own, and one broken row never stops the rest."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from shared.errors import TallystickError
from shared.geo import Place
from shared.money import Money
from terminal.clock import Clock, ReplayClock
from terminal.errors import InputError, SalesFileError
from terminal.texts import system_words
from terminal.till.sale_request import SaleRequest

COLUMNS = ("wallet", "code", "voucher", "amount", "time", "place")
_NEEDED = ("amount", "code")
# Nothing that a row may hold is longer than a voucher; a cell of more is an unclosed quote, or an attack.
_MOST_CELL = 8_192
_AHEAD_MS = 300_000


@dataclass(frozen=True, slots=True)
class SalesRow:
    """One row, counted from 1 after the header: a sale, or why it can't be one."""

    number: int
    request: SaleRequest | None
    problem: TallystickError | None = None


def read_sales(path: Path, currency: str, clock: Clock) -> Iterator[SalesRow]:
    """Read a file row by row, however long it is; the header is checked before the first row is given.

    Args:
        path: a CSV file (UTF-8) whose first row names its columns, some of `COLUMNS`.
        currency: what the amounts are in.
        clock: by which a row's `time` is turned back.

    Raises:
        SalesFileError: where the file can't be read, or its header names other columns.
    """
    try:
        # What is not UTF-8 is marked, and makes its own row a broken one.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from _rows(file, currency, clock)
    except OSError as error:
        raise SalesFileError("{path} can't be read: {why}", path=path, why=system_words(error)) from error


def _rows(file: TextIO, currency: str, clock: Clock) -> Iterator[SalesRow]:
    before = csv.field_size_limit(_MOST_CELL)
    try:
        reader = csv.reader(file)
        header = _header(reader)
        number = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield SalesRow(number, None, SalesFileError("no CSV: {why}", why=str(error)))
                continue
            if cells:
                number += 1
                yield _row(number, header, cells, currency, clock)
    finally:
        csv.field_size_limit(before)


def _header(reader: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        header = tuple(cell.strip().lower() for cell in next(reader))
    except StopIteration:
        raise SalesFileError("the file is empty: its first row names the columns") from None
    except csv.Error as error:
        raise SalesFileError("this is no CSV file: {why}", why=str(error)) from None
    unknown = [column for column in header if column not in COLUMNS]
    if unknown:
        raise SalesFileError(
            "unknown column {column!r}: the columns are {columns}", column=unknown[0][:40], columns=", ".join(COLUMNS)
        )
    if len(set(header)) != len(header):
        raise SalesFileError("a column is named twice")
    missing = [column for column in _NEEDED if column not in header]
    if missing or not {"wallet", "voucher"} & set(header):
        raise SalesFileError("the columns amount, code, and wallet or voucher are needed")
    return header


def _row(number: int, header: Sequence[str], cells: Sequence[str], currency: str, clock: Clock) -> SalesRow:
    if len(cells) != len(header):
        return SalesRow(
            number, None, SalesFileError("{cells} cells for {columns} columns", cells=len(cells), columns=len(header))
        )
    try:
        for cell in cells:
            cell.encode()
        return SalesRow(number, _request(dict(zip(header, cells, strict=True)), currency, clock))
    except UnicodeEncodeError:
        return SalesRow(number, None, SalesFileError("not UTF-8"))
    except TallystickError as error:
        return SalesRow(number, None, error)


def _request(row: Mapping[str, str], currency: str, clock: Clock) -> SaleRequest:
    time, place = row.get("time", "").strip(), row.get("place", "").strip()
    return SaleRequest(
        amount=Money.parse(row["amount"], currency),
        code=row["code"],
        wallet=row.get("wallet", "").strip() or None,
        # Base45 has a space of its own: a voucher is taken as it stands.
        voucher=row.get("voucher") or None,
        clock=_replayed(time, clock) if time else None,
        place=_place(place) if place else None,
    )


def _replayed(text: str, clock: Clock) -> Clock:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("{text!r} is no time (like 2026-11-21T10:30:00Z)", text=text[:40]) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        milliseconds = int(moment.timestamp() * 1_000)
    except (OverflowError, ValueError):
        raise InputError("{text!r} is out of range", text=text[:40]) from None
    if milliseconds < 0:
        raise InputError("{text!r} is out of range", text=text[:40])
    if milliseconds > clock.now() + _AHEAD_MS:
        raise InputError("{text!r} lies in the future", text=text[:40])
    return ReplayClock.at(milliseconds, clock)


def _place(text: str) -> Place:
    lat, comma, lon = text.partition(",")
    if not comma:
        raise InputError("{text!r} is no place (like 59.437,24.7536)", text=text[:40])
    return Place.from_degrees(lat.strip(), lon.strip())

"""A wallet's statement: each transfer with the balances after it, and the same as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.fields import MAX_INTEGER
from shared.ids import uuid_text
from shared.money import format_minor
from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none
from syncserver.wallets.accounts import QUERIES
from syncserver.wallets.errors import StatementTooLongError

ROWS_OF_PAGE = 200
ROWS_OF_FILE = 10_000
_BALANCES = ("online", "offline", "held", "in_review")
# What a spreadsheet takes for a formula where a cell begins with it, full-width forms included; and a cell may begin
# where another separator than the comma is the custom.
_FORMULA = re.compile(r"(^|[;,|\t\r\n\"])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer from an account to another, and what the wallet had after it; minor units, `at` in ms."""

    number: int
    at: int
    cause: str
    debit: str
    credit: str
    amount: int
    online: int
    offline: int
    held: int
    in_review: int
    payment: bytes | None
    series: bytes | None
    vendor: bytes | None
    vendor_name: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """From a time on, until another: ms, the second is not in it any more."""

    since: int = 0
    until: int = MAX_INTEGER


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines, the newest first; `more` says whether there are older ones of the period."""

    lines: tuple[Line, ...]
    more: bool


async def read_lines(
    connection: Connection, wallet: str, period: Period, *, below: int = MAX_INTEGER, limit: int = ROWS_OF_PAGE
) -> Lines:
    """Some of what moved in a wallet in a period, the newest first.

    Balances are those after each transfer in the order of their numbers, whatever else of the wallet is not in the
    period. One statement reads it all, so that no transfer comes between.

    Args:
        connection: any.
        wallet: its number.
        period: which transfers.
        below: the number of the last line of the page before.
        limit: how many lines at most.
    """
    rows = await connection.fetch(QUERIES["statement_page"], wallet, below, period.since, period.until, limit + 1)
    lines = [
        Line(
            number=row["number"],
            at=row["at"],
            cause=row["cause"],
            debit=row["debit"],
            credit=row["credit"],
            amount=row["amount"],
            online=row["online"],
            offline=row["offline"],
            held=row["held"],
            in_review=row["review"],
            payment=id_or_none(row["payment"]),
            series=id_or_none(row["series"]),
            vendor=id_or_none(row["vendor"]),
            vendor_name=row["vendor_name"],
        )
        for row in rows[:limit]
    ]
    return Lines(tuple(lines), len(rows) > limit)


async def read_whole(connection: Connection, wallet: str, period: Period) -> Sequence[Line]:
    """All that moved in a wallet in a period, the newest first, at most ten thousand lines.

    Raises:
        StatementTooLongError: there is more; a file that leaves something out without a word is worse than none.
    """
    found = await read_lines(connection, wallet, period, limit=ROWS_OF_FILE)
    if found.more:
        raise StatementTooLongError
    return found.lines


def to_csv(lines: Iterable[Line], currency: str) -> str:
    """Lines as CSV (RFC 4180): amounts as minor units and as text, times in ISO 8601 (UTC)."""
    file = io.StringIO()
    writer = csv.writer(file)
    amounts = [name for part in ("amount", *_BALANCES) for name in (f"{part}_minor", part)]
    writer.writerow(
        ["number", "at", "cause", "from", "to", "currency", *amounts, "payment", "series", "vendor", "vendor_name"]
    )
    for line in lines:
        sums = [
            cell
            for minor in (line.amount, line.online, line.offline, line.held, line.in_review)
            for cell in (minor, format_minor(minor, currency))
        ]
        ids = [uuid_text(one) if one is not None else "" for one in (line.payment, line.series, line.vendor)]
        at = datetime.fromtimestamp(line.at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        name = harmless(line.vendor_name or "")
        writer.writerow([line.number, at, line.cause, line.debit, line.credit, currency, *sums, *ids, name])
    return file.getvalue()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before what would begin one."""
    return _FORMULA.sub(r"\1'", text)

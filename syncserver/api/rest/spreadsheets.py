"""Lists as CSV that a spreadsheet opens without running anything."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence

from starlette.responses import Response, StreamingResponse

from syncserver.wallets.statement import harmless

CSV = "text/csv"
NEXT_CURSOR = "X-Next-Cursor"
# A number below zero is no formula.
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


# One row of a list, as texts and numbers.
Row = Sequence[str | int | None]


def csv_answer(name: str, columns: Sequence[str], rows: Iterable[Row], following: str | None) -> Response:
    """A file of rows (RFC 4180), with the cursor of the next page in a header where there is one."""
    headers = _headers(name)
    if following is not None:
        headers[NEXT_CURSOR] = following
    text = _lines([columns, *([_cell(value) for value in row] for row in rows)])
    return Response(text, media_type=CSV, headers=headers)


def _cell(value: str | int | None) -> str:
    text = "" if value is None else str(value)
    return text if _NUMBER.fullmatch(text) else harmless(text)


def csv_stream(name: str, columns: Sequence[str], pages: AsyncIterator[Iterable[Row]]) -> Response:
    """A file of all rows of a list, however many: a page is read while the one before it is on its way."""

    async def lines() -> AsyncIterator[str]:
        yield _lines([columns])
        async for page in pages:
            yield _lines([_cell(value) for value in row] for row in page)

    return StreamingResponse(lines(), media_type=CSV, headers=_headers(name))


def _lines(rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }

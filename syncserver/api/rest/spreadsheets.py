"""Lists as CSV that a spreadsheet opens without running anything."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from starlette.responses import Response

from syncserver.wallets.statement import harmless

CSV = "text/csv"
NEXT_CURSOR = "X-Next-Cursor"
# A number below zero is no formula.
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def csv_answer(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[str | int | None]], following: str | None
) -> Response:
    """A file of rows (RFC 4180), with the cursor of the next page in a header where there is one."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if following is not None:
        headers[NEXT_CURSOR] = following
    return Response(file.getvalue(), media_type=CSV, headers=headers)


def _cell(value: str | int | None) -> str:
    text = "" if value is None else str(value)
    return text if _NUMBER.fullmatch(text) else harmless(text)

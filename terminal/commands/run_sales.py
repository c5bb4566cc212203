"""run-sales: a file of sales, played row by row."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import TallystickError
from shared.ids import uuid_text
from terminal.commands.answers import AsJson, expected_errors, say
from terminal.commands.exits import Exit, exit_of
from terminal.commands.place import this_terminal
from terminal.commands.selling import sale_json
from terminal.composition import Terminal
from terminal.errors import NotEnrolledError, SalesFileError, StoreError
from terminal.texts import _, in_words, marked, plural
from terminal.till.sale_answer import SaleAnswer
from terminal.till.sales_file import SalesRow, read_sales

_OUTCOMES = {"approved": marked("approved"), "refused": marked("refused"), "broken": marked("broken")}


@dataclass(slots=True)
class _Report:
    """What became of each row; words are said at once, so that a long file shows where it is."""

    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    results: list[dict[str, Any]] = field(default_factory=list)

    def sold(self, row: SalesRow, result: SaleAnswer) -> None:
        outcome = "approved" if result.approved else "refused"
        words = f"{result.amount}  {result.wallet}  "
        if result.approved:
            flags = f" [{', '.join(result.reasons)}]" if result.reasons else ""
            words += f"{_('record')} {result.seq}  {uuid_text(result.payment or b'')}{flags}"
        else:
            words += f"{', '.join(result.reasons) or 'LOCKED'}: {_(result.sentence)}"
        self._note(row, outcome, sale_json(result), words)

    def broken(self, row: SalesRow, problem: TallystickError) -> None:
        self._note(row, "broken", {"message": problem.message}, in_words(problem))

    def _note(self, row: SalesRow, outcome: str, value: dict[str, Any], words: str) -> None:
        self.counts[outcome] += 1
        if self.as_json:
            self.results.append({"row": row.number, "outcome": outcome, **value})
        else:
            say(f"{_('row')} {row.number}: {_(_OUTCOMES[outcome]):<9} {words}")

    def summary(self, error: TallystickError | None) -> None:
        counts = {outcome: self.counts[outcome] for outcome in _OUTCOMES}
        if self.as_json:
            stopped = {"error": {"code": error.code, "message": error.message}} if error else {}
            say(json.dumps({"results": self.results, **counts, **stopped}))
            return
        rows = sum(counts.values())
        said = ", ".join(f"{number} {_(_OUTCOMES[outcome])}" for outcome, number in counts.items())
        summary = plural("{count} row: {outcomes}", "{count} rows: {outcomes}", rows).format(count=rows, outcomes=said)
        say(summary + (_("; stopped: {words}").format(words=in_words(error)) if error else ""))


@expected_errors
def run_sales(file: Path, /, *, as_json: AsJson = False) -> int:
    """Play a file of sales and report each: a test, or the paper slips of a power cut.

    The first row names the columns: amount and code, wallet or voucher, and if wanted time (ISO 8601, UTC) and
    place ("lat,lon"): when and where the record says that it was taken. Wrong codes count as if they were typed.

    Example: tallystick terminal run-sales sales.csv

    Exit code 0: every row was approved or refused. 1: some row was broken. 6: the store failed: stopped there.

    Args:
        file: The CSV file, UTF-8.
        as_json: Answer with one JSON object: results by row, and how many were approved, refused and broken.
    """
    report = _Report(as_json)
    with this_terminal() as terminal:
        stopped = _play(terminal, file, report)
    report.summary(stopped)
    if stopped is not None:
        return exit_of(stopped)
    return Exit.FAILED if report.counts["broken"] else Exit.DONE


def _play(terminal: Terminal, file: Path, report: _Report) -> TallystickError | None:
    """Sell every row; returns what stopped it before the end."""
    for row in read_sales(file, terminal.till.currency, terminal.clock):
        if row.request is None:
            report.broken(row, row.problem or SalesFileError())
            continue
        try:
            report.sold(row, terminal.till.sales.sell(row.request))
        except (StoreError, NotEnrolledError) as error:
            return error
        except TallystickError as error:
            report.broken(row, error)
    return None

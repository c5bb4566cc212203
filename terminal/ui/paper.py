"""Receipts and reports to the printer and into files: what is said when it is asked for, and when it is done."""

from collections.abc import Sequence

from terminal.printing.errors import NoPrinterError
from terminal.printing.lines import NARROWEST, WIDEST
from terminal.printing.slip import ReportSlip
from terminal.service.printouts import Paper, PrintNews
from terminal.texts import _, in_words, marked
from terminal.ui.surroundings import Surroundings

NO_PRINTER = marked("No printer is set up here: choose one in the settings (F8), or save the receipt (S).")
ALWAYS = "always"


def paper_of(till: Surroundings) -> Paper:
    """The till's printer, and columns that a receipt fits into."""
    return Paper(till.preferences.printer, max(NARROWEST, min(WIDEST, till.preferences.paper)))


def print_receipt(till: Surroundings, payments: Sequence[bytes]) -> str:
    """Begin to print a receipt; what to say meanwhile."""
    if not till.preferences.printer:
        return _(NO_PRINTER)
    till.desk.printouts.print_receipt(payments, paper_of(till))
    return _("Printing …")


def save_receipt(till: Surroundings, payments: Sequence[bytes]) -> str:
    """Begin to save a receipt; what to say meanwhile."""
    till.desk.printouts.save_receipt(payments, paper_of(till).width)
    return _("Saving …")


def print_report(till: Surroundings, slip: ReportSlip) -> str:
    """Begin to print a report; what to say meanwhile."""
    if not till.preferences.printer:
        return _(NO_PRINTER)
    till.desk.printouts.print_report(slip, paper_of(till))
    return _("Printing …")


def save_report(till: Surroundings, slip: ReportSlip, name: str) -> str:
    """Begin to save a report; what to say meanwhile."""
    till.desk.printouts.save_report(slip, name, paper_of(till).width)
    return _("Saving …")


def told(news: PrintNews) -> tuple[str, str]:
    """What to say of a printout that is done or went wrong, and its mark."""
    if isinstance(news.problem, NoPrinterError):
        return _(NO_PRINTER), "warn"
    if news.problem is not None:
        return in_words(news.problem), "bad"
    if news.files:
        text = _("Saved, a COPY: {files}") if news.copy else _("Saved: {files}")
        return text.format(files=f"{news.files[0]}, {news.files[1].suffix[1:].upper()}"), "good"
    return (_("Printed as a COPY.") if news.copy else _("Printed.")), "good"

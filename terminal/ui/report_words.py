"""A shift's report as rows of label and value, for a screen and for paper alike."""

from shared.ids import uuid_text
from terminal.printing.slip import ReportSlip, report_slip
from terminal.texts import _
from terminal.till.sentences import person
from terminal.till.z_report import Part, ShiftReport, ShiftSummary
from terminal.ui.moments import day_and_time

_RULE = ("", "")


def title_of(report: ShiftReport) -> str:
    """X while it is open, Z afterwards."""
    return _("X REPORT (the shift is open)") if report.is_open else _("Z REPORT")


def report_rows(report: ShiftReport) -> list[tuple[str, str]]:
    """Labels and values; an empty row is a rule."""
    opened, closed = day_and_time(report.opened_at), report.closed_at
    rows = [
        (_("cashier"), person(report.cashier)),
        (_("opened"), opened),
        (_("closed"), _("still open") if closed is None else day_and_time(closed)),
        (_("float"), str(report.opening_float)),
        _RULE,
        (_("taken"), _part(report.taken)),
        (_("voided"), _part(report.voids)),
        _RULE,
        (_("settled"), _part(report.settled)),
        (_("not settled yet"), _part(report.waiting)),
        (_("flagged"), _part(report.flagged)),
        (_("failed"), _part(report.failed)),
        _RULE,
        (_("refunded"), _part(report.refunds)),
    ]
    if report.refunds_asked.count:
        rows.append((_("refunds not answered"), _part(report.refunds_asked)))
    rows += [(_("carried forward"), _("not noted") if report.carried is None else _part(report.carried)), _RULE]
    rows += [(_("by {cashier}").format(cashier=person(who)), _part(part)) for who, part in report.by_cashier]
    return rows + _marks(report)


def _marks(report: ShiftReport) -> list[tuple[str, str]]:
    rows = [_RULE, (_("shift"), uuid_text(report.id))]
    for label, mark in ((_("first record"), report.first), (_("last record"), report.last)):
        if mark is not None:
            rows += [(label, f"{mark.seq} / {report.epoch}"), (_("link"), mark.link.hex())]
    return rows


def _part(part: Part) -> str:
    return f"{part.count} x {part.total}"


def slip_of_report(report: ShiftReport) -> ReportSlip:
    """The report for paper."""
    return report_slip(title_of(report), report_rows(report))


def file_name_of(report: ShiftReport) -> str:
    """What its file is called, without an ending."""
    return f"{'x' if report.is_open else 'z'}-report-{uuid_text(report.id)}"


def shift_line(shift: ShiftSummary) -> str:
    """One shift in a list, within 60 cells."""
    opened = day_and_time(shift.opened_at)
    if shift.taken is None:
        return f"{opened}  {_('open')}  {person(shift.cashier)}"
    return f"{opened}  {_part(shift.taken):>20}  {person(shift.cashier)}"

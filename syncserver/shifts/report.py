"""A shop's day on paper: its shifts with both halves, the sums, what is odd, and who decided what (PDF)."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from shared.ids import uuid_text
from syncserver.shifts.day import Day
from syncserver.shifts.decisions import Decision
from syncserver.shifts.halves import Shift, ShiftKey, money

_FONT = "Helvetica"
_LINE = 5.5  # mm
# Till, ended, state, expected, received, difference: all of an A4 page between its margins (mm).
_WIDTHS = (44, 34, 22, 32, 32, 26)
_HEADS = ("Till", "Ended (its clock)", "State", "Expected", "Received", "Difference")
_LAST_MOMENT = 253_402_300_799_999  # the end of the year 9999


class _Paper(FPDF):
    """A page with what it is of at its foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(orientation="P", unit="mm", format="A4")
        self._foot = foot
        self.set_margins(10, 12, 10)
        self.set_auto_page_break(True, 16)  # noqa: FBT003 - fpdf's own order

    def footer(self) -> None:
        """Below each page."""
        self.set_y(-12)
        self.set_font(_FONT, size=8)
        self.cell(0, 5, f"{self._foot}, page {self.page_no()}")


def day_report(day: Day, decisions: Sequence[tuple[ShiftKey, Decision]], now: int) -> bytes:
    """The PDF of a day as it stands at a time (ms). CPU-bound: 2,000 shifts take some seconds."""
    paper = _Paper(_plain(f"{day.vendor.name}, {day.day}"))
    paper.set_creation_date(datetime.fromtimestamp(now / 1_000, UTC))
    paper.set_title(_plain(f"Shifts of {day.vendor.name} on {day.day}"))
    paper.add_page()
    _heading(paper, f"{day.vendor.name}: shifts of {day.day}", 16)
    currency = day.vendor.currency
    odd = [one for one in day.shifts if one.troubles(now)]
    for line in (
        f"Vendor {uuid_text(day.vendor.id)}. Days are UTC, by the clocks of the tills. Made {_moment(now)}.",
        f"{len(day.shifts)} shifts, {len(odd)} with exceptions.",
        f"Expected by the tills' closes: {money(day.claimed, currency)}. Received: {money(day.received, currency)}.",
        f"Difference: {money(day.claimed - day.received, currency)}.",
        f"Besides, of shifts still open: {money(day.not_closed, currency)}.",
    ):
        _text(paper, line)
    if odd:
        _heading(paper, "Exceptions", 12)
        _shifts(paper, odd, now)
    fine = [one for one in day.shifts if one not in odd]
    if fine:
        _heading(paper, "In order", 12)
        _shifts(paper, fine, now)
    if not day.shifts:
        _text(paper, "No shift ended on this day.")
    if decisions:
        _heading(paper, "Who decided what", 12)
        names = {one.key: one.device_name for one in day.shifts}
        for key, one in decisions:
            _text(paper, _decision(names.get(key, ""), key, one))
    return bytes(paper.output())


def _heading(paper: FPDF, text: str, size: int) -> None:
    paper.ln(2)
    paper.set_font(_FONT, style="B", size=size)
    paper.multi_cell(0, size / 2, _plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(1)


def _text(paper: FPDF, text: str) -> None:
    paper.set_font(_FONT, size=9)
    paper.multi_cell(0, _LINE, _plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _shifts(paper: FPDF, shifts: Iterable[Shift], now: int) -> None:
    _row(paper, _HEADS, style="B")
    for one in shifts:
        claim = one.claim
        _row(
            paper,
            (
                one.device_name,
                _moment(one.day_at),
                one.state.value,
                money(claim.total, claim.currency) if claim is not None else "not closed",
                money(one.received.total, one.currency),
                money(one.difference, one.currency) if one.difference is not None else "-",
            ),
        )
        counts = f"{claim.count} payments expected, " if claim is not None else ""
        words = f"   {uuid_text(one.key.shift)}, {one.cashier}: {counts}{one.received.count} received"
        if found := one.troubles(now):
            words += f". Exceptions: {' '.join(found)}"
        if one.received.missing:
            words += f". {one.received.missing_records} records missing"
        _text(paper, words + ".")


def _row(paper: FPDF, cells: Sequence[str], style: str = "") -> None:
    paper.set_font(_FONT, style="B" if style else "", size=9)
    for place, (text, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        fitting = _plain(text)
        while paper.get_string_width(fitting) > width - 2:
            fitting = fitting[:-1]
        paper.cell(width, _LINE, fitting, border="B", align="R" if place >= len(_WIDTHS) // 2 else "L")
    paper.ln(_LINE)


def _decision(name: str, key: ShiftKey, one: Decision) -> str:
    what = one.action.value.replace("_", " ") + ("" if one.done else " (the first of two)")
    why = f", because {one.reason}" if one.reason else ""
    return (
        f"{_moment(one.at)} {one.actor}: {what} {name} {uuid_text(key.shift)}, "
        f"{one.before} to {one.after}{why}. {one.said}."
    )


def _moment(at: int) -> str:
    if at > _LAST_MOMENT:
        return f"{at} ms"
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def _plain(text: str) -> str:
    """A text in the letters that every PDF has (Latin-1): others lose their marks, or are a question mark."""
    return (
        "".join(letter if _is_latin(letter) else unicodedata.normalize("NFKD", letter)[0] for letter in text)
        .encode("latin-1", "replace")
        .decode("latin-1")
    )


def _is_latin(letter: str) -> bool:
    return ord(letter) < 256  # noqa: PLR2004 - the size of Latin-1

"""The shifts that there were, each with its Z report."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.widget import Widget
from textual.widgets import OptionList, Static

from shared.errors import TallystickError
from terminal.texts import _, marked
from terminal.till.z_report import ShiftSummary
from terminal.ui.report_words import shift_line
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.paged_rows import PagedRows

_PAGE = 50


class PastShiftsScreen(TillScreen):
    """The newest first; `report` makes the screen of one of them."""

    TITLE_TEXT = marked("Shifts")
    ACTIONS: ClassVar[tuple[str, ...]] = ("back", "help", "history")

    def __init__(self, report: Callable[[bytes], TillScreen]) -> None:
        super().__init__()
        self._report = report
        self._last: ShiftSummary | None = None

    def middle(self) -> Iterable[Widget]:
        """A list."""
        yield Static("", id="none", markup=False)
        yield PagedRows(id="rows", markup=False)

    def on_mount(self) -> None:
        """The newest page."""
        self.query_one(PagedRows).focus()
        self._page(first=True)

    @work(exclusive=True, group="page")
    async def _page(self, *, first: bool) -> None:
        before = None if first else self._last
        try:
            shifts = await self.till.ask(lambda terminal: terminal.till.reports.shifts(before, _PAGE))
        except TallystickError as error:
            self.say_error(error)
            return
        if self.gone:
            return
        self._last = shifts[-1] if len(shifts) == _PAGE else None
        rows = self.query_one(PagedRows)
        rows.put([(shift.id.hex(), Text(shift_line(shift), no_wrap=True)) for shift in shifts], first=first)
        if first:
            rows.display = bool(shifts)
            self.query_one("#none", Static).update("" if shifts else _("There was no shift yet."))
            self.say(_("Enter opens a shift's report.") if shifts else "")

    @on(PagedRows.More)
    def _more(self) -> None:
        if self._last is not None:
            self._page(first=False)

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        if event.option.id is not None:
            self.app.push_screen(self._report(bytes.fromhex(event.option.id)))

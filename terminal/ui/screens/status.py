"""How this till is: its limits and what is left of them, its book, its clock, its disk, its versions."""

import shutil
from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import work
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from shared.ids import uuid_text
from shared.money import format_minor
from terminal.composition import Terminal
from terminal.texts import _, marked
from terminal.till.book_view import read_book
from terminal.till.limits import Limit, limits_of
from terminal.till.views import StatusView
from terminal.ui.moments import age, day_and_time
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.enrolling import EnrolScreen

_LIMITS = {
    "exposure_limit": marked("Not settled, sum"),
    "exposure_count": marked("Not settled, payments"),
    "payment_limit": marked("One payment at most"),
    "daily_limit": marked("A customer's day at most"),
    "streak_stop": marked("Payments in a row at most"),
    "guesses_terminal_hour": marked("Wrong codes this hour"),
    "book_hours": marked("Book, for codes"),
    "voucher_hours": marked("Book, for vouchers"),
}
_MIB = 1024 * 1024
_MS = 1_000


class StatusScreen(TillScreen):
    """A list that scrolls; E enrols this till anew, once nothing waits."""

    TITLE_TEXT = marked("This till")
    ACTIONS: ClassVar[tuple[str, ...]] = ("back", "enrol", "help", "sync")

    def middle(self) -> Iterable[Widget]:
        """One list."""
        with VerticalScroll(can_focus=True):
            yield Static("", id="facts_of_till")

    @work(exclusive=True)
    async def on_mount(self) -> None:
        """Read it."""
        self.query_one(VerticalScroll).focus()
        try:
            status, limits = await self.till.ask(_read)
        except TallystickError as error:
            self.say_error(error)
            return
        self.query_one("#facts_of_till", Static).update(self._page(status, limits))

    @work(exclusive=True, group="enrol")
    async def action_enrol(self) -> None:
        """Another epoch of this till, with a new key; refused while anything waits for the server."""
        pending = await self.till.ask(lambda terminal: terminal.till.pending().words())
        if pending:
            self.say(_("First sync and close the shift: {pending}").format(pending=", ".join(pending)), kind="warn")
            return
        await self.till.show(EnrolScreen(again=True))

    def _page(self, status: StatusView, limits: tuple[Limit, ...]) -> Table:
        parts = (
            (_("Limits"), [(_(_LIMITS[limit.name]), _amounts(limit, status.currency)) for limit in limits]),
            (_("Book"), _book(status)),
            (_("Clock"), _clock(status)),
            (_("Machine"), self._machine(status)),
        )
        # A value that has no room on its line goes on below itself, not below its label.
        page = Table.grid(padding=(0, 2, 0, 0))
        page.add_column(no_wrap=True)
        page.add_column(overflow="fold")
        for title, rows in parts:
            page.add_row(Text.assemble((title, "bold underline")))
            for label, value in rows:
                page.add_row(Text(label, "bold"), Text(value))
        return page

    def _machine(self, status: StatusView) -> list[tuple[str, str]]:
        free = shutil.disk_usage(self.till.desk.home).free // _MIB
        return [
            (_("Shop"), status.vendor_name),
            (_("Till"), status.name),
            (_("Device"), uuid_text(status.device)),
            (_("Epoch"), str(status.epoch)),
            (_("Server"), status.server_url),
            (_("Free on disk"), f"{free} MiB"),
            (_("Version"), _("{program}, store {schema}").format(program=_program(), schema=status.schema)),
        ]


def _read(terminal: Terminal) -> tuple[StatusView, tuple[Limit, ...]]:
    status = terminal.till.views.status()
    return status, limits_of(status, read_book(terminal.store).policy)


def _amounts(limit: Limit, currency: str) -> str:
    def shown(value: int) -> str:
        return format_minor(value, currency) if limit.unit == "money" else str(value)

    unit = {"money": f" {currency}", "count": "", "hours": " h"}[limit.unit]
    if limit.used is None:
        return f"{shown(limit.most)}{unit}"
    left = max(0, limit.most - limit.used)
    return _("{used} of {most}{unit}, {left} left").format(
        used=shown(limit.used), most=shown(limit.most), unit=unit, left=shown(left)
    )


def _book(status: StatusView) -> list[tuple[str, str]]:
    if status.book_age is None:
        return [(_("Version"), _("none yet: sync once"))]
    expires = "" if status.book_expires_at is None else day_and_time(status.book_expires_at)
    return [
        (_("Version"), f"{status.book_version}" + ("" if status.book_complete else f" ({_('not complete')})")),
        (_("Age"), age(status.book_age)),
        (_("Good until"), expires),
    ]


def _clock(status: StatusView) -> list[tuple[str, str]]:
    skew = _("the server was not heard yet") if status.clock_skew is None else f"{status.clock_skew / _MS:+.1f} s"
    return [(_("This clock"), day_and_time(status.now)), (_("Off the server's by"), skew)]


def _program() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow, and the first screen asks for none

    try:
        return version("tallystick")
    except PackageNotFoundError:
        return _("unknown")

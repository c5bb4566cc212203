"""A shift: its report while it is open (X) or after its close (Z), and closing it."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.errors import ApproverError, NoShiftError
from terminal.service.desk import News, SyncNews
from terminal.texts import _, marked, plural
from terminal.till.people import Approval
from terminal.till.sentences import person
from terminal.till.shift import ShiftClosed
from terminal.till.shift_start import OWNER
from terminal.till.z_report import ShiftReport
from terminal.ui.paper import print_report, save_report
from terminal.ui.report_words import file_name_of, report_rows, slip_of_report, title_of
from terminal.ui.screens.approval import NOBODY, ask_approval
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.confirming import ask_confirmation
from terminal.ui.screens.past_shifts import PastShiftsScreen
from terminal.ui.widgets.key_line import KeyLine

# A shift must close even where the server takes its time; what it did not take is carried forward.
_SYNC_PATIENCE_S = 20.0
_COLUMNS = 58


class ShiftScreen(TillScreen):
    """The report of one shift, by default of the open one; `just_closed` keeps it in a file, too."""

    TITLE_TEXT = marked("Shift")
    ACTIONS: ClassVar[tuple[str, ...]] = ("confirm", "past", "print", "save", "back", "help")

    def __init__(self, shift: bytes | None = None, *, just_closed: bool = False) -> None:
        super().__init__()
        self._shift = shift
        self._just_closed = just_closed
        self._report: ShiftReport | None = None
        self._synced = asyncio.Event()

    def middle(self) -> Iterable[Widget]:
        """The report, as long as it is."""
        with VerticalScroll(can_focus=True):
            yield Static("", id="report")

    async def on_mount(self) -> None:
        """Read it."""
        self.query_one(VerticalScroll).focus()
        await self._read()
        if self._just_closed and self._report is not None:
            self.say(save_report(self.till, slip_of_report(self._report), file_name_of(self._report)))

    def offers(self, action: str) -> bool:
        """+ closes what is open; a report that is there can be printed."""
        report = self._report
        if action == "confirm":
            return report is not None and (report.is_open or self._just_closed)
        return action not in ("print", "save") or report is not None

    async def heard(self, news: News) -> None:
        """A sync moves payments from waiting to settled."""
        if isinstance(news, SyncNews):
            self._synced.set()
            await self._read()

    async def _read(self) -> None:
        try:
            self._report = await self.till.ask(lambda terminal: terminal.till.reports.report(self._shift))
        except NoShiftError:
            self._report = None
        except TallystickError as error:
            self.say_error(error)
            return
        if self.gone:
            return
        drawn = self.query_one("#report", Static)
        if self._report is None:
            drawn.update(_("No shift is open. It opens with the float, or a first sale."))
        else:
            drawn.update(_drawn(self._report))
            if self._report.is_open:
                self.hint(_("+ closes this shift. Enter: earlier shifts."))
        self.query_one(KeyLine).refresh()

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_past(self) -> None:
        """The shifts before."""
        if not self._just_closed:
            self.app.push_screen(PastShiftsScreen(ShiftScreen))

    def action_print(self) -> None:
        """The report on paper."""
        if self._report is not None:
            self.say(print_report(self.till, slip_of_report(self._report)))

    def action_save(self) -> None:
        """The report in files."""
        if self._report is not None:
            self.say(save_report(self.till, slip_of_report(self._report), file_name_of(self._report)))

    def action_confirm(self) -> None:
        """Close what is open; leave what was just closed."""
        if self._just_closed:
            self.dismiss(None)
        elif self._report is not None and self._report.is_open:
            self._close()

    # -- closing ----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="close")
    async def _close(self) -> None:
        try:
            sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
            if sale is not None and sale.payments:
                self.say(_("A sale is in hand: finish it or give it up first."), kind="warn")
                return
            await self._sync()
            if not await ask_confirmation(self.till, await self._what()):
                self.say(_("The shift stays open."))
                return
            closed = await self._end()
        except TallystickError as error:
            self.say_error(error)
            return
        if closed is None:
            self.say(_("The shift stays open."))
            return
        self.till.desk.sync_now()  # the close itself is a record, too
        await self.till.look()
        await self.till.show(ShiftScreen(closed.shift, just_closed=True))
        self.till.go_on()

    async def _sync(self) -> None:
        """With a link: send what waits, so that as little as may be is carried forward."""
        status = self.till.standing.status
        if not self.till.standing.link or (status is not None and not status.queue.records):
            return
        self.say(_("Syncing before the close …"))
        self._synced.clear()
        self.till.desk.sync_now()
        try:
            async with asyncio.timeout(_SYNC_PATIENCE_S):
                await self._synced.wait()
        except TimeoutError:
            self.say(_("The server takes its time: what waits is carried forward."), kind="warn")
        await self.till.look()
        await self._read()

    async def _what(self) -> str:
        """What is confirmed: the sums, and what is carried forward."""
        report = await self.till.ask(lambda terminal: terminal.till.reports.report())
        taken = plural("{count} payment, {total}", "{count} payments, {total}", report.taken.count).format(
            count=report.taken.count, total=report.taken.total
        )
        lines = [_("Close the shift of {cashier}: {taken}?").format(cashier=person(report.cashier), taken=taken)]
        if report.carried is not None and report.carried.count:
            carried = plural(
                "{count} payment of {total} is carried forward: the server has not seen it yet.",
                "{count} payments of {total} are carried forward: the server has not seen them yet.",
                report.carried.count,
            )
            lines.append(carried.format(count=report.carried.count, total=report.carried.total))
            lines.append(_("What is carried forward stays in this till's journal and goes with the next sync."))
        else:
            lines.append(_("Every payment is synced: nothing is carried forward."))
        return "\n\n".join(lines)

    async def _end(self) -> ShiftClosed | None:
        """Close it; a supervisor's word is asked for where one is needed."""
        try:
            return await self._try(NOBODY)
        except ApproverError:
            what = _("Close the shift with payments that the server has not seen?")
            approval = await ask_approval(self.till, what)
            return None if approval is None else await self._try(approval)

    async def _try(self, approval: Approval) -> ShiftClosed:
        who = self.till.signed_in
        cashier = None if who is None or who.role == OWNER else who.id
        return await self.till.ask(lambda terminal: terminal.till.shifts.close(approval, cashier))


def _drawn(report: ShiftReport) -> Text:
    """Labels at the left, values at the right, as on paper."""
    lines = [Text(title_of(report), "bold")]
    for label, value in report_rows(report):
        gap = _COLUMNS - len(label) - len(value)
        if not label and not value:
            lines.append(Text(""))
        elif gap > 0:
            lines.append(Text(f"{label}{' ' * gap}{value}"))
        else:
            lines += [Text(label), Text(f"  {value}")]
    return Text("\n").join(lines)

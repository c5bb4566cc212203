"""What waits for the server, since when and why; and syncing now."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList, Static

from shared.errors import TallystickError
from terminal.composition import Terminal
from terminal.service.desk import News, SyncNews
from terminal.texts import _, marked
from terminal.till.search import Place
from terminal.till.views import AskedRefund, StatusView
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.payment import PaymentScreen
from terminal.ui.screens.refunding import ask_again
from terminal.ui.standing import Standing
from terminal.ui.sync_words import queue_head, queue_line, refund_lines, report_lines, try_lines
from terminal.ui.widgets.key_line import KeyLine
from terminal.ui.widgets.paged_rows import PagedRows


class QueueScreen(TillScreen):
    """Sums above, how the syncs went, then payment by payment, the oldest first."""

    TITLE_TEXT = marked("Queue and sync")
    ACTIONS: ClassVar[tuple[str, ...]] = ("sync", "again", "back", "help", "history", "shift")

    def __init__(self) -> None:
        super().__init__()
        self._after: Place | None = None
        self._refunds: tuple[AskedRefund, ...] = ()

    def middle(self) -> Iterable[Widget]:
        """Sums, syncs, payments."""
        yield Static("", id="queue")
        with VerticalScroll(id="syncs", can_focus=True):
            yield Static("", id="tries")
        yield PagedRows(id="rows", markup=False)

    def on_mount(self) -> None:
        """Read, and follow the sums while a sync runs."""
        self.watch(self.app, "standing", self._follow)
        self._rows.focus()
        self._look()
        self._begin()

    @property
    def _rows(self) -> PagedRows:
        return self.query_one(PagedRows)

    def _follow(self, standing: Standing) -> None:
        if standing.status is not None:
            self.query_one("#queue", Static).update(queue_head(standing.status, ascii_only=self.till.ascii_only))

    async def heard(self, news: News) -> None:
        """A sync ended: what it did, and what waits now. Where it sent nothing, the list stays where somebody reads."""
        if not isinstance(news, SyncNews):
            return
        self._look()
        told = news.told
        if not isinstance(told, TallystickError) and told.push.records:
            self._begin()
        if isinstance(told, TallystickError) or told.errors:
            self.say(_("This sync did not succeed. Why stands above."), kind="warn")
        else:
            self.say(_("Synced."), kind="good")

    @work(exclusive=True, group="syncs")
    async def _look(self) -> None:
        def read(terminal: Terminal) -> tuple[StatusView, tuple[AskedRefund, ...]]:
            views = terminal.till.views
            return views.status(), views.refunds()

        try:
            status, self._refunds = await self.till.ask(read)
        except TallystickError as error:
            self.say_error(error)
            return
        if self.gone:
            return
        self.query_one("#queue", Static).update(queue_head(status, ascii_only=self.till.ascii_only))
        lines = [*refund_lines(self._refunds), *try_lines(status), *report_lines(self.till.desk.last_sync)]
        self.query_one("#tries", Static).update(Text("\n").join(lines))
        self.query_one(KeyLine).refresh()

    def offers(self, action: str) -> bool:
        """Asking again, where something was not answered."""
        return action != "again" or bool(self._refunds)

    def action_again(self) -> None:
        """Ask again for the refunds that were not answered."""
        if self._refunds:
            self._ask_again(self._refunds)

    @work(exclusive=True, group="again")
    async def _ask_again(self, refunds: tuple[AskedRefund, ...]) -> None:
        for refund in refunds:
            if not await ask_again(self, refund.payment):
                break
        if not self.gone:
            self._look()

    @work(exclusive=True, group="page")
    async def _begin(self) -> None:
        await self._page(first=True)

    @on(PagedRows.More)
    @work(exclusive=True, group="page")
    async def _more(self) -> None:
        if self._after is not None:
            await self._page(first=False)

    async def _page(self, *, first: bool) -> None:
        after = None if first else self._after
        try:
            page = await self.till.ask(lambda terminal: terminal.till.views.queue_page(after))
        except TallystickError as error:
            self.say_error(error)
            return
        if self.gone:
            return
        self._after, now = page.after, self.till.desk.clock.now()
        self._rows.put([(row.id.hex(), queue_line(row, now)) for row in page.payments], first=first)
        if first:
            self._rows.display = bool(page.payments)

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        if event.option.id is not None:
            self.app.push_screen(PaymentScreen(bytes.fromhex(event.option.id)))

"""The history: what was taken, the newest first, and looking for one of them."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from shared.errors import TallystickError
from terminal.service.desk import News, SyncNews
from terminal.texts import _, marked
from terminal.till.search import Place
from terminal.ui.payment_words import payment_line
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.payment import PaymentScreen
from terminal.ui.widgets.paged_rows import PagedRows

_MOST_TYPED = 40


class HistoryScreen(TillScreen):
    """A list that is read as far as somebody scrolls."""

    TITLE_TEXT = marked("History")
    ACTIONS: ClassVar[tuple[str, ...]] = ("search", "back", "help", "queue", "shift", "last")

    def __init__(self) -> None:
        super().__init__()
        self._search = ""
        self._before: Place | None = None

    def middle(self) -> Iterable[Widget]:
        """What is looked for, and what was found."""
        yield Input(
            placeholder=_("Wallet digits, 12.50, id, settled, flagged … or 2026-11-26; then Enter"),
            max_length=_MOST_TYPED,
            id="search",
        )
        yield Static("", id="none", markup=False)
        yield PagedRows(id="rows", markup=False)

    def on_mount(self) -> None:
        """The newest page."""
        self.query_one(Input).display = False
        self._rows.focus()
        self._find()

    async def on_screen_resume(self) -> None:
        """Something may have become of what was opened."""
        await self._look_again()

    async def heard(self, news: News) -> None:
        """A sync may have changed what is shown."""
        if isinstance(news, SyncNews):
            await self._look_again()

    @property
    def _rows(self) -> PagedRows:
        return self.query_one(PagedRows)

    @work(exclusive=True, group="page")
    async def _find(self) -> None:
        await self._page(first=True)

    @on(PagedRows.More)
    @work(exclusive=True, group="page")
    async def _more(self) -> None:
        if self._before is not None:
            await self._page(first=False)

    async def _page(self, *, first: bool) -> None:
        search, before = self._search, None if first else self._before
        try:
            page = await self.till.ask(lambda terminal: terminal.till.history.page(search, before))
        except TallystickError as error:
            self.say_error(error)
            return
        if self.gone:
            return
        self._before = page.before
        ascii_only = self.till.ascii_only
        self._rows.put([(row.id.hex(), payment_line(row, ascii_only=ascii_only)) for row in page.payments], first=first)
        if first:
            self._rows.display = bool(page.payments)
            self.query_one("#none", Static).update("" if page.payments else self._nothing())
            self.say(_("Enter opens a payment.") if page.payments else "")

    def _nothing(self) -> str:
        if not self._search:
            return _("No payment was taken at this till yet.")
        return _("Nothing was found for: {search}").format(search=self._search)

    async def _look_again(self) -> None:
        if self.gone:
            return
        rows = self._rows
        shown = [bytes.fromhex(name) for name in rows.shown()]
        if not shown:
            return
        try:
            found = await self.till.ask(lambda terminal: [terminal.payments.get(payment) for payment in shown])
        except TallystickError as error:
            self.say_error(error)
            return
        for row in () if self.gone else found:
            rows.replace_option_prompt(row.id.hex(), payment_line(row, ascii_only=self.till.ascii_only))

    def scanned(self, text: str) -> None:
        """Somebody who types as fast as a scanner."""
        box = self.query_one(Input)
        if box.has_focus and len(text) <= _MOST_TYPED:
            box.value += text
        else:
            super().scanned(text)

    def action_search(self) -> None:
        """Type what to look for."""
        box = self.query_one(Input)
        box.display = True
        box.focus()
        self.say(_("Enter searches, Esc shows all again."))

    @on(Input.Submitted)
    def _searched(self, event: Input.Submitted) -> None:
        self._search = event.value.strip()
        self._rows.display = True
        self._rows.focus()
        self._find()

    def action_back(self) -> None:
        """Out of the search first."""
        box = self.query_one(Input)
        if not box.display:
            self.dismiss(None)
            return
        box.value = self._search = ""
        box.display = False
        self._rows.display = True
        self._rows.focus()
        self._find()

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        if event.option.id is not None:
            self.app.push_screen(PaymentScreen(bytes.fromhex(event.option.id)))

"""A receipt: shown, printed, saved."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import ScrollableContainer
from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.composition import Terminal
from terminal.printing.lines import NARROWEST
from terminal.printing.receipts import Receipts, slip_of
from terminal.printing.slip import Slip
from terminal.service.desk import News, SyncNews
from terminal.service.printouts import PrintNews
from terminal.texts import _, marked
from terminal.ui.paper import paper_of, print_receipt, save_receipt
from terminal.ui.screens.base import TillScreen
from terminal.ui.slip_words import qr_width, slip_text
from terminal.ui.widgets.key_line import KeyLine

_AROUND = 6  # padding and scrollbar


class ReceiptScreen(TillScreen):
    """The receipt of payments of one sale, by default of the last one."""

    TITLE_TEXT = marked("Receipt")
    ACTIONS: ClassVar[tuple[str, ...]] = ("print", "save", "smaller", "back", "help", "history")

    def __init__(self, payments: tuple[bytes, ...] | None = None) -> None:
        super().__init__()
        self.receipt_of = payments
        self._slip: Slip | None = None
        self._small: bool | None = None

    def middle(self) -> Iterable[Widget]:
        """The paper, which may be longer and wider than the screen."""
        with ScrollableContainer(can_focus=True):
            yield Static("", id="slip")

    def on_mount(self) -> None:
        """Read it."""
        self.query_one(ScrollableContainer).focus()
        self._read()

    def on_resize(self) -> None:
        """Another width."""
        self._draw()

    def offers(self, action: str) -> bool:
        """Nothing without a receipt."""
        return action not in ("print", "save", "smaller") or self._slip is not None

    async def heard(self, news: News) -> None:
        """It may be settled now, or the next one is a COPY."""
        if isinstance(news, SyncNews | PrintNews):
            self._read()

    @work(exclusive=True, group="receipt")
    async def _read(self) -> None:
        wanted = self.receipt_of

        def read(terminal: Terminal) -> tuple[tuple[bytes, ...], Slip | None]:
            payments = wanted or terminal.till.history.together()
            if not payments:
                return (), None
            given = Receipts(terminal.store, terminal.clock).was_handed_out(payments)
            return payments, slip_of(terminal.store, payments, copy=given)

        try:
            self.receipt_of, self._slip = await self.till.ask(read)
        except TallystickError as error:
            self.say_error(error)
            return
        if self.gone:
            return
        self._draw()
        self.query_one(KeyLine).refresh()

    def _draw(self) -> None:
        slip, paper = self._slip, self.query_one("#slip", Static)
        if slip is None:
            paper.update(_("There was no sale at this till yet."))
            return
        room = max(NARROWEST, self.size.width - _AROUND)
        ascii_only = self.till.ascii_only
        if self._small is None:
            widest = max((qr_width(part.code, ascii_only=ascii_only, small=False) for part in slip.parts), default=0)
            self._small = widest > room
        width = min(paper_of(self.till).width, room)
        paper.update(slip_text(slip, width, ascii_only=ascii_only, small=self._small))

    def action_smaller(self) -> None:
        """The code in the other size."""
        self._small = not self._small
        self._draw()

    def action_print(self) -> None:
        """On paper."""
        if self.receipt_of:
            self.say(print_receipt(self.till, self.receipt_of))

    def action_save(self) -> None:
        """In files."""
        if self.receipt_of:
            self.say(save_receipt(self.till, self.receipt_of))

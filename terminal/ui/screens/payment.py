"""One payment: its life, its receipt, and taking it back by a void or a refund."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from shared.lifecycles import TillState
from shared.money import Money
from terminal.composition import Terminal
from terminal.journal.payments import PaymentRow
from terminal.service.desk import News, SyncNews
from terminal.texts import _, marked
from terminal.till.history import Event, EventKind
from terminal.till.sentences import masked
from terminal.till.shift_start import OWNER
from terminal.ui.paper import print_receipt, save_receipt
from terminal.ui.payment_words import payment_facts
from terminal.ui.screens.approval import ask_approval
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.reason import REFUND_REASONS, VOID_REASONS, ask_reason
from terminal.ui.screens.refund import RefundScreen
from terminal.ui.screens.refunding import ask_again, refunded
from terminal.ui.sync_words import not_answered
from terminal.ui.widgets.key_line import KeyLine

_VOIDABLE = (TillState.PENDING, TillState.FLAGGED, TillState.COMPLETED)


class PaymentScreen(TillScreen):
    """A payment by its id."""

    TITLE_TEXT = marked("Payment")
    ACTIONS: ClassVar[tuple[str, ...]] = ("print", "save", "void", "refund", "again", "back", "help", "last")

    def __init__(self, payment: bytes) -> None:
        super().__init__()
        self.receipt_of: tuple[bytes, ...] = (payment,)
        self._payment = payment
        self._row: PaymentRow | None = None
        self._waits = False  # a refund of it was not answered

    def middle(self) -> Iterable[Widget]:
        """Everything, as long as it is."""
        with VerticalScroll(can_focus=True):
            yield Static("", id="life")

    async def on_mount(self) -> None:
        """Read it."""
        self.query_one(VerticalScroll).focus()
        await self._read()

    async def heard(self, news: News) -> None:
        """The server may have spoken of it."""
        if isinstance(news, SyncNews):
            await self._read()

    def offers(self, action: str) -> bool:
        """Void in its own shift, refund where it is settled."""
        row = self._row
        if action == "void":
            return row is not None and row.state in _VOIDABLE and self._in_open_shift(row)
        if action == "again":
            return self._waits
        if action == "refund":
            return row is not None and row.state is TillState.COMPLETED and not row.unsynced and not self._waits
        return True

    def _in_open_shift(self, row: PaymentRow) -> bool:
        status = self.till.standing.status
        return status is not None and status.shift == row.shift

    async def _read(self) -> None:
        payment = self._payment

        def read(terminal: Terminal) -> tuple[PaymentRow, tuple[Event, ...], tuple[bytes, ...]]:
            history = terminal.till.history
            return terminal.payments.get(payment), history.life(payment), history.together(payment)

        try:
            row, life, self.receipt_of = await self.till.ask(read)
        except TallystickError as error:
            self.say_error(error)
            return
        self._row, self._waits = row, any(event.kind is EventKind.REFUND_ASKED for event in life)
        if self.gone:
            return
        facts = payment_facts(row, life, ascii_only=self.till.ascii_only)
        self.query_one("#life", Static).update(facts)
        self.query_one(KeyLine).refresh()
        if self._waits:
            self.hint(not_answered())

    def action_print(self) -> None:
        """Its receipt on paper."""
        self.say(print_receipt(self.till, self.receipt_of))

    def action_save(self) -> None:
        """Its receipt in files."""
        self.say(save_receipt(self.till, self.receipt_of))

    @work(exclusive=True, group="take back")
    async def action_void(self) -> None:
        """Void it, on a supervisor's word."""
        row, who = self._row, self.till.signed_in
        if row is None:
            return
        if not self.offers("void"):
            self.say(_("Only a payment of the open shift can be voided, once. Refund it instead."), kind="warn")
            return
        what = _("Void {amount} of wallet {wallet}?").format(
            amount=Money(row.amount, row.currency), wallet=masked(row.wallet)
        )
        reason = await ask_reason(self.till, what, VOID_REASONS)
        approval = None if reason is None else await ask_approval(self.till, what)
        if reason is None or approval is None:
            self.say(_("Nothing was voided."))
            return
        cashier = None if who is None or who.role == OWNER else who.id
        try:
            await self.till.ask(
                lambda terminal: terminal.till.voids.void(row.id, reason=reason, approval=approval, cashier=cashier)
            )
        except TallystickError as error:
            self.say_error(error)
            return
        await self._read()
        await self.till.look()
        self.say(_("Voided. Nothing is paid by it."), kind="good")

    @work(exclusive=True, group="take back")
    async def action_refund(self) -> None:
        """Give it back, whole or in part: the server's doing, so without a connection there is none."""
        row = self._row
        if row is None:
            return
        if self._waits:
            self.say(not_answered(), kind="warn")
            return
        if not self.till.standing.link:
            self.say(
                _("A refund needs the server, and this till is offline. Try again when it is online."), kind="warn"
            )
            return
        from terminal.sync import Refunds  # noqa: PLC0415 - with httpx, which the first screen does without

        try:
            left = await self.till.ask(
                lambda terminal: Refunds(terminal.store, terminal.clock, terminal.random).check(row.id, None)
            )
        except TallystickError as error:
            self.say_error(error)
            return
        amount: Money | None = await self.till.show(RefundScreen(left))
        if amount is None:
            self.say(_("Nothing was refunded."))
            return
        await self._refund(row, amount)

    @work(exclusive=True, group="take back")
    async def action_again(self) -> None:
        """Ask again for the refund that was not answered."""
        if self._waits:
            await ask_again(self, self._payment)
            await self._read()

    async def _refund(self, row: PaymentRow, amount: Money) -> None:
        what = _("Refund {amount} of {whole} to wallet {wallet}?").format(
            amount=amount, whole=Money(row.amount, row.currency), wallet=masked(row.wallet)
        )
        reason = await ask_reason(self.till, what, REFUND_REASONS)
        approval = None if reason is None else await ask_approval(self.till, what)
        if reason is None or approval is None:
            self.say(_("Nothing was refunded."))
            return
        self.say(_("Asking the server …"))
        asked = self.till.desk.aside(lambda terminal: terminal.refund(row.id, amount, approval, reason))
        try:
            done = await asyncio.wrap_future(asked)
        except TallystickError as error:
            await self._read()
            self.say_error(error)
            return
        await self._read()
        self.say(refunded(done), kind="good")

"""A sale: amount, then a voucher or a wallet and a code, then the verdict."""

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual import on, work
from textual.widget import Widget

from shared.errors import TallystickError
from shared.money import Money
from shared.reasons import Reason
from terminal.composition import Terminal
from terminal.texts import _
from terminal.till.checkout import OpenSale
from terminal.till.people import Approval
from terminal.till.sale_answer import SaleAnswer
from terminal.till.shift_start import OWNER
from terminal.till.tender import read_voucher
from terminal.ui.screens.approval import NOBODY, ask_approval
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.verdict import VerdictScreen
from terminal.ui.tendered import Tendered, read_scan
from terminal.ui.widgets.entry_field import EntryField
from terminal.ui.widgets.key_line import KeyLine
from terminal.ui.widgets.sale_form import HINTS, SaleForm, Stage
from terminal.ui.widgets.status_line import StatusLine

_Answer = TypeVar("_Answer")


class SaleScreen(TillScreen):
    """Where a cashier is all day."""

    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "confirm", "back", "otherwise", "help", "history", "queue", "shift")

    def __init__(self) -> None:
        super().__init__()
        self._sale: OpenSale | None = None
        self._offer: Money | None = None

    def middle(self) -> Iterable[Widget]:
        """The steps."""
        status = self.till.standing.status
        yield SaleForm(status.currency if status else "EUR")

    @property
    def _form(self) -> SaleForm:
        return self.query_one(SaleForm)

    async def on_mount(self) -> None:
        """Begin, or go on where a restart broke in."""
        sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
        if sale is not None and not sale.payments:
            await self.till.ask(lambda terminal: terminal.till.checkout.give_up(NOBODY))
            sale = None
        self._sale = sale
        self._go_to(Stage.AMOUNT if sale is None else Stage.TENDER)
        if sale is not None and sale.complete:
            self.start(self._finish(None, found=True))
        elif sale is not None:
            self.say(_("This sale was paid in part before the till was started again."), kind="warn")

    async def speak_anew(self) -> None:
        """The same sale, as far as it is, in other words."""
        self._form.speak_anew(self._sale)
        self.query_one(StatusLine).refresh()
        self.query_one(KeyLine).refresh()
        if not self.busy:
            self.say(_(HINTS[self._form.stage]))

    def offers(self, action: str) -> bool:
        """Other tender is for the rest of a sale that was paid in part; + for an offer."""
        if action == "otherwise":
            return self._sale is not None and bool(self._sale.paying)
        return action != "confirm" or self._offer is not None

    # -- what is typed and scanned ----------------------------------------------------------------------------------

    def scanned(self, text: str) -> None:
        """A voucher, a wallet number or a code, wherever the focus is; nothing that was scanned confirms anything."""
        if self.busy:
            return
        found = read_scan(text)
        if found is None:
            focused = self.focused
            if isinstance(focused, EntryField):
                focused.type_text(text)  # somebody who types as fast as a scanner
            else:
                self.say(_("This is no voucher and no code. Please scan it again."), kind="warn")
            return
        if found.code:
            self._form.put_code(found.code)
            if self._form.stage is Stage.CODE:
                self.say(_("Code scanned: Enter takes the payment."))
            return
        self._tender(found)

    def _tender(self, found: Tendered) -> None:
        self._form.take(found)
        if found.voucher:
            self._read_voucher(found)
        elif self._form.stage is not Stage.AMOUNT:
            self._go_to(Stage.CODE)

    @work(exclusive=True, group="voucher")
    async def _read_voucher(self, found: Tendered) -> None:
        """Say at once whose voucher it is, so that a wrong one is not found out after the code."""
        try:
            voucher = await self.till.ask(lambda terminal: read_voucher(terminal.store, found.voucher))
        except TallystickError as error:
            self._form.tendered = Tendered()
            self.say_error(error)
            return
        self._form.show_voucher(voucher)
        if self._form.stage is Stage.AMOUNT:
            self.say(_("Voucher read: now the amount."))
        else:
            self._go_to(Stage.CODE)

    @on(EntryField.Changed, "#wallet")
    def _wallet_typed(self, event: EntryField.Changed) -> None:
        entry = event.field.entry
        if entry is not None and entry.problem:
            self.say(entry.problem, kind="warn")
        elif self._form.stage is Stage.TENDER:
            self.say(_(HINTS[Stage.TENDER]))

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_next(self) -> None:
        """Enter: what is there is right, go on."""
        if self.busy:
            return
        if self._form.stage is Stage.AMOUNT:
            self.start(self._begin())
        elif self._form.stage is Stage.TENDER:
            self._take_wallet()
        else:
            self.start(self._pay())

    def action_confirm(self) -> None:
        """Take what the code covers, where that was offered; else as Enter."""
        offer, self._offer = self._offer, None
        if offer is not None and not self.busy:
            self.start(self._pay(offer))
        else:
            self.action_next()

    def action_back(self) -> None:
        """One step back; from the tender, out of the sale."""
        if self.busy:
            return
        self._offer = None
        if self._form.stage is Stage.CODE:
            self._forget_tender()
        elif self._form.stage is Stage.TENDER:
            self.start(self._leave())
        else:
            self._form.clear_amount()

    def action_otherwise(self) -> None:
        """The rest is paid another way, in cash for one: this sale is over with what was paid by codes."""
        if self._sale is not None and self._sale.paying and not self.busy:
            self.start(self._rest_otherwise())

    async def _rest_otherwise(self) -> None:
        await self._do(lambda terminal: terminal.till.checkout.rest_otherwise())
        await self._finish(None)

    # -- the sale ---------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        amount, who = self._form.amount, self.till.signed_in
        if amount is None:
            self.say(_("Type the amount first, then Enter."), kind="warn")
            return
        cashier = None if who is None or who.role == OWNER else who.id
        sale = await self._do(lambda terminal: terminal.till.checkout.begin(amount, cashier))
        if sale is None:
            return
        self._sale = sale
        tendered = self._form.tendered
        self._go_to(Stage.CODE if tendered.voucher or tendered.wallet else Stage.TENDER)

    def _take_wallet(self) -> None:
        wallet = self._form.wallet
        if wallet is None:
            self.say(_("A wallet number has ten digits. Or scan the voucher."), kind="warn")
            return
        self._form.tendered = Tendered(wallet=wallet)
        self._go_to(Stage.CODE)

    async def _pay(self, amount: Money | None = None, raised_by: Approval | None = None) -> None:
        code, tendered = self._form.code, self._form.tendered
        if code is None:
            self.say(_("A code has eight letters and digits."), kind="warn")
            return
        self.say(_("Checking …"))
        answer = await self._do(
            lambda terminal: terminal.till.checkout.pay(
                code=code,
                wallet=tendered.wallet or None,
                voucher=tendered.voucher or None,
                amount=amount,
                raised_by=raised_by,
            )
        )
        if answer is not None:
            await self._answered(answer)

    async def _answered(self, answer: SaleAnswer) -> None:
        if answer.covers is not None:
            self._offer = answer.covers
            text = (
                _("One payment may be {covers} here. + takes that; the rest is paid with another code.")
                if Reason.PAYMENT_LIMIT in answer.reasons
                else _("This code covers {covers}. + takes that; the rest is paid with another code.")
            )
            self.say(text.format(covers=answer.covers), kind="warn")
            self.query_one(KeyLine).refresh()
            return
        if not answer.approved:
            await self._refused(answer)
            return
        self._form.put_code()
        self._sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
        if self._sale is not None and not self._sale.complete:
            self._forget_tender()
            self.say(_("Paid in part. Now another code for the rest."), kind="waits")
        else:
            await self._finish(answer)

    async def _refused(self, answer: SaleAnswer) -> None:
        chosen = await self.till.show(VerdictScreen.refused(answer))
        if chosen == "raise":
            await self._raise_limit(answer.amount)
            return
        self._form.put_code()
        self._sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
        again = Reason.CODE_INVALID in answer.reasons and answer.retry_ms is None and answer.guesses_left
        if chosen == "back":
            await self._leave()
        elif again:
            self._go_to(Stage.CODE)
            self.say(_("The code once more, or Esc for another wallet."))
        else:
            self._forget_tender()

    async def _raise_limit(self, amount: Money) -> None:
        """The same code once more, on a supervisor's word; without it everything stays as it is."""
        what = _("Raise the limit once, for {amount}? The server will look at this payment.").format(amount=amount)
        approval = await ask_approval(self.till, what)
        if approval is None:
            self.say(_(HINTS[Stage.CODE]))
        else:
            await self._pay(amount, approval)

    async def _finish(self, answer: SaleAnswer | None, *, found: bool = False) -> None:
        """Show the verdict; once it was seen, the sale is over, unless the server has refused what paid it."""
        sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
        if sale is None:
            return
        await self.till.show(VerdictScreen.accepted(sale, answer, found=found))
        self._sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
        if self._sale is not None and not self._sale.complete:
            self._forget_tender()
            self.say(_("The server refused a payment: the rest has to be paid another way."), kind="bad")
            return
        await self._do(lambda terminal: terminal.till.checkout.finish())
        self.end()

    async def _leave(self) -> None:
        """Out of this sale: at once where nothing was paid; else its payments are voided, on somebody's word."""
        sale, approval, who = self._sale, NOBODY, self.till.signed_in
        if sale is not None and sale.paying:
            what = _("Give up this sale? {paid} that were paid are voided.").format(paid=sale.paid)
            given = await ask_approval(self.till, what)
            if given is None:
                return
            approval = given
        if sale is not None:
            cashier = None if who is None or who.role == OWNER else who.id
            try:
                await self.till.ask(lambda terminal: terminal.till.checkout.give_up(approval, cashier))
            except TallystickError as error:
                self.say_error(error)
                return
        self.end()

    async def _do(self, work_of: Callable[[Terminal], _Answer]) -> _Answer | None:
        """Ask the till; None where it went wrong, which is said."""
        try:
            return await self.till.ask(work_of)
        except TallystickError as error:
            self.say_error(error)
            return None

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _go_to(self, stage: Stage) -> None:
        self._offer = None
        self._form.go_to(stage, self._sale)
        self.query_one(KeyLine).refresh()
        self.say(_(HINTS[stage]))

    def _forget_tender(self) -> None:
        """Another wallet or voucher, for what is left."""
        self._form.forget()
        self._go_to(Stage.TENDER)

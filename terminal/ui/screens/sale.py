"""A sale: amount, then a voucher or a wallet and a code, then the verdict."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import ClassVar, TypeVar

from textual import on, work
from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from shared.money import Money, format_minor
from shared.reasons import Reason
from shared.vouchers import Voucher
from terminal.composition import Terminal
from terminal.texts import _, marked
from terminal.till import sentences
from terminal.till.checkout import OpenSale
from terminal.till.sale import SaleAnswer
from terminal.till.shift_start import OWNER
from terminal.till.tender import read_voucher
from terminal.ui.entries import AmountEntry, CodeEntry, WalletEntry
from terminal.ui.screens.approval import NOBODY, ask_approval
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.verdict import VerdictScreen
from terminal.ui.tendered import Tendered, read_scan
from terminal.ui.widgets.entry_field import EntryField
from terminal.ui.widgets.key_line import KeyLine
from terminal.ui.widgets.status_line import StatusLine

_Answer = TypeVar("_Answer")


class Stage(Enum):
    """How far the sale is."""

    AMOUNT = "amount"
    TENDER = "tender"
    CODE = "code"


_HINTS = {
    Stage.AMOUNT: marked("Type the amount, then Enter."),
    Stage.TENDER: marked("Scan the voucher, or type the wallet number and Enter."),
    Stage.CODE: marked("The customer's code, then Enter."),
}


class SaleScreen(TillScreen):
    """Where a cashier is all day."""

    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "confirm", "back", "otherwise", "help", "history", "queue", "shift")

    def __init__(self) -> None:
        super().__init__()
        self._stage = Stage.AMOUNT
        self._sale: OpenSale | None = None
        self._tendered = Tendered()
        self._offer: Money | None = None

    def middle(self) -> Iterable[Widget]:
        """Three fields, one below the other; what is not asked for yet is not there."""
        status = self.till.standing.status
        yield EntryField(_("Amount"), AmountEntry(status.currency if status else "EUR"), id="amount", classes="big")
        yield Static("", id="paid", markup=False)
        yield EntryField(_("Wallet"), WalletEntry(), id="wallet")
        yield Static("", id="voucher", markup=False)
        yield EntryField(_("Code"), CodeEntry(), id="code")

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
        for name, label in (("amount", _("Amount")), ("wallet", _("Wallet")), ("code", _("Code"))):
            field = self._field(name)
            field.label = label
            field.refresh()
        self.query_one("#paid", Static).update(_paid(self._sale))
        self.query_one(StatusLine).refresh()
        self.query_one(KeyLine).refresh()
        if not self.busy:
            self.say(_(_HINTS[self._stage]))

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
            self._field("code").put(CodeEntry(found.code))
            if self._stage is Stage.CODE:
                self.say(_("Code scanned: Enter takes the payment."))
            return
        self._tender(found)

    def _tender(self, found: Tendered) -> None:
        self._tendered = found
        self._field("wallet").put(WalletEntry(found.wallet))
        self._field("code").put(CodeEntry())
        if found.voucher:
            self._read_voucher(found)
        elif self._stage is not Stage.AMOUNT:
            self._go_to(Stage.CODE)

    @work(exclusive=True, group="voucher")
    async def _read_voucher(self, found: Tendered) -> None:
        """Say at once whose voucher it is, so that a wrong one is not found out after the code."""
        try:
            voucher = await self.till.ask(lambda terminal: read_voucher(terminal.store, found.voucher))
        except TallystickError as error:
            self._tendered = Tendered()
            self.say_error(error)
            return
        self.query_one("#voucher", Static).update(_voucher(voucher))
        if self._stage is Stage.AMOUNT:
            self.say(_("Voucher read: now the amount."))
        else:
            self._go_to(Stage.CODE)

    @on(EntryField.Changed, "#wallet")
    def _wallet_typed(self, event: EntryField.Changed) -> None:
        entry = event.field.entry
        if entry is not None and entry.problem:
            self.say(entry.problem, kind="warn")
        elif self._stage is Stage.TENDER:
            self.say(_("Scan the voucher, or type the wallet number and Enter."))

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_next(self) -> None:
        """Enter: what is there is right, go on."""
        if self.busy:
            return
        if self._stage is Stage.AMOUNT:
            self.start(self._begin())
        elif self._stage is Stage.TENDER:
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
        if self._stage is Stage.CODE:
            self._forget_tender()
        elif self._stage is Stage.TENDER:
            self.start(self._leave())
        else:
            self._field("amount").put(self._empty_amount())

    def action_otherwise(self) -> None:
        """The rest is paid another way, in cash for one: this sale is over with what was paid by codes."""
        if self._sale is not None and self._sale.paying and not self.busy:
            self.start(self._rest_otherwise())

    async def _rest_otherwise(self) -> None:
        await self._do(lambda terminal: terminal.till.checkout.rest_otherwise())
        await self._finish(None)

    # -- the sale ---------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        entry, who = self._field("amount").entry, self.till.signed_in
        if not isinstance(entry, AmountEntry) or not entry.complete:
            self.say(_("Type the amount first, then Enter."), kind="warn")
            return
        cashier = None if who is None or who.role == OWNER else who.id
        sale = await self._do(lambda terminal: terminal.till.checkout.begin(entry.money, cashier))
        if sale is None:
            return
        self._sale = sale
        self._go_to(Stage.CODE if self._tendered.voucher or self._tendered.wallet else Stage.TENDER)

    def _take_wallet(self) -> None:
        entry = self._field("wallet").entry
        if isinstance(entry, WalletEntry) and entry.complete:
            self._tendered = Tendered(wallet=entry.digits)
            self._go_to(Stage.CODE)
        else:
            self.say(_("A wallet number has ten digits. Or scan the voucher."), kind="warn")

    async def _pay(self, amount: Money | None = None) -> None:
        field, tendered = self._field("code"), self._tendered
        code = field.entry
        if not isinstance(code, CodeEntry) or not code.complete:
            self.say(_("A code has eight letters and digits."), kind="warn")
            return
        self.say(_("Checking …"))
        answer = await self._do(
            lambda terminal: terminal.till.checkout.pay(
                code=code.symbols, wallet=tendered.wallet or None, voucher=tendered.voucher or None, amount=amount
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
        self._field("code").put(CodeEntry())
        self._sale = await self.till.ask(lambda terminal: terminal.till.checkout.current())
        if not answer.approved:
            await self._refused(answer)
        elif self._sale is not None and not self._sale.complete:
            self._forget_tender()
            self.say(_("Paid in part. Now another code for the rest."), kind="waits")
        else:
            await self._finish(answer)

    async def _refused(self, answer: SaleAnswer) -> None:
        chosen = await self.till.show(VerdictScreen.refused(answer))
        again = Reason.CODE_INVALID in answer.reasons and answer.retry_ms is None and answer.guesses_left
        if chosen == "back":
            await self._leave()
        elif again:
            self.say(_("The code once more, or Esc for another wallet."))
            self._go_to(Stage.CODE)
        else:
            self._forget_tender()

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
        self._stage = stage
        self._offer = None
        sale = self._sale
        amount, wallet, code = (self._field(name) for name in ("amount", "wallet", "code"))
        if sale is not None:
            amount.put(AmountEntry(sale.rest.currency, sale.rest.minor))
        self.query_one("#paid", Static).update(_paid(sale))
        wallet.display = stage is not Stage.AMOUNT and not self._tendered.voucher
        code.display = stage is Stage.CODE
        {Stage.AMOUNT: amount, Stage.TENDER: wallet, Stage.CODE: code}[stage].focus()
        self.query_one(KeyLine).refresh()
        self.say(_(_HINTS[stage]))

    def _forget_tender(self) -> None:
        """Another wallet or voucher, for what is left."""
        self._tendered = Tendered()
        self._field("wallet").put(WalletEntry())
        self._field("code").put(CodeEntry())
        self.query_one("#voucher", Static).update("")
        self._go_to(Stage.TENDER)

    def _field(self, name: str) -> EntryField:
        return self.query_one(f"#{name}", EntryField)

    def _empty_amount(self) -> AmountEntry:
        entry = self._field("amount").entry
        return AmountEntry(entry.currency) if isinstance(entry, AmountEntry) else AmountEntry("EUR")


def _paid(sale: OpenSale | None) -> str:
    if sale is None or not sale.payments:
        return ""
    currency = sale.amount.currency
    return _("{paid} of {amount} {currency} paid, {rest} to go").format(
        paid=format_minor(sale.paid.minor, currency),
        amount=format_minor(sale.amount.minor, currency),
        currency=currency,
        rest=format_minor(sale.rest.minor, currency),
    )


def _voucher(voucher: Voucher) -> str:
    return _("Voucher of {wallet}, up to {cap}").format(
        wallet=sentences.masked(voucher.wallet), cap=Money(voucher.cap, voucher.currency)
    )

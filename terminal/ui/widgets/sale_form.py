"""The steps of a sale as its screen shows them: an amount, then a voucher or a wallet, then a code."""

from enum import Enum
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from shared.money import Money, format_minor
from shared.vouchers import Voucher
from terminal.texts import _, marked
from terminal.till.checkout import OpenSale
from terminal.till.sentences import masked
from terminal.ui.entries import AmountEntry, CodeEntry, WalletEntry
from terminal.ui.tendered import Tendered
from terminal.ui.widgets.entry_field import EntryField


class Stage(Enum):
    """How far the sale is."""

    AMOUNT = "amount"
    TENDER = "tender"
    CODE = "code"


HINTS = {
    Stage.AMOUNT: marked("Type the amount, then Enter."),
    Stage.TENDER: marked("Scan the voucher, or type the wallet number and Enter."),
    Stage.CODE: marked("The customer's code, then Enter."),
}
_LABELS = {"amount": marked("Amount"), "wallet": marked("Wallet"), "code": marked("Code")}


class SaleForm(Vertical):
    """Three fields, one below the other; what is not asked for yet is not there. `tendered` is what was laid down."""

    def __init__(self, currency: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._currency = currency
        self.stage = Stage.AMOUNT
        self.tendered = Tendered()

    def compose(self) -> ComposeResult:
        """Fields, and what is known beside them."""
        yield EntryField(_(_LABELS["amount"]), AmountEntry(self._currency), id="amount", classes="big")
        yield Static("", id="paid", markup=False)
        yield EntryField(_(_LABELS["wallet"]), WalletEntry(), id="wallet")
        yield Static("", id="voucher", markup=False)
        yield EntryField(_(_LABELS["code"]), CodeEntry(), id="code")

    def speak_anew(self, sale: OpenSale | None) -> None:
        """The same, as far as it is, in other words."""
        for name, label in _LABELS.items():
            field = self.field(name)
            field.label = _(label)
            field.refresh()
        self.query_one("#paid", Static).update(_paid(sale))

    def go_to(self, stage: Stage, sale: OpenSale | None) -> None:
        """Show a step of a sale, and type there."""
        self.stage = stage
        amount, wallet, code = (self.field(name) for name in _LABELS)
        if sale is not None:
            amount.put(AmountEntry(sale.rest.currency, sale.rest.minor))
        self.query_one("#paid", Static).update(_paid(sale))
        wallet.display = stage is not Stage.AMOUNT and not self.tendered.voucher
        code.display = stage is Stage.CODE
        {Stage.AMOUNT: amount, Stage.TENDER: wallet, Stage.CODE: code}[stage].focus()

    def take(self, found: Tendered) -> None:
        """Something was laid down: what was there before is nobody's any more."""
        self.tendered = found
        self.field("wallet").put(WalletEntry(found.wallet))
        self.field("code").put(CodeEntry())

    def forget(self) -> None:
        """Nothing is laid down."""
        self.take(Tendered())
        self.query_one("#voucher", Static).update("")

    def show_voucher(self, voucher: Voucher) -> None:
        """Whose it is, and what it covers."""
        text = _("Voucher of {wallet}, up to {cap}").format(
            wallet=masked(voucher.wallet), cap=Money(voucher.cap, voucher.currency)
        )
        self.query_one("#voucher", Static).update(text)

    def clear_amount(self) -> None:
        """Nothing typed."""
        self.field("amount").put(AmountEntry(self._currency))

    @property
    def amount(self) -> Money | None:
        """What was typed, where it is an amount."""
        entry = self.field("amount").entry
        return entry.money if isinstance(entry, AmountEntry) and entry.complete else None

    @property
    def wallet(self) -> str | None:
        """The wallet number that was typed, where it is one."""
        entry = self.field("wallet").entry
        return entry.digits if isinstance(entry, WalletEntry) and entry.complete else None

    @property
    def code(self) -> str | None:
        """The code that was typed, where it is all there."""
        entry = self.field("code").entry
        return entry.symbols if isinstance(entry, CodeEntry) and entry.complete else None

    def put_code(self, symbols: str = "") -> None:
        """A code that was scanned; or none."""
        self.field("code").put(CodeEntry(symbols))

    def field(self, name: str) -> EntryField:
        """One of the three."""
        return self.query_one(f"#{name}", EntryField)


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

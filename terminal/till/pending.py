"""What a terminal still has to do: none of it may be lost by a reset."""

from dataclasses import dataclass

from shared.money import Money
from terminal.errors import PendingError
from terminal.journal.device import read_device
from terminal.journal.payments import Exposure
from terminal.journal.shifts import Shift
from terminal.texts import _, plural
from terminal.till.checkout import Checkout, OpenSale
from terminal.till.parts import Parts
from terminal.till.queries import SQL
from terminal.till.sentences import person


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What is not done: records without a receipt and their payments, the sale in hand, the open shift, refunds."""

    currency: str
    records: int
    exposure: Exposure
    sale: OpenSale | None
    shift: Shift | None
    refunds: int
    refunds_total: int

    def words(self) -> tuple[str, ...]:
        """Each of them in the reader's language; none where nothing is pending."""
        said: list[str] = []
        if self.records:
            records = plural(
                "{count} record waits for the server ({payments})",
                "{count} records wait for the server ({payments})",
                self.records,
            )
            payments = plural("{count} payment, {total}", "{count} payments, {total}", self.exposure.count).format(
                count=self.exposure.count, total=Money(self.exposure.total, self.currency)
            )
            said.append(records.format(count=self.records, payments=payments))
        if self.sale is not None:
            sale = _("a sale of {amount} is in hand ({paid} of it paid)")
            said.append(sale.format(amount=self.sale.amount, paid=self.sale.paid))
        if self.shift is not None:
            said.append(_("the shift of {cashier} is open").format(cashier=person(self.shift.cashier)))
        if self.refunds:
            total = Money(self.refunds_total, self.currency)
            refunds = plural(
                "of {count} refund ({total}) it is not known whether the server made it",
                "of {count} refunds ({total}) it is not known whether the server made them",
                self.refunds,
            )
            said.append(refunds.format(count=self.refunds, total=total))
        return tuple(said)

    def refuse(self) -> None:
        """Make sure that nothing is.

        Raises:
            PendingError: with all that is.
        """
        if words := self.words():
            raise PendingError("Not everything is done here: {words}. Nothing was forgotten.", words="; ".join(words))


def read_pending(parts: Parts, checkout: Checkout) -> Pending:
    """What is pending as of one moment.

    Raises:
        NotEnrolledError: where this terminal is nobody's.
    """
    with parts.store.snapshot():
        asked = parts.store.rows(SQL["refunds_asked"])[0]
        return Pending(
            currency=read_device(parts.store).currency,
            records=parts.journal.waiting()[0],
            exposure=parts.payments.exposure(),
            sale=checkout.current(),
            shift=parts.shifts.open_one(),
            refunds=asked["count"],
            refunds_total=asked["total"],
        )

"""What a terminal still has to do: none of it may be lost by a reset."""

from dataclasses import dataclass

from shared.money import Money
from terminal.errors import PendingError
from terminal.journal.device import read_device
from terminal.journal.payments import Exposure
from terminal.journal.shifts import Shift
from terminal.till.checkout import Checkout, OpenSale
from terminal.till.parts import Parts
from terminal.till.queries import SQL


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
        """Each of them in words; none where nothing is pending."""
        said: list[str] = []
        if self.records:
            total = Money(self.exposure.total, self.currency)
            said.append(f"{self.records} records wait for the server ({self.exposure.count} payments, {total})")
        if self.sale is not None:
            said.append(f"a sale of {self.sale.amount} is in hand ({self.sale.paid} of it paid)")
        if self.shift is not None:
            said.append(f"the shift of {self.shift.cashier} is open")
        if self.refunds:
            total = Money(self.refunds_total, self.currency)
            said.append(f"of {self.refunds} refunds ({total}) it is not known whether the server made them")
        return tuple(said)

    def refuse(self) -> None:
        """Make sure that nothing is.

        Raises:
            PendingError: with all that is.
        """
        if words := self.words():
            raise PendingError(f"Not everything is done here: {'; '.join(words)}. Nothing was forgotten.")


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

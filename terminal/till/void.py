"""Taking a payment back: a record of its own, so that the journal only grows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.errors import LifeCycleError
from shared.ids import uuid_text
from shared.journal import Void
from shared.money import Money
from terminal.clock import Moment
from terminal.errors import VoidRefusedError
from terminal.journal.device import read_device
from terminal.journal.payments import PaymentRow
from terminal.texts import Marked, marked
from terminal.till.book_view import read_book
from terminal.till.parts import Parts
from terminal.till.people import Approval, Approvals, check_cashier, check_text
from terminal.till.queries import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidAnswer:
    """The void's record, and what it took back."""

    payment: bytes
    amount: Money
    approver: str
    seq: int
    link: bytes


class Voids:
    """Voiding, by a supervisor's word where the shop has supervisors."""

    def __init__(self, parts: Parts, approvals: Approvals) -> None:
        self._parts = parts
        self._approvals = approvals

    def void(self, payment: bytes, *, reason: str, approval: Approval, cashier: str | None = None) -> VoidAnswer:
        """Take back a payment of this device, epoch and open shift, once.

        Raises:
            NoSuchPaymentError: where this terminal has none with that id.
            VoidRefusedError: where it is of another shift or epoch, failed, or was voided before.
            ApproverError: where no supervisor stands behind it.
        """
        return self.void_together([payment], reason=reason, approval=approval, cashier=cashier)[0]

    def void_together(
        self,
        payments: Sequence[bytes],
        *,
        reason: str,
        approval: Approval,
        cashier: str | None = None,
        also: Callable[[], None] = lambda: None,
    ) -> list[VoidAnswer]:
        """Take back several payments by one approval, all or none; as `void`. What `also` writes commits with them."""
        check_text(reason, marked("the reason"))
        if cashier is not None:
            check_text(cashier, marked("the cashier"))
        with self._parts.store.snapshot():
            check_cashier(read_book(self._parts.store), cashier)
            for payment in payments:
                self._find(payment)  # refuse before anybody types a PIN
        approver = self._approvals.approve(approval)
        with self._parts.store.transaction():
            done = [self._record(payment, reason, approver, cashier) for payment in payments]
            also()
            return done

    def _find(self, payment: bytes) -> PaymentRow:
        row, device, shift = (
            self._parts.payments.get(payment),
            read_device(self._parts.store),
            self._parts.shifts.open_one(),
        )
        if shift is None or row.shift != shift.id or row.epoch != device.epoch:
            raise VoidRefusedError("only a payment of the open shift can be voided: refund it another way")
        if self._parts.store.row(SQL["is_refunded"], {"payment": payment}) is not None:
            raise VoidRefusedError("a part of this payment was refunded: refund the rest of it too")
        return row

    def _record(self, payment: bytes, reason: str, approver: str, cashier: str | None) -> VoidAnswer:
        parts, row = self._parts, self._find(payment)
        device, shift = read_device(parts.store), parts.shifts.open_one()
        try:
            parts.payments.void(row)
        except LifeCycleError:
            raise VoidRefusedError(
                "payment {payment} is {state} and can't be voided",
                payment=uuid_text(payment),
                state=Marked(row.state.value),
            ) from None
        _, stored = parts.journal.append(
            device,
            lambda common: Void(**common, payment=payment, reason=reason, approver=approver),
            moment=Moment.of(parts.clock),
            shift=row.shift,
            cashier=cashier or (shift.cashier if shift else approver),
        )
        return VoidAnswer(
            payment=payment, amount=Money(row.amount, row.currency), approver=approver, seq=stored.seq, link=stored.link
        )

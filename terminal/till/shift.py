"""A cashier's shift: opened with a float, closed with a count and a total that are signed."""

from dataclasses import dataclass

from shared.money import Money
from terminal.clock import Moment
from terminal.errors import ApproverError, NoShiftError, SaleInHandError, ShiftIsOpenError
from terminal.journal.device import Device, read_device
from terminal.journal.payments import Exposure
from terminal.journal.shifts import Shift, ShiftTotals
from terminal.texts import marked
from terminal.till.book_view import read_book
from terminal.till.parts import Parts
from terminal.till.people import Approval, Approvals, check_cashier, check_text
from terminal.till.queries import SQL
from terminal.till.shift_start import OWNER, begin_shift, end_shift


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftOpened:
    """A shift that began."""

    shift: bytes
    cashier: str
    opening_float: Money
    seq: int
    link: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClosed:
    """A shift that ended: payments less the void ones, and what the till carries forward without a receipt."""

    shift: bytes
    cashier: str
    count: int
    total: Money
    voids: int
    carried: Exposure
    seq: int
    link: bytes


class ShiftDesk:
    """Opening and closing."""

    def __init__(self, parts: Parts, approvals: Approvals) -> None:
        self._parts = parts
        self._approvals = approvals

    def open(self, opening_float: Money, cashier: str | None = None) -> ShiftOpened:
        """Begin a shift with money in the drawer.

        Raises:
            ShiftIsOpenError: where one is open.
        """
        name = check_text(cashier or OWNER, marked("the cashier"))
        parts = self._parts
        with parts.store.transaction():
            device = read_device(parts.store)
            check_cashier(read_book(parts.store), cashier)
            moment, before = Moment.of(parts.clock), parts.shifts.open_one()
            if before is not None and before.epoch == device.epoch:
                raise ShiftIsOpenError
            if before is not None:
                end_shift(parts, device, moment, before, before.cashier)
            shift, stored = begin_shift(parts, device, moment, name, opening_float.minor)
        return ShiftOpened(shift=shift.id, cashier=name, opening_float=opening_float, seq=stored.seq, link=stored.link)

    def close(self, approval: Approval, cashier: str | None = None) -> ShiftClosed:
        """End the open shift. With unsynced payments it needs a supervisor, where the shop has any.

        Raises:
            NoShiftError: where none is open.
            ApproverError: where a supervisor is needed.
            SaleInHandError: where a sale was paid in part, and its rest was not.
        """
        parts = self._parts
        if cashier is not None:
            check_text(cashier, marked("the cashier"))
        with parts.store.snapshot():
            check_cashier(read_book(parts.store), cashier)
            read_device(parts.store)
            needed = self._needs_approval(self._open_shift())
        if needed:
            self._approvals.approve(approval)
        with parts.store.transaction():
            shift = self._open_shift()
            if not needed and self._needs_approval(shift):
                # Sold beside us since we looked.
                raise ApproverError("a payment was taken meanwhile: try again with a supervisor")
            return self._close(read_device(parts.store), shift, cashier)

    def _open_shift(self) -> Shift:
        shift = self._parts.shifts.open_one()
        if shift is None:
            raise NoShiftError
        return shift

    def _needs_approval(self, shift: Shift) -> bool:
        return self._approvals.needed() and self._parts.shifts.totals(shift).unsynced > 0

    def _close(self, device: Device, shift: Shift, cashier: str | None) -> ShiftClosed:
        parts, name = self._parts, cashier or shift.cashier
        if parts.store.value(SQL["paid_in_part"]):
            # Once its shift is closed, nothing of it could be voided any more.
            raise SaleInHandError("a sale is in hand that was paid in part: finish it or give it up first")
        totals: ShiftTotals = parts.shifts.totals(shift)
        stored = end_shift(parts, device, Moment.of(parts.clock), shift, name)
        return ShiftClosed(
            shift=shift.id,
            cashier=name,
            count=totals.count,
            total=Money(totals.total, device.currency),
            voids=totals.voids,
            carried=parts.payments.exposure(),
            seq=stored.seq,
            link=stored.link,
        )

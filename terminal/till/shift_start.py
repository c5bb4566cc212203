"""Opening a shift: by hand with a float, or by the first sale with an empty drawer."""

from shared.ids import UUID7_RANDOM_BYTES, uuid7
from shared.journal import ShiftClose, ShiftOpen
from terminal.clock import Moment
from terminal.journal.chain import StoredRecord
from terminal.journal.device import Device
from terminal.journal.shifts import Shift
from terminal.till.parts import Parts

OWNER = "owner"  # who works where the book names no cashiers


def begin_shift(
    parts: Parts, device: Device, moment: Moment, cashier: str, opening_float: int
) -> tuple[Shift, StoredRecord]:
    """Open a shift in the caller's transaction; none is open."""
    shift = Shift(
        id=uuid7(moment.at, parts.random(UUID7_RANDOM_BYTES)),
        epoch=device.epoch,
        cashier=cashier,
        opening_float=opening_float,
        opened_at=moment.at,
    )
    _, record = parts.journal.append(
        device,
        lambda common: ShiftOpen(**common, opening_float=opening_float),
        moment=moment,
        shift=shift.id,
        cashier=cashier,
    )
    parts.shifts.add(shift)
    return shift, record


def end_shift(parts: Parts, device: Device, moment: Moment, shift: Shift, cashier: str) -> StoredRecord:
    """Close a shift in the caller's transaction, with what was taken in it."""
    totals = parts.shifts.totals(shift)
    _, record = parts.journal.append(
        device,
        lambda common: ShiftClose(**common, count=totals.count, total=totals.total, currency=device.currency),
        moment=moment,
        shift=shift.id,
        cashier=cashier,
    )
    parts.shifts.close(shift, totals, parts.payments.exposure(), moment.at)
    return record


def shift_for_sale(parts: Parts, device: Device, moment: Moment, cashier: str | None) -> tuple[Shift, bool]:
    """The open shift, or one that is opened with a float of 0; the second says whether it was opened here.

    A shift of an earlier epoch ends first: a void must name a payment of the same epoch and shift.
    """
    shift = parts.shifts.open_one()
    if shift is not None and shift.epoch != device.epoch:
        end_shift(parts, device, moment, shift, shift.cashier)
        shift = None
    if shift is not None:
        return shift, False
    return begin_shift(parts, device, moment, cashier or OWNER, 0)[0], True

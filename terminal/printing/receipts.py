"""A payment's receipt from the store, and how often it was handed out: all but the first say COPY."""

from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

from shared import record_text
from shared.money import Money
from terminal.clock import Clock
from terminal.journal.device import read_device
from terminal.journal.payments import PaymentRow, Payments
from terminal.printing.slip import PaidPart, Slip
from terminal.store.database import Store
from terminal.store.statements import load_statements
from terminal.till.sentences import masked

_SQL = load_statements(Path(__file__).with_name("printing.sql"))


def slip_of(store: Store, payments: Sequence[bytes], *, copy: bool, zone: tzinfo | None = None) -> Slip:
    """The receipt of one payment, or of several of a sale. What was paid otherwise is told with all of a sale alone.

    Raises:
        NoSuchPaymentError: where this terminal has no such payment.
        ValueError: where none is named, or they are in several currencies.
    """
    wanted = list(dict.fromkeys(payments))
    known = Payments(store)
    if store.in_transaction:
        return _read(store, [known.get(payment) for payment in wanted], copy=copy, zone=zone)
    with store.snapshot():
        return _read(store, [known.get(payment) for payment in wanted], copy=copy, zone=zone)


def _read(store: Store, rows: Sequence[PaymentRow], *, copy: bool, zone: tzinfo | None) -> Slip:
    currencies = {row.currency for row in rows}
    if len(currencies) != 1:
        raise ValueError("a receipt is of payments in one currency")
    device = read_device(store)
    return Slip(
        vendor=device.vendor_name,
        till=device.name,
        parts=tuple(_part(store, row) for row in rows),
        otherwise=Money(_otherwise(store, rows), currencies.pop()),
        copy=copy,
        zone=zone,
    )


def _part(store: Store, row: PaymentRow) -> PaidPart:
    record = store.rows(_SQL["record"], {"epoch": row.epoch, "seq": row.seq})[0]
    return PaidPart(
        payment=row.id,
        wallet=masked(row.wallet),
        amount=Money(row.amount, row.currency),
        at=row.at,
        state=row.state,
        seq=row.seq,
        epoch=row.epoch,
        link=record["link"],
        code=record_text.to_text(record["raw"]),
    )


def _otherwise(store: Store, rows: Sequence[PaymentRow]) -> int:
    sales = [store.row(_SQL["sale_of"], {"payment": row.id}) for row in rows]
    first = sales[0]
    if first is None or first["parts"] != len(rows) or any(sale != first for sale in sales):
        return 0
    return int(first["otherwise"])


class Receipts:
    """Handing receipts out. Its methods are short and touch the store alone: printing goes on between them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def hand_out(self, payments: Sequence[bytes], *, zone: tzinfo | None = None) -> Slip:
        """The receipt to be given now, a COPY where one was given before; counted from now on, also over restarts.

        Raises:
            NoSuchPaymentError, ValueError: as `slip_of`.
        """
        with self._store.transaction():
            slip = slip_of(self._store, payments, copy=self.was_handed_out(payments), zone=zone)
            for part in slip.parts:
                self._store.execute(_SQL["add"], {"payment": part.payment, "at": self._clock.now()})
            return slip

    def take_back(self, slip: Slip) -> None:
        """Nothing of it reached the paper: the next one is what this would have been."""
        with self._store.transaction():
            for part in slip.parts:
                self._store.execute(_SQL["take_back"], {"payment": part.payment})

    def was_handed_out(self, payments: Sequence[bytes]) -> bool:
        """Whether a receipt of any of these payments was given before."""
        return any(self._store.value(_SQL["times"], {"payment": payment}) for payment in payments)

"""Payments as their till sees them: their states, and the sums that the limits look at."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.journal import Payment
from shared.lifecycles import TILL, TILL_STATE_OF_STATUS, Status, TillState, check_step
from terminal.errors import NoSuchPaymentError
from terminal.journal.queries import SQL
from terminal.store.database import Row, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One payment; `unsynced` until a verified receipt covers its record."""

    id: bytes
    epoch: int
    seq: int
    shift: bytes
    wallet: str
    series: bytes
    idx: int
    amount: int
    currency: str
    at: int
    state: TillState
    reasons: tuple[str, ...]
    unsynced: bool


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the shop would lose if the server took none of it."""

    count: int
    total: int


def _row(row: Row) -> PaymentRow:
    return PaymentRow(
        **{
            **row,
            "state": TillState(row["state"]),
            "reasons": tuple(json.loads(row["reasons"])),
            "unsynced": bool(row["unsynced"]),
        }
    )


def state_after(state: TillState, status: Status) -> TillState:
    """What the server's word makes of a payment. What was voided here stays so, until the void arrives there.

    Raises:
        LifeCycleError: where that word can't follow.
    """
    after = TILL_STATE_OF_STATUS[status]
    if state is TillState.VOIDED:
        return state
    if after is not state:
        check_step(TILL, state, after)
    return after


class Payments:
    """The payments of this terminal. Whatever writes belongs into the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, payment: Payment, *, taken: int | None = None) -> None:
        """A payment that was accepted: PENDING until the server's word. `taken` is its time by the server's clock."""
        check_step(TILL, TillState.VALIDATED, TillState.PENDING)
        self._store.execute(
            SQL["add_payment"],
            {
                "id": payment.id,
                "epoch": payment.epoch,
                "seq": payment.seq,
                "shift": payment.shift,
                "wallet": payment.wallet,
                "series": payment.series,
                "idx": payment.index,
                "amount": payment.amount,
                "currency": payment.currency,
                "at": payment.at,
                "taken": payment.at if taken is None else taken,
                "state": TillState.PENDING.value,
                "reasons": json.dumps(payment.flags),
            },
        )

    def get(self, payment: bytes) -> PaymentRow:
        """One payment.

        Raises:
            NoSuchPaymentError: where this terminal has none with that id.
        """
        row = self._store.row(SQL["payment"], {"id": payment})
        if row is None:
            raise NoSuchPaymentError
        return _row(row)

    def latest(self, most: int) -> list[PaymentRow]:
        """The newest payments first."""
        return [_row(row) for row in self._store.rows(SQL["latest_payments"], {"most": most})]

    def unsynced(self) -> list[PaymentRow]:
        """What no receipt covers, the oldest first."""
        return [_row(row) for row in self._store.rows(SQL["unsynced_payments"])]

    def unsynced_behind(self, epoch: int, seq: int, most: int) -> list[PaymentRow]:
        """So many of those behind a place of the journal, in the same order."""
        bounds = {"epoch": epoch, "seq": seq, "most": most}
        return [_row(row) for row in self._store.rows(SQL["unsynced_page"], bounds)]

    def void(self, payment: PaymentRow) -> None:
        """This till takes a payment back.

        Raises:
            LifeCycleError: where its state does not let it.
        """
        check_step(TILL, payment.state, TillState.VOIDED)
        self._set(payment, TillState.VOIDED, payment.reasons, unsynced=payment.unsynced)

    def answer(self, payment: bytes, status: Status, reasons: Sequence[str]) -> TillState:
        """The server's word on a payment, from a verified receipt or book; the same word twice changes nothing.

        What was voided here stays so: the server reverses it when the void arrives. The payment counts as synced.

        Raises:
            NoSuchPaymentError: where this terminal has none with that id.
            LifeCycleError: where that word can't follow the last one.
        """
        row = self.get(payment)
        after = state_after(row.state, status)
        self._set(row, after, reasons, unsynced=False)
        return after

    def by_code(self, series: bytes, index: int) -> PaymentRow | None:
        """The payment that took a code here, whatever became of it."""
        row = self._store.row(SQL["payment_by_code"], {"series": series, "idx": index})
        return None if row is None else _row(row)

    def streak(self, wallet: str) -> int:
        """A customer's payments at this till since the last sync."""
        return int(self._store.value(SQL["unsynced_of_wallet"], {"wallet": wallet}))

    def exposure(self) -> Exposure:
        """The unsynced count and total of this till."""
        return Exposure(**self._store.rows(SQL["exposure"])[0])

    def total_between(self, wallet: str, since: int, until: int) -> int:
        """A customer's sum in [since, until), by the server's clock."""
        return int(self._store.value(SQL["total_between"], {"wallet": wallet, "since": since, "until": until}))

    def times_between(self, wallet: str, since: int, until: int) -> list[int]:
        """When a customer paid, by the server's clock, both ends included."""
        rows = self._store.rows(SQL["times_between"], {"wallet": wallet, "since": since, "until": until})
        return [row["taken"] for row in rows]

    def _set(self, row: PaymentRow, state: TillState, reasons: Sequence[str], *, unsynced: bool) -> None:
        values: dict[str, Any] = {
            "id": row.id,
            "state": state.value,
            "reasons": json.dumps(list(reasons)),
            "unsynced": int(unsynced),
        }
        self._store.execute(SQL["set_payment"], values)

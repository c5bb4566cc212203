"""Refunds: asked of the server alone, under a key that is durable first, so that none is ever made twice."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from shared.ids import UUID7_RANDOM_BYTES, uuid7, uuid_text
from shared.lifecycles import TillState
from shared.money import Money
from terminal.clock import Clock, Random
from terminal.errors import ServerUnreachableError
from terminal.journal.payments import PaymentRow, Payments
from terminal.journal.shifts import Shifts
from terminal.store.database import Row, Store
from terminal.sync.client import DeviceClient
from terminal.sync.errors import AnswerError, RefundRefusedError, RefundWaitsError, RefusedError
from terminal.sync.queries import SQL
from terminal.texts import marked

_NOT_ASKED = marked("A refund needs the server, which can't be reached now. Nothing was asked; try again later.")
# No connection stood: the server surely never got the question. After anything else nobody at the till can know.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
REFUND_PATH = "/api/sync/refunds"
# The server's words for: this was not done, and never will be under this key. After any other it may have been.
_REFUSALS = frozenset(
    {
        "NOT_REFUNDABLE",
        "REFUND_EXCEEDS_PAYMENT",
        "REFUND_NOT_HERE",
        "UNKNOWN_PAYMENT",
        "AMBIGUOUS_PAYMENT",
        "REASON_REQUIRED",
        "NOT_FOUND",  # a server that is older than refunds at tills
    }
)


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund that the server made: `refunded` is what of the payment is given back in all."""

    payment: bytes
    amount: Money
    refunded: Money
    whole: bool


class Refunds:
    """The refunds of one terminal."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    def check(self, payment: bytes, amount: Money | None) -> Money:
        """What is to be given back, as far as this till can tell; before anybody types a PIN.

        Args:
            payment: its id.
            amount: how much of it; None for all that is left, or again what was asked for and not answered.

        Raises:
            NoSuchPaymentError: this terminal has none with that id.
            RefundRefusedError: it is not settled, or less of it is left.
            RefundWaitsError: of another amount it is not known whether it was given back.
        """
        row = Payments(self._store).get(payment)
        if row.unsynced or row.state is not TillState.COMPLETED:
            raise RefundRefusedError("Only a payment that the server has settled can be refunded. Sync first.")
        asked = self._asked(payment)
        if asked is not None:
            before = Money(asked["amount"], asked["currency"])
            if amount not in (None, before):
                raise RefundWaitsError(
                    "A refund of {before} of this payment was not answered. Ask for the same again first.",
                    before=before,
                )
            return before
        return self._within(row, amount)

    def _within(self, row: PaymentRow, amount: Money | None) -> Money:
        done = self._store.value(SQL["refunded_so_far"], {"payment": row.id})
        left = Money(max(0, row.amount - done), row.currency)
        wanted = left if amount is None else amount
        if wanted.currency != left.currency or not 0 < wanted.minor <= left.minor:
            raise RefundRefusedError("Of this payment {left} are left to refund.", left=left)
        return wanted

    def ask(self, client: DeviceClient, payment: bytes, amount: Money | None, approver: str, reason: str) -> Refunded:
        """Ask the server, or ask again what was not answered: with its own approver and reason, under its own key.

        Raises:
            RefundRefusedError: the server does not; nothing was given back.
            ServerUnreachableError: it can't be reached. If it may have got the question, the same refund can be asked
                for again, and is made once.
            NoSuchPaymentError, RefundWaitsError, RefusedError, AnswerError: as `check` and `DeviceClient.ask`.
        """
        try:
            client.authorise()  # without a connection nothing is asked, and nothing waits for an answer
        except ServerUnreachableError as error:
            raise ServerUnreachableError(_NOT_ASKED) from error
        refund, fresh = self._keep(payment, amount, approver, reason)
        try:
            return self._send(client, refund)
        except ServerUnreachableError as error:
            if fresh and isinstance(error.__cause__, _NEVER_SENT):
                self._drop(refund)
                raise ServerUnreachableError(_NOT_ASKED) from error
            raise

    def ask_again(self, client: DeviceClient, payment: bytes) -> Refunded:
        """Ask again for what was not answered: the same question under the same key, which the server answers once.

        Raises:
            RefundRefusedError: no refund of this payment waits for an answer, or the server did not make it.
            ServerUnreachableError, RefusedError, AnswerError: as `ask`; it waits as before.
        """
        refund = self._asked(payment)
        if refund is None:
            raise RefundRefusedError("No refund of this payment waits for an answer.")
        return self._send(client, refund)

    def _send(self, client: DeviceClient, refund: Row) -> Refunded:
        try:
            answer = client.ask(
                "POST",
                REFUND_PATH,
                content=_body(refund),
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Idempotency-Key": refund["key"],
                },
            )
        except ServerUnreachableError as error:
            raise ServerUnreachableError(
                "The server did not answer, and may have made this refund. Ask for the same again: it is made once."
            ) from error.__cause__
        except RefusedError as error:
            if error.error_code not in _REFUSALS:
                raise
            self._end(refund, "refused", error.error_code)
            raise RefundRefusedError(error.template, **error.facts) from error
        refunded = _read(answer.data(), refund)
        self._end(refund, "done", None)
        return refunded

    def _keep(self, payment: bytes, amount: Money | None, approver: str, reason: str) -> tuple[Row, bool]:
        """The refund as it is durable before it is asked for, and whether it was not asked for before."""
        with self._store.transaction():
            wanted = self.check(payment, amount)
            asked = self._asked(payment)
            if asked is not None:
                return asked, False
            now, shift = self._clock.now(), Shifts(self._store).open_one()
            refund = {
                "key": uuid_text(uuid7(now, self._random(UUID7_RANDOM_BYTES))),
                "payment": payment,
                "amount": wanted.minor,
                "currency": wanted.currency,
                "approver": approver,
                "reason": reason,
            }
            self._store.execute(
                SQL["add_refund"], {**refund, "shift": None if shift is None else shift.id, "asked_at": now}
            )
            return refund, True

    def _drop(self, refund: Row) -> None:
        with self._store.transaction():
            self._store.execute(SQL["drop_refund"], {"key": refund["key"]})

    def _asked(self, payment: bytes) -> Row | None:
        return self._store.row(SQL["asked_refund"], {"payment": payment})

    def _end(self, refund: Row, state: str, problem: str | None) -> None:
        with self._store.transaction():
            self._store.execute(
                SQL["end_refund"],
                {"key": refund["key"], "state": state, "problem": problem, "ended_at": self._clock.now()},
            )


def _body(refund: Row) -> bytes:
    """The same bytes each time: the server holds them against what it was asked under the same key."""
    value = {name: refund[name] for name in ("amount", "currency", "approver", "reason")}
    return json.dumps({**value, "payment": uuid_text(refund["payment"])}, sort_keys=True).encode()


def _read(data: dict[str, Any], refund: Row) -> Refunded:
    amount, refunded, whole = data.get("amount"), data.get("refunded"), data.get("whole")
    answered = (data.get("payment"), amount, data.get("currency"))
    if answered != (uuid_text(refund["payment"]), refund["amount"], refund["currency"]):
        raise AnswerError("the server's answer is for another refund")
    if type(refunded) is not int or refunded < refund["amount"] or not isinstance(whole, bool):
        raise AnswerError("the server's answer to the refund can't be read")
    currency = refund["currency"]
    return Refunded(refund["payment"], Money(refund["amount"], currency), Money(refunded, currency), whole)

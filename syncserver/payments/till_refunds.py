"""Refunds that a terminal asks for: of its own payments alone, by a supervisor's word, and never past an office."""

from dataclasses import dataclass
from typing import Any

from shared.errors import DecodingError
from shared.fields import checked_text
from shared.ids import uuid_text
from shared.money import Money, minor_digits
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.payments import refunds
from syncserver.payments.errors import AmbiguousPaymentError, TillRefundRefusedError, UnknownPaymentError
from syncserver.payments.online import QUERIES
from syncserver.services import Services


@dataclass(frozen=True, slots=True)
class TillRefund:
    """What a terminal asks for: so much of one of its payments, approved by whom and why."""

    device: bytes
    payment: bytes
    amount: Money
    approver: str
    reason: str

    def check(self) -> None:
        """Make sure of the texts before anything is asked of the database.

        Raises:
            ReasonRequiredError, DecodingError: one of them is none.
        """
        refunds.check_reason(self.reason)
        if not checked_text(self.approver, "approver").strip():
            raise DecodingError("approver: nobody")


@dataclass(frozen=True, slots=True)
class TillRefunded:
    """What became of it: what of the payment is given back in all."""

    payment: bytes
    amount: Money
    refunded: Money
    whole: bool


async def refund(connection: Connection, services: Services, wanted: TillRefund) -> TillRefunded:
    """Give a part of a payment back. In the caller's transaction.

    Raises:
        TillRefundRefusedError: this terminal may not, or not so much.
        UnknownPaymentError, AmbiguousPaymentError: this terminal has no such payment, or has it twice.
        NotRefundableError, RefundTooLargeError, DecodingError: as `refunds.prepare` and `refunds.carry_out`.
    """
    # The journals first, as every batch has its locks: no fork can be found while this decides that there is none.
    await connection.fetch(QUERIES["lock_journals_of_device"], uuid_of(wanted.device))
    await _check_device(connection, wanted)
    rows = await connection.fetch(QUERIES["payment_of_device"], uuid_of(wanted.device), uuid_of(wanted.payment))
    if not rows:
        raise UnknownPaymentError
    if len(rows) > 1:
        raise AmbiguousPaymentError("this terminal took two payments with this id: an admin can refund them")
    prepared = await refunds.prepare(connection, rows[0]["wallet"], wanted.payment, wanted.amount.minor)
    _check_sum(services, wanted, prepared.total)
    actor = f"terminal {uuid_text(wanted.device)} {wanted.approver}"
    await refunds.carry_out(connection, services, prepared, reason=wanted.reason, actor=actor)
    return TillRefunded(wanted.payment, wanted.amount, prepared.total, prepared.is_the_rest)


async def _check_device(connection: Connection, wanted: TillRefund) -> None:
    device: Any = await connection.fetchrow(QUERIES["device_that_refunds"], uuid_of(wanted.device), wanted.approver)
    if device is None or device["revoked_at"] is not None:
        raise TillRefundRefusedError("this terminal was revoked and refunds nothing")
    if device["quarantined_at"] is not None:
        raise TillRefundRefusedError("this terminal is quarantined: an admin can refund this")
    if device["supervisors"] and not device["approves"]:
        raise TillRefundRefusedError("whoever approved this is no supervisor of this shop any more")


def _check_sum(services: Services, wanted: TillRefund, total: Money) -> None:
    if total.currency != wanted.amount.currency:
        raise TillRefundRefusedError(f"this payment is in {total.currency}")
    # What takes two admins is not for one supervisor, in parts neither.
    if total.minor > services.two_person_amount * 10 ** minor_digits(total.currency):
        raise TillRefundRefusedError("so much takes two admins")

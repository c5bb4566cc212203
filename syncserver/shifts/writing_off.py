"""Sales that a till's signed close proves and whose records are lost: the house pays the vendor out of `loss`.

No customer is charged: without a record nobody knows whose code it was, and its hold returns to them. So it is money of
the house's own that goes to the vendor, once, and only for what is really missing: where every record between opening
and close is here, the chain proves that there was no other sale, whatever the close says. When records come after all,
their payments are credited as ever, and as much of it is taken back.
"""

from shared.fields import MAX_INTEGER
from shared.ids import uuid7, uuid_text
from shared.lifecycles import ShiftState
from shared.money import Money
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.ledger import payables
from syncserver.ledger.postings import Account, Cause
from syncserver.ledger.vendor_postings import VendorPostings
from syncserver.people.alone import lock_alone, may_move
from syncserver.services import Services
from syncserver.shifts import decisions
from syncserver.shifts.deciding import Order, required
from syncserver.shifts.decisions import Action
from syncserver.shifts.errors import (
    NothingToTakeBackError,
    NothingToWriteOffError,
    ShiftChangedError,
    ShiftStateError,
)
from syncserver.shifts.halves import Shift
from syncserver.shifts.reading import QUERIES


async def write_off(connection: Connection, services: Services, order: Order) -> tuple[Shift, bool]:
    """Pay a vendor what is missing and reconcile the shift, in the caller's transaction: as it is then, whether done.

    It was not done where it takes a second person, who has to ask for the same of the same figures.

    Raises:
        UnknownShiftError, AmbiguousShiftError: there is no such shift, or several.
        ReasonRequiredError, DecodingError, ShiftChangedError, ShiftStateError: as `deciding.decide` has them.
        NothingToWriteOffError: nothing is missing, or nobody can say how much.
    """
    alone = await lock_alone(connection, services, order.caller) if order.caller is not None else {}
    shift = await _locked(connection, order)
    if shift.state not in (ShiftState.CLOSED, ShiftState.DISPUTED):
        raise ShiftStateError(f"Of a shift that is {shift.state} nothing can be written off.")
    amount = shift.difference or 0
    if not shift.received.missing or amount <= 0:
        raise NothingToWriteOffError
    return await _carry_out(connection, services, order, shift, amount, alone)


async def take_back(connection: Connection, services: Services, order: Order) -> tuple[Shift, bool]:
    """Take back what was written off and has come since, in the caller's transaction: the shift, and whether done.

    Raises:
        UnknownShiftError, AmbiguousShiftError: there is no such shift, or several.
        ReasonRequiredError, DecodingError, ShiftChangedError: as `deciding.decide` has them.
        NothingToTakeBackError: nothing was written off, or nothing of it has come.
    """
    alone = await lock_alone(connection, services, order.caller) if order.caller is not None else {}
    shift = await _locked(connection, order)
    written = await left_of(connection, shift)
    # What is flagged or failed was credited to nobody: taken back, the shop would have nothing for it.
    idle = await connection.fetchval(QUERIES["not_credited_since"], *_which(shift))
    amount = written - max(0, shift.difference or 0) - idle
    if written == 0 or amount <= 0:
        raise NothingToTakeBackError
    return await _carry_out(connection, services, order, shift, amount, alone)


async def left_of(connection: Connection, shift: Shift) -> int:
    """What was written off for a shift and not taken back (minor units)."""
    row = await connection.fetchrow(QUERIES["write_off_of_shift"], *_which(shift))
    return int(row["amount"] - row["taken"]) if row is not None else 0


async def _locked(connection: Connection, order: Order) -> Shift:
    required(order.reason)
    shift = await decisions.lock(connection, order.device, order.shift, order.epoch)
    if order.seen is not None and order.seen != shift.fingerprint:
        raise ShiftChangedError
    return shift


async def _carry_out(
    connection: Connection,
    services: Services,
    order: Order,
    shift: Shift,
    amount: int,
    alone: dict[str, int],
) -> tuple[Shift, bool]:
    action, stake = order.action, min(amount, MAX_INTEGER)
    ahead = order.caller is None or await may_move(
        connection,
        services,
        order.caller,
        action=f"{action} shift",
        subject=f"{uuid_text(shift.key.device)} {shift.key.epoch} {uuid_text(shift.key.shift)} {shift.fingerprint}",
        money=Money(stake, shift.currency),
        alone=alone,
    )
    await decisions.carry_out(
        connection,
        services,
        shift,
        action,
        actor=order.actor,
        reason=order.reason,
        stake=stake,
        done=ahead,
        after=ShiftState.RECONCILED,
    )
    if not ahead:
        return shift, False
    await _move(connection, services, order, shift, stake)
    return await decisions.lock(connection, order.device, order.shift, shift.key.epoch), True


async def _move(connection: Connection, services: Services, order: Order, shift: Shift, amount: int) -> None:
    """The balanced transfer: out of `loss` to the vendor, or back."""
    now, writes = services.clock(), order.action is Action.WRITE_OFF
    if writes:
        ident = uuid7(now, services.random(10))
        await connection.execute(
            QUERIES["write_write_off"],
            uuid_of(ident),
            *_which(shift),
            uuid_of(shift.vendor),
            amount,
            shift.currency,
            now,
        )
    else:
        row = await connection.fetchrow(QUERIES["write_off_of_shift"], *_which(shift))
        if row is None:
            raise NothingToTakeBackError
        ident = row["write_off"].bytes
    postings = VendorPostings(now, order.actor, await payables.lock_payables(connection, [shift.vendor]))
    debit, credit = (Account.LOSS, Account.VENDOR) if writes else (Account.VENDOR, Account.LOSS)
    cause = Cause.WRITE_OFF if writes else Cause.TAKE_BACK
    postings.move(shift.vendor, debit, credit, amount, cause, payout=ident)
    await payables.write(connection, postings)


def _which(shift: Shift) -> tuple[object, int, object]:
    return uuid_of(shift.key.device), shift.key.epoch, uuid_of(shift.key.shift)

"""A run is approved, by another person above an amount, or called off while the bank has not been told."""

from collections.abc import Sequence
from typing import Any

from shared.lifecycles import PayoutState
from shared.money import MAX_AMOUNT, Money
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.payments.refunds import check_reason
from syncserver.payouts.actors import By, actor_of, lock_person, note, person_of, require_second
from syncserver.payouts.errors import PayoutStateError, UnknownRunError
from syncserver.payouts.outdated import why_outdated
from syncserver.payouts.steps import QUERIES, Payout, Steps, lock_of_run
from syncserver.services import Services


async def lock(connection: Connection, run: bytes) -> Any:
    """Lock a run; its row.

    Raises:
        UnknownRunError: there is none.
    """
    row = await connection.fetchrow(QUERIES["lock_run"], uuid_of(run))
    if row is None:
        raise UnknownRunError
    return row


async def approve(connection: Connection, services: Services, by: By, run: bytes) -> None:
    """Approve all of a run, in the caller's transaction, but what must not go out any more: that is called off.

    Raises:
        UnknownRunError: there is none.
        PayoutStateError: it was approved or called off before.
        AnotherPersonError: it is so much that another admin has to do it.
    """
    await lock_person(connection, by)
    row = await lock(connection, run)
    proposed = [one for one in await lock_of_run(connection, run) if one.state is PayoutState.PROPOSED]
    if not proposed:
        raise PayoutStateError("this run was approved or called off before")
    at, person = services.clock(), person_of(by)
    outdated = await why_outdated(connection, proposed)
    steps = await Steps.of(connection, {one.vendor for one in proposed}, actor=actor_of(by), at=at)
    for one in proposed:
        if one.id in outdated:
            steps.take(one, PayoutState.CANCELLED, outdated[one.id])
        else:
            steps.take(one, PayoutState.APPROVED)
    approved = [one for one in proposed if one.state is PayoutState.APPROVED]
    if not approved:
        await steps.write(connection)
        return
    total = total_of(approved)
    first = id_or_none(row["proposed_by"])
    alone = await require_second(connection, services, by, first=first, money=total)
    await connection.execute(
        QUERIES["approve_run"],
        uuid_of(run),
        uuid_or_none(person),
        actor_of(by),
        at,
        alone,
    )
    await steps.write(connection)
    facts = {"total": total.minor, "currency": total.currency, "alone": alone}
    await note(connection, services, by, "payout_run.approve", "payout_run", run, after=facts)


async def cancel(connection: Connection, services: Services, by: By, run: bytes, reason: str) -> None:
    """Call off what of a run the bank has not been told: its money is owed to the vendors again.

    Raises:
        UnknownRunError: there is none.
        PayoutStateError: nothing of it can be called off any more.
        ReasonRequiredError, DecodingError: there is no reason.
    """
    check_reason(reason)
    await lock(connection, run)
    payouts = [
        one for one in await lock_of_run(connection, run) if one.state in (PayoutState.PROPOSED, PayoutState.APPROVED)
    ]
    if not payouts:
        raise PayoutStateError("this run was called off before, or the bank has been told")
    steps = await Steps.of(connection, {one.vendor for one in payouts}, actor=actor_of(by), at=services.clock())
    for one in payouts:
        steps.take(one, PayoutState.CANCELLED, reason)
    await steps.write(connection)
    facts = {"payouts": len(payouts)}
    await note(connection, services, by, "payout_run.cancel", "payout_run", run, after=facts, reason=reason)


def total_of(payouts: Sequence[Payout]) -> Money:
    """What payouts of one currency come to, or the most that is an amount; there is one at least."""
    return Money(min(sum(one.money.minor for one in payouts), MAX_AMOUNT), payouts[0].money.currency)

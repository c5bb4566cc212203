"""Who does something with payouts: an admin over the network, or the operator at the command line."""

from collections.abc import Mapping
from typing import Any

from shared.ids import uuid_text
from shared.money import MAX_AMOUNT, Money
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.payouts.errors import AnotherPersonError
from syncserver.payouts.steps import QUERIES
from syncserver.people.access import Caller
from syncserver.people.second import agrees_as_another, takes_two
from syncserver.services import Services

DAY_MS = 24 * 3_600_000
# The operator stands for themselves: whoever has the server's home could do anything.
By = Caller | str


def actor_of(by: By) -> str:
    """How the history names them."""
    return by.actor if isinstance(by, Caller) else by


def person_of(by: By) -> bytes | None:
    """Which person it is; None for the operator."""
    return by.user_id if isinstance(by, Caller) else None


async def are_two(connection: Connection, first: bytes | None, by: By) -> bool:
    """Whether somebody who asked and somebody who agrees are two persons; the operator is always another one."""
    second = person_of(by)
    return first is None or second is None or await agrees_as_another(connection, first, second)


async def lock_person(connection: Connection, by: By) -> None:
    """Lock an admin, so that of two things that they do at once the second knows of the first; before anything else."""
    if (me := person_of(by)) is not None:
        await connection.execute(QUERIES["lock_approver"], uuid_of(me))


async def require_second(
    connection: Connection, services: Services, by: By, *, first: bytes | None, money: Money
) -> bool:
    """Make sure that one person is enough for this much, or that two stand for it; whether it is one alone.

    What an admin approves alone within a day adds up; they are locked (`lock_person`).

    Raises:
        AnotherPersonError: another admin has to do it.
    """
    if await are_two(connection, first, by):
        return False
    me = person_of(by)
    if me is None:
        return False
    before = await connection.fetchval(
        QUERIES["approved_alone"], uuid_of(me), services.clock() - DAY_MS, money.currency
    )
    in_all = Money(min(before + money.minor, MAX_AMOUNT), money.currency)
    if takes_two(services, in_all):
        raise AnotherPersonError("So much is paid out only when another admin approves it.")
    return True


async def note(
    connection: Connection,
    services: Services,
    by: By,
    action: str,
    kind: str,
    named: bytes,
    *,
    after: Mapping[str, Any],
    reason: str | None = None,
) -> None:
    """Write into the audit trail what is done with a run, a payout or a vendor's account, in the same transaction."""
    await trail.note(
        connection,
        services,
        action=action,
        object_=f"{kind} {uuid_text(named)}",
        actor=actor_of(by),
        after=after,
        reason=reason,
    )

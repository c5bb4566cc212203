"""What one admin moves without a second one adds up over a day: in parts nobody gets around the second person."""

from collections.abc import Sequence

from shared.money import MAX_AMOUNT, Money
from syncserver.database.connection import Connection
from syncserver.people.access import Caller
from syncserver.people.second import may_go_ahead, takes_two
from syncserver.services import Services
from syncserver.wallets.funding import audit


async def lock_alone(connection: Connection, services: Services, caller: Caller) -> dict[str, int]:
    """By currency, what an admin moved within a day without a second one; before anything else is locked."""
    return dict(await audit.moved_alone(connection, caller.user_id, services.clock()))


async def may_move(
    connection: Connection,
    services: Services,
    caller: Caller,
    *,
    action: str,
    subject: str,
    money: Money,
    alone: dict[str, int],
    with_parts: int = 0,
) -> bool:
    """Whether one admin is enough, or this is the second; who asked is written down either way.

    Args:
        connection: in the transaction that does it, or that notes that somebody asked.
        services: of this process.
        caller: the admin who asks.
        action: in what way it moves.
        subject: what both admins must mean, with everything but the amount.
        money: how much.
        alone: as `lock_alone` told it, in this transaction.
        with_parts: what this is a part of, together with this, whoever moved the others (minor units).
    """
    so_far = max(alone.get(money.currency, 0), with_parts - money.minor)
    return await may_move_all(
        connection,
        services,
        caller,
        action=action,
        subject=subject,
        monies=[money],
        alone={**alone, money.currency: so_far},
    )


async def may_move_all(
    connection: Connection,
    services: Services,
    caller: Caller,
    *,
    action: str,
    subject: str,
    monies: Sequence[Money],
    alone: dict[str, int],
) -> bool:
    """As `may_move`, of amounts that move together or not at all: one at least, each of another currency."""
    judged = [Money(min(alone.get(one.currency, 0) + one.minor, MAX_AMOUNT), one.currency) for one in monies]
    worst = next((one for one in judged if takes_two(services, one)), judged[0])
    *others, last = monies
    ahead = await may_go_ahead(
        connection,
        services,
        caller,
        action=action,
        subject=" ".join([subject, *(f"{one.minor} {one.currency}" for one in others)]),
        money=last,
        in_all=worst,
    )
    for one in monies:
        await audit.note(
            connection,
            services,
            action=action,
            subject=subject,
            money=one,
            asked_by=caller.user_id,
            went_ahead=ahead,
            alone=not takes_two(services, worst),
        )
    return ahead

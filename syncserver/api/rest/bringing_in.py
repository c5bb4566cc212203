"""Who may bring money in: nobody to a wallet of their own, and above an amount no admin alone."""

from typing import Any

import msgspec

from shared.money import MAX_AMOUNT, Money
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Call
from syncserver.database.connection import Connection
from syncserver.people.second import may_go_ahead, takes_two
from syncserver.wallets.funding import audit
from syncserver.wallets.funding.errors import OwnWalletError


class WaitingForAnother(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="waiting"):
    """Nothing moved: so much needs a second admin, who has to ask for the very same."""

    amounts: list[Sum]


async def lock_alone(connection: Connection, call: Call[Any, Any]) -> dict[str, int]:
    """By currency, what the caller brought in within a day without a second admin; before anything else is locked."""
    return dict(await audit.brought_alone(connection, call.who.user_id, call.services.clock()))


async def may_bring_in(
    connection: Connection,
    call: Call[Any, Any],
    *,
    action: str,
    subject: str,
    money: Money,
    alone: dict[str, int],
    of_the_day: int = 0,
) -> bool:
    """Whether one admin is enough, or this is the second; who asked is written down either way.

    Args:
        connection: in the transaction that does it, or that notes that somebody asked.
        call: by the admin.
        action: in what way it comes in.
        subject: what both admins must mean, with everything but the amount.
        money: how much.
        alone: as `lock_alone` told it, in this transaction.
        of_the_day: what came in that way within a day with this, whoever brought it (minor units).
    """
    in_all = min(max(alone.get(money.currency, 0) + money.minor, of_the_day), MAX_AMOUNT)
    judged = Money(in_all, money.currency)
    ahead = await may_go_ahead(
        connection, call.services, call.who, action=action, subject=subject, money=money, in_all=judged
    )
    await audit.note(
        connection,
        call.services,
        action=action,
        subject=subject,
        money=money,
        asked_by=call.who.user_id,
        went_ahead=ahead,
        alone=not takes_two(call.services, judged),
    )
    return ahead


def require_others(call: Call[Any, Any], owner: bytes | None) -> None:
    """Nobody brings money to a wallet of their own."""
    if owner == call.who.user_id:
        raise OwnWalletError

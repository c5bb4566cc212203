"""Who asked for money to move on an admin's word (in, back, or out of review), and whether it did: for good."""

from collections.abc import Mapping

from shared.ids import uuid7
from shared.money import Money
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.wallets.funding.bank_accounts import QUERIES

DAY_MS = 24 * 3_600_000


async def moved_alone(connection: Connection, admin: bytes, now: int) -> Mapping[str, int]:
    """By currency, what an admin moved within a day without a second one (minor units).

    In the transaction that moves more: the admin is locked in it, before anything else is.
    """
    await connection.execute(QUERIES["lock_asker"], uuid_of(admin))
    rows = await connection.fetch(QUERIES["moved_alone"], uuid_of(admin), now - DAY_MS)
    return {row["currency"]: row["total"] for row in rows}


async def let_in(connection: Connection, *, action: str, subject: str, now: int) -> Mapping[str, int]:
    """By currency, the most of a subject that was let in within a day (minor units), by one admin or by two."""
    rows = await connection.fetch(QUERIES["let_in"], action, subject, now - DAY_MS)
    return {row["currency"]: row["most"] for row in rows}


async def note(
    connection: Connection,
    services: Services,
    *,
    action: str,
    subject: str,
    money: Money,
    asked_by: bytes,
    went_ahead: bool,
    alone: bool,
) -> None:
    """Write down that an admin asked, in the transaction that answers it; `alone` where it took no second one."""
    at = services.clock()
    await connection.execute(
        QUERIES["write_money_request"],
        uuid_of(uuid7(at, services.random(10))),
        action,
        subject,
        money.minor,
        money.currency,
        uuid_of(asked_by),
        went_ahead,
        alone,
        at,
    )

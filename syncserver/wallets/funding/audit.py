"""Who asked for money to come in, and whether it did: also of the first of two admins, for good."""

from shared.ids import uuid7
from shared.money import Money
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.wallets.funding.bank_accounts import QUERIES


async def note(
    connection: Connection,
    services: Services,
    *,
    action: str,
    subject: str,
    money: Money,
    asked_by: bytes,
    went_ahead: bool,
) -> None:
    """Write down that an admin asked, in the transaction that answers it."""
    at = services.clock()
    await connection.execute(
        QUERIES["write_funding_request"],
        uuid_of(uuid7(at, services.random(10))),
        action,
        subject,
        money.minor,
        money.currency,
        uuid_of(asked_by),
        went_ahead,
        at,
    )

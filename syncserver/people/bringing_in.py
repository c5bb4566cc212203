"""Who may bring money in: nobody to a wallet of their own, and above an amount no admin alone."""

from shared.ids import uuid_text
from shared.money import MAX_AMOUNT, Money
from syncserver.database.connection import Connection
from syncserver.people.access import Caller
from syncserver.people.second import may_go_ahead, takes_two
from syncserver.services import Services
from syncserver.wallets.errors import UnknownWalletError
from syncserver.wallets.funding import assigning, audit, importing
from syncserver.wallets.funding.assigning import Assignment
from syncserver.wallets.funding.entries import Statement
from syncserver.wallets.funding.errors import OwnWalletError
from syncserver.wallets.funding.importing import Summary
from syncserver.wallets.funding.outgoing import Outgoing


async def lock_alone(connection: Connection, services: Services, who: Caller) -> dict[str, int]:
    """By currency, what an admin brought in within a day without a second one; before anything else is locked."""
    return dict(await audit.brought_alone(connection, who.user_id, services.clock()))


async def may_bring_in(
    connection: Connection,
    services: Services,
    who: Caller,
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
        services: of this process.
        who: the admin who asks.
        action: in what way it comes in.
        subject: what both admins must mean, with everything but the amount.
        money: how much.
        alone: as `lock_alone` told it, in this transaction.
        of_the_day: what came in that way within a day with this, whoever brought it (minor units).
    """
    in_all = min(max(alone.get(money.currency, 0) + money.minor, of_the_day), MAX_AMOUNT)
    judged = Money(in_all, money.currency)
    ahead = await may_go_ahead(connection, services, who, action=action, subject=subject, money=money, in_all=judged)
    await audit.note(
        connection,
        services,
        action=action,
        subject=subject,
        money=money,
        asked_by=who.user_id,
        went_ahead=ahead,
        alone=not takes_two(services, judged),
    )
    return ahead


def require_others(who: Caller, owner: bytes | None) -> None:
    """Nobody brings money to a wallet of their own.

    Raises:
        OwnWalletError: somebody would.
    """
    if owner == who.user_id:
        raise OwnWalletError


async def import_file(
    services: Services, who: Caller, statement: Statement, outgoing: Outgoing
) -> Summary | list[Money]:
    """Take a bank statement in; or the amounts that wait for a second admin, who has to bring the very same file."""
    async with services.pool.acquire() as connection, connection.transaction():
        alone = await lock_alone(connection, services, who)
        sums = await importing.new_credits(connection, statement)
        monies = [Money(min(minor, MAX_AMOUNT), currency) for currency, minor in sorted(sums.items())]
        subject = f"file {statement.file.hex()}"
        # Each is asked for, whatever the others say: both admins must have seen all of it.
        ahead = [
            await may_bring_in(
                connection, services, who, action="bank import", subject=subject, money=money, alone=alone
            )
            for money in monies
        ]
    if not all(ahead):
        return monies
    return await importing.import_statement(services, statement, outgoing, who.actor)


async def assign_entry(
    connection: Connection, services: Services, who: Caller, entry: bytes, wallet: str
) -> Money | None:
    """Give an unmatched entry's money to a wallet; or the money that waits for a second admin. In a transaction.

    Raises:
        UnknownEntryError, EntryStateError, UnknownWalletError, OwnWalletError, MoneyError: nothing may be kept.
    """
    alone = await lock_alone(connection, services, who)
    money = await assigning.lock_unmatched(connection, entry)
    owner = await assigning.owner_of(connection, wallet)
    if owner is None:
        raise UnknownWalletError
    require_others(who, owner)
    subject = f"entry {uuid_text(entry)} to {wallet}"
    if not await may_bring_in(connection, services, who, action="assign", subject=subject, money=money, alone=alone):
        return money
    await Assignment(entry, wallet, money, who.actor, services.clock()).pay_in(connection, services)
    return None

"""Who may bring money in: nobody to a wallet of their own, and above an amount no admin alone."""

from shared.ids import uuid_text
from shared.money import MAX_AMOUNT, Money
from syncserver.database.connection import Connection
from syncserver.people.access import Caller
from syncserver.people.alone import lock_alone, may_move, may_move_all
from syncserver.services import Services
from syncserver.wallets.errors import UnknownWalletError
from syncserver.wallets.funding import assigning, audit, weighing
from syncserver.wallets.funding.assigning import Assignment
from syncserver.wallets.funding.entries import Statement
from syncserver.wallets.funding.errors import OwnWalletError
from syncserver.wallets.funding.importing import Import, Summary
from syncserver.wallets.funding.outgoing import Outgoing

IMPORT = "bank import"


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
    """Take a bank statement in; or the amounts that wait for a second admin, who has to bring the very same file.

    What lets it in is used in the transaction of its first lot. Where a later one breaks off, the file may be brought
    again within a day: it stays let in, and what is left of it counts for nobody a second time.

    Raises:
        UnknownBankAccountError: it is of an account that is not ours, and nothing was done.
    """
    taken = Import(services, statement, outgoing, who.actor)
    async with services.pool.acquire() as connection:
        async with connection.transaction():
            if waiting := await _waits(connection, services, who, statement, outgoing):
                return waiting
            await taken.begin(connection)
        return await taken.finish(connection)


async def _waits(
    connection: Connection, services: Services, who: Caller, statement: Statement, outgoing: Outgoing
) -> list[Money]:
    """What a statement moves that this admin may not bring in yet; nothing where they may."""
    alone = await lock_alone(connection, services, who)
    sums = await weighing.new_money(connection, statement, outgoing)
    monies = [Money(min(minor, MAX_AMOUNT), currency) for currency, minor in sorted(sums.items())]
    subject = f"file {statement.file.hex()} of {' '.join(sorted(statement.accounts))}"
    let_in = await audit.let_in(connection, action=IMPORT, subject=subject, now=services.clock())
    if all(one.minor <= let_in.get(one.currency, 0) for one in monies):
        return []
    # All of it is asked for at once: both admins must have seen all of it.
    ahead = await may_move_all(connection, services, who, action=IMPORT, subject=subject, monies=monies, alone=alone)
    return [] if ahead else monies


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
    if not await may_move(connection, services, who, action="assign", subject=subject, money=money, alone=alone):
        return money
    await Assignment(entry, wallet, money, who.actor, services.clock()).pay_in(connection, services)
    return None

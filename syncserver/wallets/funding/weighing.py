"""How much a bank's statement would move: what two persons may have to stand for, before any of it is taken in."""

from collections import Counter

from syncserver.database.connection import Connection
from syncserver.wallets.funding.entries import Entry, Statement
from syncserver.wallets.funding.importing import known_keys, named_in, require_accounts
from syncserver.wallets.funding.outgoing import Outgoing


async def new_money(connection: Connection, statement: Statement, outgoing: Outgoing) -> dict[str, int]:
    """By currency, what a statement moves that is not here yet (minor units): what came in, and payouts that are paid.

    Raises:
        UnknownBankAccountError: it is of an account that is not ours.
    """
    await require_accounts(connection, sorted(statement.accounts))
    known = await known_keys(connection, statement.entries)
    new: dict[bytes, Entry] = {}
    for entry in statement.entries:
        if entry.key not in known:
            new.setdefault(entry.key, entry)  # of two that are one, the first is taken
    sums: Counter[str] = Counter()
    for entry in new.values():
        # A payment of ours that came back is owed to a vendor again, and may be paid out again.
        brings_in = not entry.reversal or any(part.end_to_end for part in entry.parts)
        if entry.credit and brings_in:
            sums[entry.money.currency] += entry.money.minor
    went_out = [one for _, one in named_in(list(new.values())) if not one.came_back]
    # Whoever says that a payout is paid has it paid, though nothing went out.
    for one, moves in zip(went_out, await outgoing.may_be_paid(connection, went_out), strict=True):
        if moves:
            sums[one.money.currency] += one.money.minor
    return dict(sums)

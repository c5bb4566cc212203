"""What vendors are owed: folding what batches credited, and writing the movements in which no wallet has a part.

Whoever folds takes pending credits first, in their order, then locks the vendors', in theirs. All vendors whose
money one transaction moves are locked by one statement: two that lock some and then others may wait for each other.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.ledger.vendor_postings import Payable, VendorPostings

QUERIES = load(Path(__file__).parent)


async def fold_credits(connection: Any, limit: int = 5_000) -> int:
    """Add pending credits up into what vendors are owed, in one transaction; how many were folded."""
    async with connection.transaction():
        rows = await connection.fetch(QUERIES["take_pending_credits"], limit)
        if rows:
            await _add_up(connection, rows, {row["vendor"] for row in rows})
    return len(rows)


async def fold_credits_of(connection: Connection, vendors: Iterable[bytes]) -> None:
    """Add all pending credits of some vendors up, also those that another folder is at; in the caller's transaction.

    All of these vendors are locked, those without a credit too: the caller moves what they are owed next.
    """
    concerned = uuids(vendors)
    await _add_up(connection, await connection.fetch(QUERIES["take_credits_of"], concerned), concerned)


async def _add_up(connection: Connection, rows: Sequence[Any], concerned: Iterable[Any]) -> None:
    sums: dict[Any, int] = {}
    for row in rows:
        sums[row["vendor"]] = sums.get(row["vendor"], 0) + row["amount"]
    await connection.execute(QUERIES["lock_payables"], sorted(concerned))
    tag = await connection.execute(QUERIES["add_to_payable"], list(sums), list(sums.values()))
    if tag != f"UPDATE {len(sums)}":
        raise LookupError("a vendor's balance is not there: its credits stay where they are")


async def lock_payables(connection: Connection, vendors: Iterable[bytes]) -> dict[bytes, Payable]:
    """Lock what vendors are owed, in the one order of all locks; whoever moves it begins here with all of them."""
    rows = await connection.fetch(QUERIES["lock_and_read_payables"], uuids(sorted(set(vendors))))
    return {
        row["vendor"].bytes: Payable(row["vendor"].bytes, row["currency"], row["payable"], row["transfers"])
        for row in rows
    }


async def write(connection: Connection, postings: VendorPostings) -> None:
    """Write all that the postings hold, in the caller's transaction."""
    rows = postings.transfers
    if not rows:
        return
    await connection.execute(
        QUERIES["write_vendor_transfers"],
        uuids(row.vendor for row in rows),
        [row.number for row in rows],
        [row.debit.value for row in rows],
        [row.credit.value for row in rows],
        [row.amount for row in rows],
        [row.currency for row in rows],
        [row.cause.value for row in rows],
        uuids(row.payout for row in rows),
        postings.at,
        postings.actor,
    )
    moved = [postings.payables[vendor] for vendor in sorted({row.vendor for row in rows})]
    await connection.execute(
        QUERIES["set_payables"],
        uuids(one.vendor for one in moved),
        [one.payable for one in moved],
        [one.transfers for one in moved],
    )

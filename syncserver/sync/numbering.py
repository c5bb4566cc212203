"""The version of all books. Changes are noted on the hot path and numbered here, some thousands a transaction.

A number is given only to what is committed, under a lock that is kept until the number is committed too: so a version
never passes a transaction that is still open.
"""

from pathlib import Path

from syncserver.database.connection import Connection
from syncserver.database.queries import load

QUERIES = load(Path(__file__).parent)
# After a busy day hundreds of thousands wait. Whoever else needs the clock gets it between two such lots.
CHANGES_AT_ONCE = 10_000


async def next_version(connection: Connection) -> int:
    """The next version, for a change that the caller's transaction makes to what books say."""
    version: int = await connection.fetchval(QUERIES["next_version"])
    return version


async def keep_clock(connection: Connection) -> int:
    """The version so far, and nobody numbers until the caller's transaction ends.

    Whoever changes several series takes the clock before them, as numbering does: so none of them waits for another
    that waits for it.
    """
    version: int = await connection.fetchval(QUERIES["lock_clock"])
    return version


async def number_changes(connection: Connection, at_once: int = CHANGES_AT_ONCE) -> None:
    """Number what changed, each series and each update by itself, so that pages can end between any two.

    Args:
        connection: not in a transaction: each lot commits by itself.
        at_once: how many changes a lot takes.
    """
    while await connection.fetchval(QUERIES["has_changes"]):
        async with connection.transaction():
            version = await keep_clock(connection)
            lot = await connection.fetchrow(QUERIES["number_series"], version, at_once)
            if lot is None:
                raise LookupError("a count has no row")
            version += lot["series"]
            tag = await connection.execute(QUERIES["number_updates"], version, at_once)
            updates = int(tag.rpartition(" ")[2])
            # One more than there were changes: a page that says them all is younger than each of them.
            await connection.execute(QUERIES["set_clock"], version + updates + 1)
        if lot["changes"] < at_once and updates < at_once:
            return

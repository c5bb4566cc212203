"""The version of all books. Changes are noted on the hot path and numbered here, one transaction at a time.

A number is given only to what is committed, under a lock that is kept until the number is committed too: so a version
never passes a transaction that is still open.
"""

from pathlib import Path

from syncserver.database.connection import Connection
from syncserver.database.queries import load

QUERIES = load(Path(__file__).parent)


async def next_version(connection: Connection) -> int:
    """The next version, for a change that the caller's transaction makes to what books say."""
    version: int = await connection.fetchval(QUERIES["next_version"])
    return version


async def number_changes(connection: Connection) -> None:
    """Number what changed, each series by itself so that pages can end between any two."""
    if not await connection.fetchval(QUERIES["has_changes"]):
        return
    async with connection.transaction():
        version: int = await connection.fetchval(QUERIES["lock_clock"])
        rows = await connection.fetch(QUERIES["take_changes"])
        changed = sorted({(row["wallet"], row["series"]) for row in rows})
        if changed:
            await connection.execute(
                QUERIES["number_series"],
                [wallet for wallet, _ in changed],
                [series for _, series in changed],
                [version + step for step in range(1, len(changed) + 1)],
            )
        version += len(changed) + 1
        await connection.execute(QUERIES["number_updates"], version)
        await connection.execute(QUERIES["set_clock"], version)

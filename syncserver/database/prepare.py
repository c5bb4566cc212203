"""Bringing a database up to what this program needs, before it serves anyone."""

from pathlib import Path

from syncserver.database.connect import DatabaseTarget
from syncserver.database.migrations import FOLDER, migrate
from syncserver.database.roles import ensure_roles


async def prepare(target: DatabaseTarget, folder: Path = FOLDER) -> list[str]:
    """Makes the roles and applies the migrations that are missing; gives the names of those applied.

    Any number of processes may call it at once.

    Raises:
        DatabaseError: one of its kinds, saying what is in the way.
    """
    connection = await target.connect_owner()
    try:
        if not target.embedded:  # the embedded PostgreSQL was born with its roles
            await ensure_roles(connection, await target.server_user())
        return await migrate(connection, folder)
    finally:
        await connection.close()

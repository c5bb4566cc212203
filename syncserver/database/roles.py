"""The role `tallystick_server` on a PostgreSQL that is not ours. The embedded one has it from its set-up."""

import asyncpg

from syncserver.database.errors import RoleError
from syncserver.postgres import Role

SERVER = Role.SERVER.value
LOCK = 0x726F6C6573  # apart from the migrations' lock, which another process may hold for long


async def ensure_roles(connection: asyncpg.Connection, member: str | None = None) -> None:
    """Makes `tallystick_server` if it is missing, and lets `member` (default: the current user) take it on.

    Any number of processes may call it at once. Does nothing, and needs no right, where all is in place.

    Raises:
        RoleError: if the current user may not do that; the message holds the statements for someone who may.
    """
    user = member or await connection.fetchval("SELECT current_user")
    try:
        async with connection.transaction():
            # Roles belong to the whole server, advisory locks to one database: two databases can still collide.
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await _ensure_exists(connection)
            await _ensure_member(connection, user)
    except asyncpg.InsufficientPrivilegeError as error:
        raise RoleError(
            f"This database user may not set up the role {SERVER}. Have an administrator run: "
            f"CREATE ROLE {SERVER} NOLOGIN; GRANT {SERVER} TO {_identifier(user)};"
        ) from error


async def _ensure_exists(connection: asyncpg.Connection) -> None:
    if await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", SERVER):
        return
    try:
        async with connection.transaction():
            await connection.execute(f"CREATE ROLE {SERVER} NOLOGIN")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return  # made from another database in the meantime, which is as good


async def _ensure_member(connection: asyncpg.Connection, user: str) -> None:
    # From 16 on, being a member and being allowed to SET ROLE are two things; 15 has only the first.
    right = "SET" if connection.get_server_version().major >= 16 else "MEMBER"  # noqa: PLR2004 - the version that made it two
    if not await connection.fetchval("SELECT pg_has_role($1::name, $2::name, $3)", user, SERVER, right):
        await connection.execute(f"GRANT {SERVER} TO {_identifier(user)}")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

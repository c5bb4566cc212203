"""What can go wrong between the server and its database."""

import asyncpg

from shared.errors import TallystickError

# The database is away, or can't do it just now: whoever asks may come back.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it starts, stops or was cancelled: by a person, a statement's or idle timeout
    asyncpg.InsufficientResourcesError,  # its disk or memory is full, or it has too many connections
    asyncpg.PostgresIOError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    TimeoutError,
    OSError,
)


class DatabaseError(TallystickError):
    """The database cannot be used as it is."""

    code = "DATABASE"


class UnreachableError(DatabaseError):
    """The database can't be reached."""

    code = "DATABASE_UNREACHABLE"


class MigrationFileError(DatabaseError):
    """A migration is a file named like 0001_name.sql, and the numbers have no gap and no double."""

    code = "MIGRATION_FILE"


class MigrationAlteredError(DatabaseError):
    """A migration that was applied has been changed since; write a new one instead."""

    code = "MIGRATION_ALTERED"


class MigrationUnknownError(DatabaseError):
    """The database has a migration that this program does not know; the program is older than the database."""

    code = "MIGRATION_UNKNOWN"


class MigrationMissedError(DatabaseError):
    """A migration was left out although later ones were applied."""

    code = "MIGRATION_MISSED"


class MigrationFailedError(DatabaseError):
    """A migration failed, and nothing of it was kept."""

    code = "MIGRATION_FAILED"


class RoleError(DatabaseError):
    """The role tallystick_server cannot be made or used by this database user."""

    code = "DATABASE_ROLE"


class QueryFileError(DatabaseError):
    """A file of queries is not a sequence of named blocks."""

    code = "QUERY_FILE"


class BusyError(TallystickError):
    """The server is busy. Try again shortly."""

    code = "BUSY"

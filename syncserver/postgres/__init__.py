"""The embedded PostgreSQL: a real one, from a wheel, shared by all processes that use one home."""

from syncserver.postgres.embedded import DATABASE, EmbeddedPostgres
from syncserver.postgres.login import Login, Role

__all__ = ["DATABASE", "EmbeddedPostgres", "Login", "Role"]

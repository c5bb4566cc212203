"""How to reach a PostgreSQL database as one of its roles."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who connects: the set-up's superuser, the schema's owner, or the running server."""

    SUPERUSER = "postgres"
    OWNER = "tallystick_owner"
    SERVER = "tallystick_server"


@dataclass(frozen=True, slots=True)
class Login:
    """One role's way into one database, over a Unix socket in the folder `host`."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments for `asyncpg.connect` and `asyncpg.create_pool`."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
        }

"""Where the database is, and as whom to connect: migrations as the schema's owner, the running server with less."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self, TypeVar

import asyncpg

from syncserver.database.errors import UnreachableError
from syncserver.postgres import DATABASE, EmbeddedPostgres, Role

APPLICATION = "tallystick"
POOL_SIZE = 10
COMMAND_SECONDS = 30.0
CONNECT_SECONDS = 10.0
# A process that freezes in a transaction keeps its locks from the others for no longer than this.
FREEZE_SETTINGS = {"idle_in_transaction_session_timeout": "60s"}
# Every statement of a batch finds its rows by a key that it names whole, so a nested loop over an index is right for
# an empty table and for one of a billion rows. A plan that is made anew for each batch's arrays costs more than it
# gains; one that is made while a table is small would scan the whole of it for ever.
SETTLING_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    "jit": "off",
}
# What a plan takes a table for is what it was when the plan was made. An update joins in whatever order seems cheaper,
# and for an empty table both are: so nobody goes by such a plan for longer than this.
PLAN_SECONDS = 30
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """How to connect to one database, as asyncpg's keyword arguments.

    Attributes:
        owner: for the role that owns the schema and runs migrations.
        server: for the role of the running server.
        embedded: whether it is the embedded PostgreSQL, whose roles are made with it.
    """

    owner: Mapping[str, Any] = field(repr=False)  # passwords
    server: Mapping[str, Any] = field(repr=False)
    embedded: bool = False

    @classmethod
    def from_embedded(cls, postgres: EmbeddedPostgres, database: str = DATABASE) -> Self:
        """The embedded PostgreSQL, already acquired: two logins of its own."""
        return cls(
            owner=postgres.login(Role.OWNER, database).arguments(),
            server=postgres.login(Role.SERVER, database).arguments(),
            embedded=True,
        )

    @classmethod
    def from_url(cls, url: str, owner_url: str | None = None) -> Self:
        """A PostgreSQL elsewhere: the server connects by `url` and takes on the role `tallystick_server`.

        Args:
            url: `postgresql://user:password@host:port/database`, from TALLYSTICK_DATABASE_URL.
            owner_url: the same for migrations, from TALLYSTICK_DATABASE_OWNER_URL; default `url`.
        """
        return cls(
            owner={"dsn": owner_url or url},
            server={"dsn": url, "server_settings": {"role": Role.SERVER.value}},
        )

    async def connect_owner(self) -> asyncpg.Connection:
        """One connection as the schema's owner, without a time limit, as migrations need."""
        return await _reached(asyncpg.connect(**_with_settings(self.owner), timeout=CONNECT_SECONDS))

    async def connect_server(self) -> asyncpg.Connection:
        """One connection with the running server's rights."""
        return await _reached(
            asyncpg.connect(**_with_settings(self.server), timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS)
        )

    async def server_user(self) -> str:
        """Who the running server logs in as, before it takes on any role."""
        settings = {key: value for key, value in self.server.get("server_settings", {}).items() if key != "role"}
        arguments = _with_settings({**self.server, "server_settings": settings})
        connection = await _reached(asyncpg.connect(**arguments, timeout=CONNECT_SECONDS))
        try:
            return str(await connection.fetchval("SELECT current_user"))
        finally:
            await connection.close()

    async def settling_pool(self, size: int) -> asyncpg.Pool:
        """Connections for settling batches, `size` at most: their statements are planned once in half a minute."""
        return await self.pool(
            max_size=size,
            settings=SETTLING_SETTINGS,
            max_cached_statement_lifetime=PLAN_SECONDS,
            reset=_leave_as_it_is,
        )

    async def pool(
        self, *, max_size: int = POOL_SIZE, settings: Mapping[str, str] = MappingProxyType({}), **more: Any
    ) -> asyncpg.Pool:
        """Connections with the running server's rights, at most `max_size` at once, each command limited to 30 s."""
        given = self.server.get("server_settings", {})
        arguments = _with_settings({**self.server, "server_settings": {**FREEZE_SETTINGS, **settings, **given}})
        return await _reached(
            asyncpg.create_pool(
                **arguments,
                min_size=1,
                max_size=max_size,
                timeout=CONNECT_SECONDS,
                command_timeout=COMMAND_SECONDS,
                **more,
            )
        )


async def _leave_as_it_is(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Settling changes nothing of a session: what it sets ends with its transaction. It spares a round trip a batch."""


async def _reached(connecting: Awaitable[_T]) -> _T:
    try:
        return await connecting
    except (OSError, asyncpg.PostgresError) as error:
        raise UnreachableError(f"The database can't be reached: {error or type(error).__name__}") from error
    except (asyncpg.InterfaceError, ValueError) as error:  # what it says may repeat parts of a password
        raise UnreachableError("The database can't be reached: its URL is not one of PostgreSQL.") from error


def _with_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    settings = {"application_name": APPLICATION, "timezone": "UTC", **arguments.get("server_settings", {})}
    return {**arguments, "server_settings": settings}

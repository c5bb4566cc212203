"""The composition root: where clock, randomness, keys and database meet. Nothing else reads the environment."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from syncserver.database.connect import DatabaseTarget
from syncserver.database.errors import AWAY, UnreachableError
from syncserver.database.migrations import pending
from syncserver.database.prepare import prepare
from syncserver.keys.errors import NotInitialisedError
from syncserver.keys.signing import PublishedKey, ServerKeys, all_keys, ensure_identity, has_identity, load_identity
from syncserver.keys.wrapping import create_key, load_key
from syncserver.ports import Clock, Random
from syncserver.postgres import EmbeddedPostgres
from syncserver.postgres.errors import PostgresError
from syncserver.services import MIB, Services
from syncserver.settings import ServerSettings

WATCH_SECONDS = 1.0
START_ATTEMPTS = 30
_T = TypeVar("_T")

log = structlog.get_logger()


def system_clock() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_database(settings: ServerSettings, *, revive: bool = False) -> AsyncIterator[DatabaseTarget]:
    """The database that the settings name; the embedded one runs as long as somebody uses it.

    Args:
        settings: where the database is.
        revive: whether to start the embedded one again when it dies meanwhile.

    Raises:
        PostgresError: the embedded one can't be started.
    """
    if settings.database_url is not None:
        owner = settings.database_owner_url
        yield DatabaseTarget.from_url(
            settings.database_url.get_secret_value(), owner.get_secret_value() if owner is not None else None
        )
        return
    postgres = EmbeddedPostgres(settings.home)
    await asyncio.to_thread(postgres.acquire)
    reviving = asyncio.create_task(_keep_running(postgres)) if revive else None
    try:
        yield DatabaseTarget.from_embedded(postgres)
    finally:
        if reviving is not None:
            reviving.cancel()
            await asyncio.gather(reviving, return_exceptions=True)
        await asyncio.to_thread(postgres.release)


async def _keep_running(postgres: EmbeddedPostgres) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            if await asyncio.to_thread(postgres.revive):
                log.warning("postgres_started_again", log=str(postgres.log))
        except (PostgresError, OSError) as error:
            log.error("postgres_not_started", error=str(error))  # noqa: TRY400 - the error says it all


async def migrate_database(target: DatabaseTarget) -> list[str]:
    """Bring roles and schema up to date; the names of what was applied."""
    return await prepare(target)


async def initialise(settings: ServerSettings, clock: Clock = system_clock, random: Random = os.urandom) -> bytes:
    """Set the server up: database, schema, keys, identity. Does nothing that is done already; the server's id.

    Raises:
        KeyFileError: the database has an identity, and the key-encryption key that belongs to it is not here.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with open_database(settings) as target:
        await migrate_database(target)
        connection = await target.connect_server()
        try:
            if not await has_identity(connection):  # a new key can't unwrap what another one wrapped
                create_key(settings.home, settings.kek_file, random)
            kek = load_key(settings.home, settings.kek_file, random)
            server_id = await ensure_identity(connection, kek, clock, random)
            await load_identity(connection, kek, clock)
            keys = await all_keys(connection)
        finally:
            await connection.close()
    write_trust(settings.home, keys)
    return server_id


def write_trust(home: Path, keys: Sequence[PublishedKey]) -> None:
    """Leave the public keys where `tallystick verify` looks for what to trust, unless a terminal lives there too.

    Those that were revoked are left out: whoever has one can sign for any time.
    """
    if (home / "vault.json").exists():
        return  # its trust.json has its certificate, and its own pinned keys
    trust = {
        "server_keys": [{"kid": key.kid.hex(), "key": key.public_key.hex()} for key in keys if key.revoked_at is None],
        "certificate": None,
    }
    new = home / f".trust-{os.getpid()}.json"
    new.write_text(json.dumps(trust, indent=2) + "\n", encoding="utf-8")
    new.chmod(0o644)  # whatever the umask: public, and nobody else's to write
    new.replace(home / "trust.json")


@asynccontextmanager
async def open_services(
    settings: ServerSettings, clock: Clock = system_clock, random: Random = os.urandom, *, serving: bool = False
) -> AsyncIterator[Services]:
    """Everything that a running server or a command needs.

    Args:
        settings: of this process.
        clock: ms since the epoch.
        random: secure random bytes.
        serving: whether to look after the embedded database too: its schema first, and its life while it runs.

    Raises:
        NotInitialisedError: `tallystick server init` has not been run, or migrations are to be run first.
    """
    if settings.database_url is None and not (settings.home / "postgres").exists():
        raise NotInitialisedError
    kek = load_key(settings.home, settings.kek_file, random)
    async with open_database(settings, revive=serving) as target:
        if serving and target.embedded:
            await _patiently(partial(migrate_database, target))
            await _patiently(partial(_require_schema, target))
        else:
            await _require_schema(target)
        attempts = START_ATTEMPTS if serving and target.embedded else 1
        async with (
            await _patiently(partial(target.pool, max_size=settings.pool_size), attempts) as pool,
            await _patiently(partial(target.settling_pool, settings.settle_at_once), attempts) as settling_pool,
        ):

            async def identity() -> tuple[bytes, ServerKeys]:
                async with pool.acquire() as connection:
                    return await load_identity(connection, kek, clock)

            server_id, keys = await _patiently(identity, attempts)
            yield Services(
                server_id=server_id,
                pool=pool,
                clock=clock,
                random=random,
                kek=kek,
                keys=keys,
                settling_pool=settling_pool,
                two_person_amount=settings.two_person_amount,
                waiting_hours=settings.waiting_hours,
                device_records_a_day=settings.device_records_a_day,
                device_bytes_a_day=settings.device_mib_a_day * MIB,
            )


async def _patiently(work: Callable[[], Awaitable[_T]], attempts: int = START_ATTEMPTS) -> _T:
    """Do something with an embedded database that may just be ending, or be started again by another server.

    Raises:
        UnreachableError: it was away each time.
    """
    for attempt in itertools.count(1):
        try:
            return await work()
        except (*AWAY, UnreachableError) as error:
            if attempt == attempts:
                if isinstance(error, UnreachableError):
                    raise
                raise UnreachableError(f"The database can't be reached: {error or type(error).__name__}") from error
            log.warning("database_away", error=type(error).__name__)
            await asyncio.sleep(WATCH_SECONDS)
    raise AssertionError("it counts for ever")


async def _require_schema(target: DatabaseTarget) -> None:
    connection = await target.connect_server()
    try:
        waiting = await pending(connection)
    finally:
        await connection.close()
    if waiting:
        raise NotInitialisedError(
            f"{len(waiting)} migrations have not been run yet: run `tallystick server migrate` (or `server init`)"
        )

"""What every part of the running server is handed: clock, randomness, keys and the database."""

import asyncio
from dataclasses import dataclass, field

import asyncpg

from syncserver.keys.signing import ServerKeys
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ports import Clock, Random

PAGES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Services:
    """One process's way to everything; all state is in the database that `pool` leads to.

    `settling` lets about as many batches settle at once as the database has cores: a short queue here is cheaper than
    a queue of row locks there. `paging` bounds how many pages of books are made at once: each holds some MiB until it
    is signed.
    """

    server_id: bytes
    pool: "asyncpg.Pool[asyncpg.Record]"
    clock: Clock
    random: Random
    kek: KeyEncryptionKey
    keys: ServerKeys
    settling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    paging: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PAGES_AT_ONCE))

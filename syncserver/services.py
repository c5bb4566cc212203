"""What every part of the running server is handed: clock, randomness, keys and the database."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from shared.keys import SigningKey
from syncserver.keys.wrapping import KeyEncryptionKey

Clock = Callable[[], int]  # ms since the epoch, UTC
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A public key of this server that terminals may believe until `not_after` (ms)."""

    kid: bytes
    public_key: bytes
    not_after: int


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The key that signs, and all that terminals are told to believe."""

    active: SigningKey
    published: tuple[PublishedKey, ...]

    def by_kid(self) -> dict[bytes, bytes]:
        """Kid → public key of all published ones."""
        return {key.kid: key.public_key for key in self.published}


@dataclass(frozen=True, slots=True)
class Services:
    """One process's way to everything; all state is in the database that `pool` leads to.

    `settling` lets about as many batches settle at once as the database has cores: a short queue here is cheaper than
    a queue of row locks there.
    """

    server_id: bytes
    pool: "asyncpg.Pool[asyncpg.Record]"
    clock: Clock
    random: Random
    kek: KeyEncryptionKey
    keys: ServerKeys
    settling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

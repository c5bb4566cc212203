"""The server's Ed25519 keys: made once, kept wrapped in the database, so that any number of processes sign alike."""

from dataclasses import dataclass
from pathlib import Path

from shared.ids import uuid7
from shared.keys import SEED_BYTES, SigningKey
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.keys.errors import NotInitialisedError
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ports import Clock, Random

QUERIES = load(Path(__file__).parent)
KEY_LIFETIME_MS = 2 * 365 * 24 * 3_600_000
_INIT_LOCK = 0x74616C6C79


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


async def ensure_identity(connection: Connection, kek: KeyEncryptionKey, clock: Clock, random: Random) -> bytes:
    """Give the server its id and first signing key, unless it has them; its id. Safe for many processes at once."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _INIT_LOCK)
        now = clock()
        server_id = await connection.fetchval(QUERIES["read_server"])
        if server_id is None:
            server_id = uuid_of(uuid7(now, random(10)))
            await connection.execute(QUERIES["write_server"], server_id, now)
        if not await connection.fetch(QUERIES["read_keys"], now):
            key = SigningKey.from_seed(random(SEED_BYTES))
            wrapped = kek.wrap(key.seed, _context(key.kid))
            await connection.execute(QUERIES["write_key"], key.kid, key.public_key, wrapped, now, now + KEY_LIFETIME_MS)
    return bytes(server_id.bytes)


async def has_identity(connection: Connection) -> bool:
    """Whether the server was set up in this database before."""
    return await connection.fetchval(QUERIES["read_server"]) is not None


async def load_identity(connection: Connection, kek: KeyEncryptionKey, now: int) -> tuple[bytes, ServerKeys]:
    """The server's id and keys.

    Raises:
        NotInitialisedError: where the server was never set up.
        KeyFileError: where the key-encryption key is another than the one that wrapped them.
    """
    server_id = await connection.fetchval(QUERIES["read_server"])
    rows = await connection.fetch(QUERIES["read_keys"], now)
    if server_id is None or not rows:
        raise NotInitialisedError
    newest = rows[0]
    active = SigningKey.from_seed(kek.unwrap(newest["wrapped_seed"], _context(newest["kid"])))
    published = tuple(PublishedKey(row["kid"], row["public_key"], row["not_after"]) for row in rows)
    return server_id.bytes, ServerKeys(active, published)


def _context(kid: bytes) -> bytes:
    return b"tallystick/v1/signing-key\x00" + kid

"""The server's Ed25519 keys, kept wrapped in the database, so that any number of processes sign alike.

A new one is published before it signs, so that terminals know it by then; the one before stays published until all that
it signed has run out. Books, by which terminals learn of new keys, are signed by the one before for half a year more:
a till that was away meanwhile still believes them. Each process reads the keys again every two seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.ids import uuid7
from shared.keys import SEED_BYTES, SigningKey
from shared.policy import Policy
from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.keys.errors import KeyFileError, KeyRotationError, NotInitialisedError, UnknownSigningKeyError
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ports import Clock, Random

QUERIES = load(Path(__file__).parent)
KEY_LIFETIME_MS = 2 * 365 * 24 * MS_PER_HOUR
# Codes are good for a year at most, and nothing else that is signed and expires is good for longer: vouchers, books,
# enrolment tokens, access tokens.
RUN_OUT_MS = 366 * 24 * MS_PER_HOUR
# For so long books are still signed by the key before: what a till learns other keys by must be a key that it knows.
BOOKS_MS = 180 * 24 * MS_PER_HOUR
# Before it signs, every process has read it.
LEAST_LEAD_MS = 60_000
_INIT_LOCK = 0x74616C6C79


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A public key of this server that terminals may believe until `not_after` (ms), and that signs from a time on.

    Of one that was revoked, books say that nothing of it was ever to be believed.
    """

    kid: bytes
    public_key: bytes
    not_after: int
    signs_from: int = 0
    created_at: int = 0
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A signing key with its times."""

    signing: SigningKey
    published: PublishedKey


class ServerKeys:
    """The key that signs now, and all that terminals are told to believe now. Read again, it changes in place."""

    def __init__(
        self, kek: KeyEncryptionKey, clock: Clock, held: Iterable[HeldKey], revoked: Iterable[PublishedKey] = ()
    ) -> None:
        self._kek = kek
        self._clock = clock
        self._held = tuple(held)
        self.revoked = tuple(revoked)

    @property
    def active(self) -> SigningKey:
        """The key that signs."""
        now = self._clock()
        signing = [one for one in self._held if one.published.signs_from <= now]
        # Between two readings a key may pass its end, as all may: better signed by it than not at all.
        return (signing or list(self._held))[0].signing

    @property
    def for_books(self) -> SigningKey:
        """The key that signs books."""
        now = self._clock()
        signing = [one for one in self._held if one.published.signs_from <= now < one.published.not_after]
        for one in signing:
            if one.published.signs_from + BOOKS_MS <= now or one is signing[-1]:
                return one.signing
        return self.active

    @property
    def published(self) -> tuple[PublishedKey, ...]:
        """What terminals are told to believe, the newest first."""
        now = self._clock()
        return tuple(one.published for one in self._held if one.published.not_after > now)

    def by_kid(self) -> dict[bytes, bytes]:
        """Kid → public key of all published ones."""
        return {key.kid: key.public_key for key in self.published}

    def signer(self, kid: str) -> SigningKey:
        """The key of a kid in hex, where it is still published; else the one that signs."""
        now = self._clock()
        named = (one.signing for one in self._held if one.published.not_after > now and one.signing.kid.hex() == kid)
        return next(named, self.active)

    async def read_again(self, connection: Connection) -> None:
        """Learn what keys there are now.

        Raises:
            KeyFileError: another key-encryption key wrapped one of them; all is as it was.
        """
        rows = await connection.fetch(QUERIES["read_keys"], self._clock())
        known = {one.published.kid: one.signing for one in self._held}
        held = tuple(_held(row, self._kek, known.get(row["kid"])) for row in rows)
        if held:
            self._held = held
            self.revoked = await _revoked(connection, self._clock())


def _held(row: Any, kek: KeyEncryptionKey, known: SigningKey | None = None) -> HeldKey:
    signing = known or SigningKey.from_seed(kek.unwrap(row["wrapped_seed"], _context(row["kid"])))
    return HeldKey(signing, _published(row))


def _published(row: Any) -> PublishedKey:
    return PublishedKey(
        row["kid"], row["public_key"], row["not_after"], row["signs_from"], row["created_at"], row["revoked_at"]
    )


async def _revoked(connection: Connection, now: int) -> tuple[PublishedKey, ...]:
    """Those whose signatures may still be about."""
    return tuple(_published(row) for row in await connection.fetch(QUERIES["revoked_keys"], now - RUN_OUT_MS))


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
            await _add_key(connection, kek, random, created_at=now, signs_from=now)
    return bytes(server_id.bytes)


async def _add_key(
    connection: Connection, kek: KeyEncryptionKey, random: Random, *, created_at: int, signs_from: int
) -> PublishedKey:
    key = SigningKey.from_seed(random(SEED_BYTES))
    made = PublishedKey(key.kid, key.public_key, signs_from + KEY_LIFETIME_MS, signs_from, created_at)
    wrapped = kek.wrap(key.seed, _context(key.kid))
    await connection.execute(
        QUERIES["write_key"], key.kid, key.public_key, wrapped, created_at, signs_from, made.not_after
    )
    return made


async def has_identity(connection: Connection) -> bool:
    """Whether the server was set up in this database before."""
    return await connection.fetchval(QUERIES["read_server"]) is not None


async def load_identity(connection: Connection, kek: KeyEncryptionKey, clock: Clock) -> tuple[bytes, ServerKeys]:
    """The server's id and keys.

    Raises:
        NotInitialisedError: where the server was never set up.
        KeyFileError: where the key-encryption key is another than the one that wrapped them.
    """
    server_id = await connection.fetchval(QUERIES["read_server"])
    rows = await connection.fetch(QUERIES["read_keys"], clock())
    if server_id is None or not rows:
        raise NotInitialisedError
    held = [_held(row, kek) for row in rows]
    return server_id.bytes, ServerKeys(kek, clock, held, await _revoked(connection, clock()))


async def all_keys(connection: Connection) -> list[PublishedKey]:
    """All signing keys that ever were, the newest first."""
    return [_published(row) for row in await connection.fetch(QUERIES["read_all_keys"])]


async def own_keys(connection: Connection, kek: KeyEncryptionKey) -> dict[bytes, bytes]:
    """Kid → public key of all keys that ever were this server's.

    A row that somebody put in, who has the database and not the key-encryption key, is none.
    """
    own = {}
    for row in await connection.fetch(QUERIES["wrapped_keys"]):
        try:
            key = SigningKey.from_seed(kek.unwrap(row["wrapped_seed"], _context(row["kid"])))
        except KeyFileError:
            continue
        own[key.kid] = key.public_key
    return own


async def default_lead(connection: Connection) -> int:
    """How long a till may go on with a book and then keep its records back (ms): one that comes within it is in time.

    It then pulls a book that tells the new key before that key signs anything.
    """
    row = await connection.fetchrow(QUERIES["longest_hours"])
    usual = Policy()
    book, upload = (row["book"], row["upload"]) if row is not None else (0, 0)
    return int(max(book, usual.book_hours) + max(upload, usual.upload_hours)) * MS_PER_HOUR


async def rotate(
    connection: Connection, kek: KeyEncryptionKey, clock: Clock, random: Random, lead_ms: int | None = None
) -> PublishedKey:
    """Make the next signing key. It is published at once and signs after a while; the one before then runs out.

    Args:
        connection: in the caller's transaction, or in none.
        kek: wraps the key.
        clock: ms since the epoch.
        random: secure random bytes.
        lead_ms: how long it is published before it signs; by default what `default_lead` says.

    Raises:
        KeyRotationError: another waits already until it signs.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _INIT_LOCK)
        now = clock()
        rows = await connection.fetch(QUERIES["read_keys"], now)
        if not rows:
            raise NotInitialisedError
        if rows[0]["signs_from"] > now:
            raise KeyRotationError
        lead = lead_ms if lead_ms is not None else await default_lead(connection)
        signs_from = now + max(lead, LEAST_LEAD_MS)
        # What the one before signs last runs out so much later. Earlier ones have their ends.
        await connection.execute(QUERIES["end_key"], rows[0]["kid"], signs_from + RUN_OUT_MS)
        return await _add_key(connection, kek, random, created_at=now, signs_from=signs_from)


async def revoke(
    connection: Connection, kek: KeyEncryptionKey, clock: Clock, random: Random, kid: bytes
) -> PublishedKey:
    """Believe nothing of a signing key from now on, as where somebody stole it; the key that signs from now on.

    That is the one that was published and waited to sign, else a new one: of the key before, books alone are signed.

    Args:
        connection: in the caller's transaction, or in none.
        kek: wraps the key.
        clock: ms since the epoch.
        random: secure random bytes.
        kid: of the key.

    Raises:
        UnknownSigningKeyError: there is none that is believed.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _INIT_LOCK)
        now = clock()
        rows = {row["kid"]: row for row in await connection.fetch(QUERIES["read_keys"], now)}
        if kid not in rows:
            raise UnknownSigningKeyError
        await connection.execute(QUERIES["revoke_key"], kid, now)
        signed = next((row["kid"] for row in rows.values() if row["signs_from"] <= now), None)
        left = [_published(row) for row in rows.values() if row["kid"] != kid]
        if kid != signed and left:
            return next((key for key in left if key.signs_from <= now), left[0])
        waits = next((key for key in left if key.signs_from > now), None)
        if waits is None:
            return await _add_key(connection, kek, random, created_at=now, signs_from=now)
        await connection.execute(QUERIES["sign_now"], waits.kid, now)
        return replace(waits, signs_from=now)


def _context(kid: bytes) -> bytes:
    return b"tallystick/v1/signing-key\x00" + kid

"""Passwords: what one may be, and its Argon2id hash, which takes memory and a core and is made in a thread."""

import asyncio
import unicodedata
from collections.abc import Sequence

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id

from syncserver.people.errors import PasswordError

LEAST, MOST = 8, 128
OPERATIONS, MEMORY_BYTES = 2, 19 * 1024 * 1024
# Of the same cost as any other, and no password is known that it fits.
NOBODYS = f"$argon2id$v=19$m={MEMORY_BYTES // 1024},t={OPERATIONS},p=1${'A' * 22}${'A' * 43}"


def checked(password: str, login: str) -> bytes:
    """A new password as bytes to hash.

    Raises:
        PasswordError: it is too short, too long, no text, or the login.
    """
    encoded = _encoded(password)
    if not LEAST <= len(password) <= MOST or encoded is None or password.lower() == login:
        raise PasswordError
    return encoded


def _encoded(password: str) -> bytes | None:
    """NFC, so that what looks the same on two keyboards is the same (RFC 8265, section 4.2.2)."""
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None


async def hash_of(password: bytes) -> str:
    """The hash to store. Whoever calls it has a turn: it takes 19 MiB and some 20 ms."""
    return await asyncio.to_thread(_hash, password)


def _hash(password: bytes) -> str:
    hashed = argon2id.str(password, opslimit=OPERATIONS, memlimit=MEMORY_BYTES)
    return hashed.rstrip(b"\0").decode("ascii")


async def which_fits(password: str, hashes: Sequence[str]) -> int | None:
    """The place of the first hash that the password fits. All are tried, so it takes as long whichever it is."""
    encoded = _encoded(password[: MOST + 1])
    # What can't be a password costs the same as any other, and fits none.
    guess = encoded if encoded is not None and len(password) <= MOST else b""
    return await asyncio.to_thread(_first_that_fits, guess, hashes)


def _first_that_fits(password: bytes, hashes: Sequence[str]) -> int | None:
    fits = [_verify(hashed, password) for hashed in hashes]
    return fits.index(True) if True in fits else None


def _verify(hashed: str, password: bytes) -> bool:
    try:
        return argon2id.verify(hashed.encode("ascii"), password)
    except InvalidkeyError:
        return False

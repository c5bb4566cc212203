"""AES-256-GCM under the server's key-encryption key, which stays outside the database.

A stolen database yields no proof key and no signing key; each wrapped value is bound to the row that it belongs to.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from syncserver.keys.errors import KeyFileError
from syncserver.ports import Random

KEY_BYTES = 32
NONCE_BYTES = 12
FILE_NAME = "kek"
CREDENTIAL_NAME = "tallystick-kek"


class KeyEncryptionKey:
    """Wraps and unwraps the secrets that are stored in the database. Its repr shows nothing."""

    def __init__(self, key: bytes, random: Random) -> None:
        if len(key) != KEY_BYTES:
            raise KeyFileError(f"the key-encryption key has not {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._random = random

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """A secret as nonce ‖ ciphertext ‖ tag, bound to its context."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret again.

        Raises:
            KeyFileError: where another key wrapped it, or it was moved or changed.
        """
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise KeyFileError("a wrapped secret does not fit this server's key-encryption key") from error

    def wrap_proof_key(self, proof_key: bytes, series: bytes, index: int) -> bytes:
        """A code's proof key, bound to its code."""
        return self.wrap(proof_key, _code_context(series, index))

    def unwrap_proof_key(self, wrapped: bytes, series: bytes, index: int) -> bytes:
        """A code's proof key again."""
        return self.unwrap(wrapped, _code_context(series, index))

    def __repr__(self) -> str:
        return "KeyEncryptionKey()"


def _code_context(series: bytes, index: int) -> bytes:
    return b"tallystick/v1/proof-key\x00" + series + index.to_bytes(4)


def load_key(home: Path, key_file: Path | None, random: Random) -> KeyEncryptionKey:
    """The key from a setting's file, a systemd credential, or the home folder.

    Raises:
        KeyFileError: where there is none, or others than its owner can read it.
    """
    path = _key_path(home, key_file)
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(
            f"there is no readable key-encryption key at {path}: `tallystick server init` makes one for a new server; "
            "that of an existing one belongs there"
        ) from error
    # systemd lets a service's user read its credential by an ACL, which shows as the group's right.
    foreign = 0o007 if path.parent == _credentials_folder() else 0o077
    if mode & foreign:
        raise KeyFileError(f"{path} can be read by others: chmod 600 it")
    try:
        return KeyEncryptionKey(bytes.fromhex(text.strip()), random)
    except ValueError as error:
        raise KeyFileError(f"{path} does not hold {KEY_BYTES * 2} hex digits") from error


def create_key(home: Path, key_file: Path | None, random: Random) -> None:
    """Make the key-encryption key where `load_key` looks for it, unless it is there."""
    path = _key_path(home, key_file)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Under its name it is whole or not at all, and never replaces one that is there.
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(random(KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        Path(temporary).unlink()


def _key_path(home: Path, key_file: Path | None) -> Path:
    if key_file is not None:
        return key_file
    credentials = _credentials_folder()
    if credentials is not None and (credentials / CREDENTIAL_NAME).exists():
        return credentials / CREDENTIAL_NAME
    return home / FILE_NAME


def _credentials_folder() -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None

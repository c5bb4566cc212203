"""The vault: the database key and the device keys, wrapped under a key that the unlock secret gives.

key-encryption key = Argon2id(unlock secret, salt; 64 MiB, t = 3)
each key           = AES-256-GCM(key-encryption key, nonce, key; associated data = what it is for)

`<home>/vault.json` is readable by its owner alone, replaced atomically, and useless without the secret.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from shared.keys import SEED_BYTES, SigningKey
from terminal.clock import Random
from terminal.errors import NotEnrolledError, UnlockError, VaultDamagedError, WrongSecretError
from terminal.store.files import locked, write_atomically
from terminal.texts import system_words

FILE_NAME = "vault.json"
_VERSION = 1
_KEY_BYTES = 32
_SALT_BYTES = 16
_NONCE_BYTES = 12
_T, _M_KIB = 3, 64 * 1024
_MOST_T, _MOST_M_KIB = 16, 1024 * 1024


class Secret:
    """The unlock secret. It has no repr and no str of its own, so that no log or error can show it."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The secret itself, for the key derivation alone."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(hidden)"


@dataclass(frozen=True, slots=True)
class _Sealed:
    nonce: bytes
    box: bytes

    @classmethod
    def seal(cls, kek: bytes, content: bytes, purpose: str, random: Random) -> "_Sealed":
        nonce = random(_NONCE_BYTES)
        return cls(nonce, AESGCM(kek).encrypt(nonce, content, _aad(purpose)))

    def open(self, kek: bytes, purpose: str) -> bytes:
        return AESGCM(kek).decrypt(self.nonce, self.box, _aad(purpose))

    def to_json(self) -> dict[str, str]:
        return {"nonce": self.nonce.hex(), "box": self.box.hex()}

    @classmethod
    def from_json(cls, value: Any) -> "_Sealed":
        return cls(bytes.fromhex(value["nonce"]), bytes.fromhex(value["box"]))


def _aad(purpose: str) -> bytes:
    return b"tallystick/v1/vault/" + purpose.encode()


@dataclass(frozen=True, slots=True)
class _DeviceKey:
    """A device key; `epoch` is None until the server has answered the enrolment that `token_hash` names."""

    epoch: int | None
    token_hash: str
    public_key: bytes
    sealed: _Sealed

    @property
    def purpose(self) -> str:
        return f"device/{self.public_key.hex()}"


@dataclass(frozen=True, slots=True)
class _Contents:
    salt: bytes
    t: int
    m_kib: int
    database: _Sealed
    devices: tuple[_DeviceKey, ...]

    def to_bytes(self) -> bytes:
        value = {
            "version": _VERSION,
            "kdf": {"name": "argon2id", "t": self.t, "m_kib": self.m_kib, "salt": self.salt.hex()},
            "database_key": self.database.to_json(),
            "device_keys": [
                {
                    "epoch": key.epoch,
                    "token_hash": key.token_hash,
                    "public_key": key.public_key.hex(),
                    "seed": key.sealed.to_json(),
                }
                for key in self.devices
            ],
        }
        return json.dumps(value, indent=1).encode() + b"\n"

    @classmethod
    def read(cls, path: Path) -> "_Contents":
        try:
            return cls._from_json(json.loads(path.read_bytes()))
        except FileNotFoundError:
            raise NotEnrolledError from None
        except OSError as error:
            raise UnlockError("{path} can't be read: {why}", path=path, why=system_words(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise VaultDamagedError from error

    @classmethod
    def _from_json(cls, value: Any) -> "_Contents":
        if value["version"] != _VERSION:
            raise VaultDamagedError("the vault was written by a newer version: update the program")
        kdf = value["kdf"]
        if not (0 < kdf["t"] <= _MOST_T and 0 < kdf["m_kib"] <= _MOST_M_KIB):
            raise VaultDamagedError
        return cls(
            salt=bytes.fromhex(kdf["salt"]),
            t=kdf["t"],
            m_kib=kdf["m_kib"],
            database=_Sealed.from_json(value["database_key"]),
            devices=tuple(
                _DeviceKey(
                    epoch=key["epoch"],
                    token_hash=key["token_hash"],
                    public_key=bytes.fromhex(key["public_key"]),
                    sealed=_Sealed.from_json(key["seed"]),
                )
                for key in value["device_keys"]
            ),
        )


def _derive(secret: Secret, salt: bytes, t: int, m_kib: int) -> bytes:
    try:
        return argon2id.kdf(_KEY_BYTES, secret.reveal(), salt, opslimit=t, memlimit=m_kib * 1024)
    except (CryptoError, ValueError) as error:
        raise UnlockError("there is not enough memory to unlock the terminal (64 MiB are needed)") from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(slots=True)
class Vault:
    """The unlocked vault. It keeps the wrapping key, so that keys of later epochs can be added."""

    path: Path
    database_key: bytes = field(repr=False)
    _kek: bytes = field(repr=False)
    _contents: _Contents = field(repr=False)
    _random: Random = field(repr=False)
    _unsealed: dict[bytes, SigningKey] = field(default_factory=dict, repr=False)

    @classmethod
    def create(cls, path: Path, secret: Secret, random: Random) -> "Vault":
        """Make the vault of a terminal that has none, with a database key of its own; an existing one is opened."""
        with locked(path.with_name(f"{path.name}.lock")):
            if path.exists():
                return cls.open(path, secret, random)
            salt, key = random(_SALT_BYTES), random(_KEY_BYTES)
            kek = _derive(secret, salt, _T, _M_KIB)
            contents = _Contents(salt, _T, _M_KIB, _Sealed.seal(kek, key, "database", random), ())
            write_atomically(path, contents.to_bytes())
            return cls(path, key, kek, contents, random)

    @classmethod
    def open(cls, path: Path, secret: Secret, random: Random) -> "Vault":
        """Unlock a vault; takes about 200 ms and 64 MiB.

        Raises:
            NotEnrolledError: where there is none.
            WrongSecretError: where the secret does not fit.
            VaultDamagedError: where the file is no vault.
        """
        contents = _Contents.read(path)
        kek = _derive(secret, contents.salt, contents.t, contents.m_kib)
        try:
            key = contents.database.open(kek, "database")
        except (InvalidTag, ValueError) as error:
            raise WrongSecretError from error
        return cls(path, key, kek, contents, random)

    def device_key(self, epoch: int) -> SigningKey:
        """The signing key of an epoch.

        Raises:
            VaultDamagedError: where the vault has none for it.
        """
        found = self._of_epoch(epoch)
        if found is None:
            self._contents = _Contents.read(self.path)  # another process may have enrolled again meanwhile
            found = self._of_epoch(epoch)
        if found is None:
            raise VaultDamagedError("the vault has no device key for epoch {epoch}", epoch=epoch)
        return self._unseal(found)

    def pending_key(self, token: str) -> SigningKey:
        """The key to enrol with: always the same for the same token, durable before anyone hears of it."""
        with locked(self.path.with_name(f"{self.path.name}.lock")):
            self._contents = _Contents.read(self.path)
            for known in self._contents.devices:
                if known.token_hash == _hash(token):
                    return self._unseal(known)
            key = SigningKey.from_seed(self._random(SEED_BYTES))
            purpose = f"device/{key.public_key.hex()}"
            sealed = _Sealed.seal(self._kek, key.seed, purpose, self._random)
            self._write((*self._contents.devices, _DeviceKey(None, _hash(token), key.public_key, sealed)))
            return key

    def assign(self, token: str, epoch: int) -> None:
        """Note which epoch the server gave the key that was enrolled with a token."""
        with locked(self.path.with_name(f"{self.path.name}.lock")):
            self._contents = _Contents.read(self.path)
            self._write(
                tuple(
                    replace(key, epoch=epoch) if key.token_hash == _hash(token) else key
                    for key in self._contents.devices
                )
            )

    def _of_epoch(self, epoch: int) -> _DeviceKey | None:
        return next((key for key in self._contents.devices if key.epoch == epoch), None)

    def _unseal(self, key: _DeviceKey) -> SigningKey:
        if key.public_key not in self._unsealed:  # each record is signed: opened once, and no safer than the kek
            try:
                self._unsealed[key.public_key] = SigningKey.from_seed(key.sealed.open(self._kek, key.purpose))
            except (InvalidTag, ValueError) as error:
                raise VaultDamagedError from error
        return self._unsealed[key.public_key]

    def _write(self, devices: tuple[_DeviceKey, ...]) -> None:
        contents = replace(self._contents, devices=devices)
        write_atomically(self.path, contents.to_bytes())
        self._contents = contents

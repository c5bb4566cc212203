"""Ed25519 keys (RFC 8032) and the key ids that messages carry."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as _NaclSigningKey
from nacl.signing import VerifyKey as _NaclVerifyKey

from shared.errors import SignatureError

KID_BYTES = 8
PUBLIC_KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64


def kid_of(public_key: bytes) -> bytes:
    """kid = first 8 bytes of SHA-256(raw public key)."""
    return hashlib.sha256(public_key).digest()[:KID_BYTES]


@lru_cache(maxsize=4096)
def _verify_key(public_key: bytes) -> _NaclVerifyKey:
    return _NaclVerifyKey(public_key)


def check_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature over a message.

    Raises:
        SignatureError: where it does not fit, or the key is none.
    """
    try:
        _verify_key(public_key).verify(message, signature)
    except (BadSignatureError, ValueError, TypeError) as error:
        raise SignatureError from error


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """An Ed25519 private key, made from its 32-byte seed. Its repr shows the key id alone."""

    seed: bytes
    public_key: bytes
    kid: bytes
    _key: _NaclSigningKey

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key that a seed of 32 random bytes gives."""
        key = _NaclSigningKey(seed)
        public_key = bytes(key.verify_key)
        return cls(seed=seed, public_key=public_key, kid=kid_of(public_key), _key=key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over a message."""
        return self._key.sign(message).signature

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid.hex()})"

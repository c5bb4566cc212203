"""Offline codes: what a customer says at the till, and what each side can derive from it (docs/protocol.md, section 5).

K        = Argon2id v1.3(password = the 8 normalised symbols, salt = the series id, p = 1, 48 bytes out)
verifier = K[0:16], proof key = K[16:48]
proof    = HMAC-SHA256(proof key, "tallystick/v1/proof" ‖ 00 ‖ id ‖ device ‖ wallet as ASCII ‖
           amount as 8 bytes big-endian ‖ currency as ASCII ‖ at as 8 bytes big-endian)
"""

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from shared.errors import CodeFormatError, KdfError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SYMBOLS = 8
CODE_RANDOM_BYTES = 5  # 40 bits: eight symbols of five bits
VERIFIER_BYTES = 16
PROOF_KEY_BYTES = 32
MAX_CODES_PER_SERIES = 10

_NOT_TYPED = re.compile(r"[^0-9A-Za-z]")
_LOOKALIKES = str.maketrans("OIL", "011")
_SHA256_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True)
class KdfParameters:
    """Argon2id's cost: `t` passes over `m_kib` KiB of memory. They travel with each series."""

    t: int = 2
    m_kib: int = 19 * 1024

    def __post_init__(self) -> None:
        # A signed book or voucher says them, but no message may stop a till with 4 TiB of memory.
        if not (1 <= self.t <= 16 and 8 <= self.m_kib <= 256 * 1024):  # noqa: PLR2004 - see the line above
            raise KdfError


@dataclass(frozen=True, slots=True)
class CodeSecrets:
    """What a code yields. A terminal stores verifiers alone; only the server stores proof keys, wrapped."""

    verifier: bytes
    proof_key: bytes = field(repr=False)


def map_symbols(typed: str) -> str:
    """What is left of a typed text: ASCII letters and digits, upper case, O→0, I→1, L→1."""
    return _NOT_TYPED.sub("", typed).upper().translate(_LOOKALIKES)


def normalise(typed: str) -> str:
    """The 8 symbols of a typed code.

    Raises:
        CodeFormatError: where not exactly 8 symbols of the alphabet are left (so no U).
    """
    symbols = map_symbols(typed)
    if len(symbols) != CODE_SYMBOLS or not set(symbols) <= set(ALPHABET):
        raise CodeFormatError
    return symbols


def code_from(random: bytes) -> str:
    """A code from 5 random bytes."""
    bits = int.from_bytes(random[:CODE_RANDOM_BYTES])
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(35, -1, -5))


def grouped(code: str) -> str:
    """A code as people read it: 7KQ2-M9XD."""
    return f"{code[:4]}-{code[4:]}"


def derive(code: str, series: bytes, parameters: KdfParameters) -> CodeSecrets:
    """Derive a normalised code's verifier and proof key. Takes about 15 ms and 19 MiB by default; releases the GIL.

    Raises:
        KdfError: where there is not the memory for it.
    """
    try:
        k = argon2id.kdf(
            VERIFIER_BYTES + PROOF_KEY_BYTES,
            code.encode("ascii"),
            series,
            opslimit=parameters.t,
            memlimit=parameters.m_kib * 1024,
        )
    except CryptoError as error:
        raise KdfError from error
    return CodeSecrets(verifier=k[:VERIFIER_BYTES], proof_key=k[VERIFIER_BYTES:])


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) with a key of a block at most.

    As `hmac.digest` has it, which asks OpenSSL. That lets go of the GIL, so a server that checks a thousand proofs
    would wait for it a thousand times; hmac's own code takes twice as long as this.
    """
    block = key.ljust(_SHA256_BLOCK_BYTES, b"\x00")
    return sha256(block.translate(_OUTER) + sha256(block.translate(_INNER) + message).digest()).digest()


def prove(
    proof_key: bytes, *, payment: bytes, device: bytes, wallet: str, amount: int, currency: str, at: int
) -> bytes:
    """The proof that whoever made this payment had the code; it binds the amount and the time."""
    message = b"".join(
        (
            b"tallystick/v1/proof\x00",
            payment,
            device,
            wallet.encode("ascii"),
            amount.to_bytes(8),
            currency.encode("ascii"),
            at.to_bytes(8),
        )
    )
    return _hmac_sha256(proof_key, message)


def same(a: bytes, b: bytes) -> bool:
    """Whether two verifiers or proofs are equal, in constant time."""
    return hmac.compare_digest(a, b)

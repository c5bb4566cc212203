"""How a terminal becomes a device: its proof, its certificate (docs/protocol.md, section 7)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from shared import cbor, cose, fields
from shared.errors import DecodingError, TokenError
from shared.keys import KID_BYTES, PUBLIC_KEY_BYTES, SigningKey, check_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The server's word that a public key is a device's in one epoch; `issued_at` in ms."""

    device: bytes
    epoch: int
    key: bytes
    vendor: bytes
    name: str
    issued_at: int


def sign_certificate(certificate: Certificate, key: SigningKey) -> bytes:
    """A certificate's COSE bytes."""
    payload = {name: getattr(certificate, name) for name in certificate.__dataclass_fields__}
    return cose.sign(cose.Kind.DEVICE, cbor.encode(payload), key)


def open_certificate(raw: bytes, keys: Mapping[bytes, bytes]) -> Certificate:
    """The certificate that COSE bytes hold, verified with a trusted server key (kid → public key).

    Raises:
        SignatureError: where no trusted key signed it.
        DecodingError: where it is malformed.
    """
    return decode_certificate(cose.open_with(raw, cose.Kind.DEVICE, keys))


def decode_certificate(payload: bytes) -> Certificate:
    """The certificate in a verified payload.

    Raises:
        DecodingError: where it is malformed.
    """
    values = cbor.decode_map(payload)
    return Certificate(
        device=fields.uuid(values, "device"),
        epoch=fields.uint(values, "epoch", least=1),
        key=fields.octets(values, "key", PUBLIC_KEY_BYTES),
        vendor=fields.uuid(values, "vendor"),
        name=fields.text(values, "name"),
        issued_at=fields.uint(values, "issued_at"),
    )


def enrolment_message(token: str, public_key: bytes) -> bytes:
    """What a terminal signs to show that it has the key it enrols.

    Raises:
        TokenError: where the token can't be written as UTF-8.
    """
    try:
        return b"tallystick/v1/enrol\x00" + token.encode() + public_key
    except UnicodeEncodeError:
        raise TokenError from None


def prove_enrolment(token: str, key: SigningKey) -> bytes:
    """The proof of an enrolment: an Ed25519 signature of 64 bytes."""
    return key.sign(enrolment_message(token, key.public_key))


def check_enrolment(token: str, public_key: bytes, proof: bytes) -> None:
    """Check an enrolment's proof.

    Raises:
        SignatureError: where it does not fit.
        TokenError: where the token is no text.
    """
    check_signature(public_key, enrolment_message(token, public_key), proof)


def token_kid(token: str) -> bytes:
    """The kid of the server's signing key that an enrolment token ends with.

    Raises:
        TokenError: where the text is no enrolment token.
    """
    random, stop, kid = token.rpartition(".")
    try:
        value = bytes.fromhex(kid)
    except ValueError:
        value = b""
    # fromhex() skips spaces.
    if not (random and stop and len(kid) == 2 * KID_BYTES and len(value) == KID_BYTES):
        raise TokenError("this is no enrolment token (it ends with a full stop and 16 hex digits)")
    return value


def to_base64url(value: bytes) -> str:
    """Unpadded base64url, as keys and proofs travel in JSON."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def from_base64url(text: str, length: int | None = None) -> bytes:
    """The bytes of an unpadded base64url text.

    Raises:
        DecodingError: where it is none, or not of `length` bytes.
    """
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodingError("not base64url") from error
    if "=" in text or to_base64url(value) != text or (length is not None and len(value) != length):
        raise DecodingError("not unpadded base64url of the right length")
    return value

"""Tagged COSE_Sign1 (RFC 9052): sign the bytes that travel, verify before parsing, store what arrived.

    Sig_structure = ["Signature1", protected, external_aad, payload]
    external_aad  = "tallystick/v1/" ‖ KIND
    protected     = {1: -8 (EdDSA), 4: kid}, unprotected = {}

The verifier fixes the algorithm: nothing in a message chooses anything but which trusted key is tried.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from shared import cbor
from shared.errors import DecodingError, NotSignedError, SignatureError, UnknownKeyError
from shared.keys import KID_BYTES, SIGNATURE_BYTES, SigningKey, check_signature

_TAG = b"\xd2"  # tag 18
_PARTS = 4
# Tag 18, an array of 4, a byte string of 13: {1: -8, 4: a byte string of 8; behind the kid an empty map.
_USUAL_START = bytes.fromhex("d2844da201270448")
_PROTECTED_START = 3
_KID_END = len(_USUAL_START) + KID_BYTES
_SIGNATURE_START = b"\x58\x40"  # a byte string of 64
_ONE_BYTE_FROM, _TWO_BYTES_FROM = 24, 256


class Kind(StrEnum):
    """What is signed; part of what the signature covers, so that one kind never passes for another."""

    RECORD = "record"
    RECEIPT = "receipt"
    BOOK = "book"
    VOUCHER = "voucher"
    DEVICE = "device"
    SEAL = "seal"
    EVIDENCE = "evidence"

    @property
    def external_aad(self) -> bytes:
        """The bytes that bind a signature to this kind."""
        return b"tallystick/v1/" + self.value.encode()


class Signed(msgspec.Struct, frozen=True, gc=False):
    """A COSE_Sign1 object that is well formed, but not yet verified.

    `kid` is None where the header is another than the protocol's, so that no key fits it.
    """

    raw: bytes
    protected: bytes
    kid: bytes | None
    payload: bytes
    signature: bytes


def protected_header(kid: bytes) -> bytes:
    """The one protected header that the protocol knows."""
    return cbor.encode({1: -8, 4: kid})


def _sig_structure(kind: Kind, protected: bytes, payload: bytes) -> bytes:
    return cbor.encode(["Signature1", protected, kind.external_aad, payload])


def sign(kind: Kind, payload: bytes, key: SigningKey) -> bytes:
    """The COSE bytes of a payload signed as `kind`."""
    protected = protected_header(key.kid)
    signature = key.sign(_sig_structure(kind, protected, payload))
    return _TAG + cbor.encode([protected, {}, payload, signature])


def parse(raw: bytes) -> Signed:
    """Take the COSE_Sign1 object apart without believing it.

    The wrapping is not covered by the signature, so only its one deterministic form is taken: otherwise somebody
    on the way could make other bytes of a record, and a fork of an honest journal.

    Raises:
        NotSignedError: where the bytes are no tagged COSE_Sign1 in its deterministic form.
    """
    usual = _parse_usual(raw)
    if usual is not None:
        return usual
    if raw[:1] != _TAG:
        raise NotSignedError
    try:
        parts = cbor.decode(raw[1:], most_items=cbor.MAX_UPLOAD_ITEMS)
    except DecodingError as error:
        raise NotSignedError from error
    if type(parts) is not list or len(parts) != _PARTS:
        raise NotSignedError
    protected, unprotected, payload, signature = parts
    if not (
        type(protected) is bytes and type(unprotected) is dict and type(payload) is bytes and type(signature) is bytes
    ):
        raise NotSignedError
    kid = protected[-KID_BYTES:]
    if unprotected or protected != protected_header(kid):
        return Signed(raw=raw, protected=protected, kid=None, payload=payload, signature=signature)
    if raw != _TAG + cbor.encode(parts):
        raise NotSignedError
    return Signed(raw=raw, protected=protected, kid=kid, payload=payload, signature=signature)


def _parse_usual(raw: bytes) -> Signed | None:
    """The object, where it stands byte by byte in the one deterministic form that the protocol's signers write.

    Nothing is decoded for that: a thousand records of an upload are looked at twice as fast. None says nothing.
    """
    if raw[: len(_USUAL_START)] != _USUAL_START or raw[_KID_END : _KID_END + 1] != b"\xa0":
        return None
    head, start = raw[_KID_END + 1 : _KID_END + 2], _KID_END + 3
    size = int.from_bytes(raw[start - 1 : start])
    if head == b"\x59":  # a length of two bytes
        start += 1
        size = int.from_bytes(raw[start - 2 : start])
        if size < _TWO_BYTES_FROM:
            return None
    elif head != b"\x58" or size < _ONE_BYTE_FROM:
        return None
    end = start + size
    if len(raw) != end + len(_SIGNATURE_START) + SIGNATURE_BYTES or raw[end : end + 2] != _SIGNATURE_START:
        return None
    return Signed(
        raw=raw,
        protected=raw[_PROTECTED_START:_KID_END],
        kid=raw[_KID_END - KID_BYTES : _KID_END],
        payload=raw[start:end],
        signature=raw[end + 2 :],
    )


def verify(signed: Signed, kind: Kind, public_key: bytes) -> None:
    """Check the signature of a parsed object with a key that was chosen for its kid.

    Raises:
        SignatureError: where header, kind, key and signature do not fit together.
    """
    if signed.kid is None or len(signed.signature) != SIGNATURE_BYTES:
        raise SignatureError
    check_signature(public_key, _sig_structure(kind, signed.protected, signed.payload), signed.signature)


def open_with(raw: bytes, kind: Kind, keys: Mapping[bytes, bytes]) -> bytes:
    """The payload of a signed object, verified with the trusted key that its kid names.

    Args:
        raw: the COSE bytes.
        kind: what they must be.
        keys: kid → raw public key of everyone who is trusted to sign this kind.

    Raises:
        NotSignedError: where the bytes are no COSE_Sign1.
        UnknownKeyError: where no trusted key has the object's kid.
        SignatureError: where the signature does not fit.
    """
    signed = parse(raw)
    public_key = keys.get(signed.kid) if signed.kid is not None else None
    if public_key is None:
        raise UnknownKeyError
    verify(signed, kind, public_key)
    return signed.payload

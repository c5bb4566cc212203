"""Whom a check believes: server keys, and the certificate of the device whose records are looked at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from shared import cose
from shared.errors import TallystickError
from shared.keys import PUBLIC_KEY_BYTES, kid_of
from shared.messages.enrolment import Certificate, decode_certificate, open_certificate

HOME_NOTE = "trusted are the keys in trust.json of the data folder here"
_KEY_HEX = re.compile(rf"[0-9a-fA-F]{{{2 * PUBLIC_KEY_BYTES}}}")


class TrustError(TallystickError):
    """What was to be trusted can't be."""

    code = "NOT_TRUSTED"


class Origin(StrEnum):
    """Who named the keys that are trusted."""

    GIVEN = "given"  # by whoever asks
    HOME = "home"  # by the data folder of the program that runs here
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Trust:
    """Server keys by their kid, and a device's certificate as signed bytes."""

    server_keys: Mapping[bytes, bytes] = field(default_factory=dict)
    certificate: bytes | None = None
    origin: Origin = Origin.NOBODY

    def open_certificate(self) -> Certificate | None:
        """The device that is trusted to sign records.

        A certificate that was given without a server key is taken at the word of whoever gave it.

        Raises:
            TallystickError: where it is malformed, or no trusted server key signed it.
        """
        if self.certificate is None:
            return None
        if self.server_keys:
            return open_certificate(self.certificate, self.server_keys)
        return decode_certificate(cose.parse(self.certificate).payload)


def key_from_hex(text: str) -> bytes:
    """A server's public key as people copy it.

    Raises:
        TrustError: where it is not 64 hex digits.
    """
    if not _KEY_HEX.fullmatch(text):
        raise TrustError("a server key is 64 hex digits")
    return bytes.fromhex(text)


class _StoredKey(msgspec.Struct, frozen=True):
    kid: str
    key: str


class _StoredTrust(msgspec.Struct, frozen=True):
    server_keys: list[_StoredKey]
    certificate: str | None = None


def trust_of_home(content: bytes) -> Trust:
    """The trust in a data folder's trust.json, as `terminal enrol` and `server init` write it.

    Raises:
        TrustError: where it is damaged.
    """
    try:
        stored = msgspec.json.decode(content, type=_StoredTrust)
        keys = [key_from_hex(entry.key) for entry in stored.server_keys]
        kids = [bytes.fromhex(entry.kid) for entry in stored.server_keys]
        certificate = None if stored.certificate is None else bytes.fromhex(stored.certificate)
    except (msgspec.MsgspecError, ValueError) as error:
        raise TrustError(f"trust.json can't be read: {error}") from error
    if kids != [kid_of(key) for key in keys]:
        raise TrustError("trust.json names a key id that is not that of the key beside it")
    return Trust(dict(zip(kids, keys, strict=True)), certificate, Origin.HOME)

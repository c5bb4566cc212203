"""JSON Web Tokens with EdDSA over Ed25519: a device's assertion (RFC 7523) and the server's access token."""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.errors import TokenError
from shared.ids import uuid_text
from shared.keys import SigningKey
from shared.messages.enrolment import to_base64url

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
MAX_TOKEN = 4_096

_EDDSA = "EdDSA"
# joserfc documents its own error alone, but a hostile header can end in any of these, deep JSON in the last one.
_MALFORMED = (JoseError, ValueError, TypeError, AttributeError, LookupError, RecursionError)


def _registry() -> jws.JWSRegistry:
    """A registry that knows EdDSA alone. RFC 9864 renames it, but this protocol's bytes say EdDSA: no warning."""
    known = jws.JWSRegistry.algorithms[_EDDSA]
    silent = type(known)()
    silent.security_warning = None
    registry = jws.JWSRegistry(algorithms=[_EDDSA], strict_check_header=False)
    registry.algorithms = {_EDDSA: silent}
    return registry


_REGISTRY = _registry()


def audience(server_id: bytes) -> str:
    """The `aud` of everything that is meant for one server: `tallystick:` ‖ serverId."""
    return "tallystick:" + uuid_text(server_id)


def encode(claims: Mapping[str, Any], key: SigningKey, *, token_type: str) -> str:
    """A compact JWT signed by a key; `typ` says what it is for."""
    header = {"alg": _EDDSA, "typ": token_type, "kid": key.kid.hex()}
    private = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(key.public_key), "d": to_base64url(key.seed)}
    )
    return jwt.encode(header, dict(claims), private, registry=_REGISTRY)


def peek(token: str) -> Mapping[str, Any]:
    """The claims of a token that nobody has verified, to find out whose key to verify it with; never to be believed.

    Raises:
        TokenError: where the text is no JWT.
    """
    if len(token) > MAX_TOKEN:
        raise TokenError
    try:
        extracted = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        return _claims(json.loads(extracted.payload))
    except _MALFORMED as error:
        raise TokenError from error


def _claims(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TokenError
    return value


def decode(token: str, public_key: bytes, *, token_type: str | None) -> Mapping[str, Any]:
    """The claims of a token that this key signed. Times and audience are for the caller to check.

    Raises:
        TokenError: where the token is malformed, of another type or algorithm, or not signed by this key.
    """
    if len(token) > MAX_TOKEN:
        raise TokenError
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": to_base64url(public_key)})
    try:
        decoded = jwt.decode(token, key, registry=_REGISTRY)
    except _MALFORMED as error:
        raise TokenError from error
    if token_type is not None and decoded.header.get("typ") != token_type:
        raise TokenError
    return _claims(decoded.claims)

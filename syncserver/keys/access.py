"""Access tokens: JWTs that this server signs and nobody but it has to believe."""

from collections.abc import Mapping
from typing import Any

from shared import tokens
from shared.errors import TokenError
from syncserver.keys.signing import ServerKeys

ACCESS_TYPE = "at+jwt"


def issue(keys: ServerKeys, audience: str, claims: Mapping[str, str], now: int, seconds: int) -> str:
    """A token with some claims that is good for so many seconds; `now` in ms."""
    times = {"iss": audience, "aud": audience, "iat": now // 1_000, "exp": now // 1_000 + seconds}
    return tokens.encode({**claims, **times}, keys.active, token_type=ACCESS_TYPE)


def verify(keys: ServerKeys, audience: str, token: str, now: int) -> Mapping[str, Any]:
    """The claims of a token that one of these keys signed for this audience, and that has not expired; `now` in ms.

    Raises:
        TokenError: it is not.
    """
    for key in keys.published:
        try:
            claims = tokens.decode(token, key.public_key, token_type=ACCESS_TYPE)
        except TokenError:
            continue
        expires = claims.get("exp")
        fits = claims.get("iss") == claims.get("aud") == audience
        if not fits or type(expires) is not int or expires * 1_000 <= now:
            raise TokenError
        return claims
    raise TokenError

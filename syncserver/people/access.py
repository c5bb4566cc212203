"""Who asks: the access tokens of people, and what each role may do. A terminal's token is of another role."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import tokens
from shared.errors import DecodingError, TokenError
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import PersonState
from shared.words import Word
from syncserver.keys.access import issue, verify
from syncserver.services import Services

ACCESS_SECONDS = 600


class Role(Word):
    """What somebody is to this server."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    ADMIN = "admin"
    SUPERADMIN = "superadmin"


ADMINS = frozenset({Role.ADMIN, Role.SUPERADMIN})


@dataclass(frozen=True, slots=True)
class Caller:
    """A person who proved who they are.

    Attributes:
        user_id: of a customer, also the customer's.
        role: what this person is to the server.
        vendor: the shop that a vendor's person acts for.
        state: when the token was granted. Who is not approved may ask how long that takes, and little else.
        session: the family of refresh tokens that this access token came with.
    """

    user_id: bytes
    role: Role
    vendor: bytes | None = None
    state: PersonState = PersonState.APPROVED
    session: bytes | None = None

    @property
    def is_admin(self) -> bool:
        """Whether this person answers for other people's money."""
        return self.role in ADMINS

    @property
    def actor(self) -> str:
        """How postings and logs name this person."""
        return f"{self.role.value} {uuid_text(self.user_id)}"


def grant(services: Services, caller: Caller) -> str:
    """An access token, good for ten minutes."""
    claims = {"sub": uuid_text(caller.user_id), "role": caller.role.value, "state": caller.state.value}
    if caller.vendor is not None:
        claims["vendor"] = uuid_text(caller.vendor)
    if caller.session is not None:
        claims["session"] = uuid_text(caller.session)
    return issue(services.keys, tokens.audience(services.server_id), claims, services.clock(), ACCESS_SECONDS)


def authenticate(services: Services, token: str) -> Caller:
    """The person whom an access token names.

    Raises:
        TokenError: the token is not one of this server's, has expired, or is a terminal's.
    """
    claims = verify(services.keys, tokens.audience(services.server_id), token, services.clock())
    try:
        return Caller(
            user_id=uuid_bytes(str(claims.get("sub"))),
            role=Role(str(claims.get("role"))),
            vendor=_optional_id(claims, "vendor"),
            state=PersonState(str(claims.get("state"))),
            session=_optional_id(claims, "session"),
        )
    except (DecodingError, ValueError) as error:
        raise TokenError from error


def _optional_id(claims: Mapping[str, Any], name: str) -> bytes | None:
    value = claims.get(name)
    return uuid_bytes(str(value)) if value is not None else None

"""Who asks: the access tokens of people, and what each role may do. A terminal's token is of another role."""

from dataclasses import dataclass

from shared import tokens
from shared.errors import DecodingError, TokenError
from shared.ids import uuid_bytes, uuid_text
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
    """A person who proved who they are. `vendor` is the shop that a vendor's person acts for."""

    user_id: bytes
    role: Role
    vendor: bytes | None = None

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
    claims: dict[str, str] = {"sub": uuid_text(caller.user_id), "role": caller.role.value}
    if caller.vendor is not None:
        claims["vendor"] = uuid_text(caller.vendor)
    return issue(services.keys, tokens.audience(services.server_id), claims, services.clock(), ACCESS_SECONDS)


def authenticate(services: Services, token: str) -> Caller:
    """The person whom an access token names.

    Raises:
        TokenError: the token is not one of this server's, has expired, or is a terminal's.
    """
    claims = verify(services.keys, tokens.audience(services.server_id), token, services.clock())
    try:
        role = Role(str(claims.get("role")))
        vendor = claims.get("vendor")
        return Caller(uuid_bytes(str(claims.get("sub"))), role, uuid_bytes(str(vendor)) if vendor is not None else None)
    except (DecodingError, ValueError) as error:
        raise TokenError from error

"""The code book: what lets a terminal decide with no network (docs/protocol.md, section 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared import cbor, cose, fields
from shared.errors import DecodingError
from shared.fields import Fields
from shared.keys import KID_BYTES, PUBLIC_KEY_BYTES, SigningKey, kid_of
from shared.lifecycles import Status
from shared.long_maps import decode_long_map
from shared.messages.book_series import BookSeries, decode_series, encode_list, encode_map, encode_series
from shared.messages.receipt import decode_status
from shared.policy import Policy, from_wire

MAX_SERIES_PER_PAGE = 5_000
CASHIER_ROLES = ("cashier", "supervisor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cashier:
    """Who may log in at the till; `pin` is an Argon2id PHC string."""

    id: str
    name: str
    role: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a payment of this terminal became after its receipt."""

    id: bytes
    status: Status
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKey:
    """A key that the server signs with until `not_after` (ms)."""

    kid: bytes
    key: bytes
    not_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One page of a terminal's book. `series`, `closed` and `updates` are what changed since `since`."""

    device: bytes
    generation: int
    version: int
    since: int
    more: bool
    issued_at: int
    expires_at: int
    series: tuple[BookSeries, ...]
    closed: tuple[bytes, ...]
    blocked: tuple[str, ...]
    policy: Policy
    cashiers: tuple[Cashier, ...]
    updates: tuple[Update, ...]
    server_keys: tuple[ServerKey, ...]


def sign_book(book: Book, key: SigningKey) -> bytes:
    """A book's COSE bytes."""
    return cose.sign(cose.Kind.BOOK, encode_book(book), key)


def encode_book(book: Book) -> bytes:
    """A book's payload."""
    values: dict[str, Any] = {
        "device": book.device,
        "generation": book.generation,
        "version": book.version,
        "since": book.since,
        "more": book.more,
        "issued_at": book.issued_at,
        "expires_at": book.expires_at,
        "closed": list(book.closed),
        "blocked": list(book.blocked),
        "policy": book.policy.to_wire(),
        "cashiers": [{"id": c.id, "name": c.name, "role": c.role, "pin": c.pin} for c in book.cashiers],
        "updates": [{"id": u.id, "status": u.status.value, "reasons": list(u.reasons)} for u in book.updates],
        "server_keys": [{"kid": k.kid, "key": k.key, "not_after": k.not_after} for k in book.server_keys],
    }
    entries = {cbor.encode(name): cbor.encode(value) for name, value in values.items()}
    entries[cbor.encode("series")] = encode_list([encode_series(series) for series in book.series])
    return encode_map(entries)


def open_book(raw: bytes, keys: Mapping[bytes, bytes]) -> Book:
    """The book page that COSE bytes hold, verified with a pinned server key (kid → public key).

    Raises:
        SignatureError: where no pinned key signed it.
        DecodingError, PolicyError, KdfError: where it is malformed.
    """
    return decode_book(cose.open_with(raw, cose.Kind.BOOK, keys))


def decode_book(payload: bytes) -> Book:
    """The book page in a verified payload.

    Raises:
        DecodingError, PolicyError, KdfError: where it is malformed.
    """
    values = decode_long_map(payload)
    policy = values.get("policy")
    if not isinstance(policy, dict):
        raise DecodingError("policy: not a map")
    return Book(
        device=fields.uuid(values, "device"),
        generation=fields.uint(values, "generation"),
        version=fields.uint(values, "version"),
        since=fields.uint(values, "since"),
        more=fields.flag(values, "more"),
        issued_at=fields.uint(values, "issued_at"),
        expires_at=fields.uint(values, "expires_at"),
        series=tuple(decode_series(entry) for entry in fields.maps(values, "series")),
        closed=fields.octet_strings(values, "closed", 16),
        blocked=tuple(fields.checked_wallet(wallet, "blocked") for wallet in fields.items(values, "blocked")),
        policy=from_wire(policy),
        cashiers=tuple(_cashier(entry) for entry in fields.maps(values, "cashiers")),
        updates=tuple(
            Update(id=fields.uuid(entry, "id"), status=decode_status(entry), reasons=fields.texts(entry, "reasons"))
            for entry in fields.maps(values, "updates")
        ),
        server_keys=tuple(_server_key(entry) for entry in fields.maps(values, "server_keys")),
    )


def _cashier(values: Fields) -> Cashier:
    role = fields.text(values, "role")
    if role not in CASHIER_ROLES:
        raise DecodingError("role: unknown")
    return Cashier(
        id=fields.text(values, "id"), name=fields.text(values, "name"), role=role, pin=fields.text(values, "pin")
    )


def _server_key(values: Fields) -> ServerKey:
    key = fields.octets(values, "key", PUBLIC_KEY_BYTES)
    kid = fields.octets(values, "kid", KID_BYTES)
    if kid != kid_of(key):
        raise DecodingError("kid: not that of the key beside it")
    return ServerKey(kid=kid, key=key, not_after=fields.uint(values, "not_after"))

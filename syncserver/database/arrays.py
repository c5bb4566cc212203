"""Python values in the forms that PostgreSQL's array parameters take."""

from collections.abc import Iterable
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUUID  # noqa: N811 - asyncpg's own class, made from bytes in C


def uuids(values: Iterable[bytes]) -> list[UUID]:
    """16-byte ids as uuid parameters."""
    return [FastUUID(value) for value in values]


def uuid_of(value: bytes) -> UUID:
    """One 16-byte id as a uuid parameter."""
    return FastUUID(value)


def optional_uuids(values: Iterable[bytes | None]) -> list[UUID | None]:
    """16-byte ids or None as uuid parameters."""
    return [FastUUID(value) if value is not None else None for value in values]


def array_literal(texts: Iterable[str]) -> str:
    """A text[] as its literal, to be bound as a text and cast: `unnest` of a text[][] would flatten it."""
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return "{" + ",".join(quoted) + "}"

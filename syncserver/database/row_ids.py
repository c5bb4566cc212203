"""Ids that may be missing, on their way between rows (uuid) and everything else (16 bytes, or text)."""

from uuid import UUID

from syncserver.database.arrays import uuid_of


def uuid_or_none(value: bytes | None) -> UUID | None:
    """A 16-byte id as a uuid parameter, where there is one."""
    return uuid_of(value) if value is not None else None


def id_or_none(value: UUID | None) -> bytes | None:
    """The 16 bytes of a row's id, where it has one."""
    return value.bytes if value is not None else None


def text_or_none(value: UUID | None) -> str | None:
    """A row's id as text, where it has one."""
    return str(value) if value is not None else None

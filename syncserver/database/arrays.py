"""Python values in the forms that PostgreSQL's array parameters take.

A column of a batch is sent as the text of an array (`$1::text::bigint[]`), put together here: asyncpg's own encoder
asks of every element whether it might be an array itself, which took a third of all the time that settling takes.
"""

from collections.abc import Iterable
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUUID  # noqa: N811 - asyncpg's own class, made from bytes in C

_NULL = "NULL"


def uuids(values: Iterable[bytes]) -> list[UUID]:
    """16-byte ids as uuid parameters."""
    return [FastUUID(value) for value in values]


def uuid_of(value: bytes) -> UUID:
    """One 16-byte id as a uuid parameter."""
    return FastUUID(value)


def numbers(values: Iterable[int | None]) -> str:
    """Integers as the text of an array."""
    return "{" + ",".join([str(value) if value is not None else _NULL for value in values]) + "}"


def places(counts: Iterable[int]) -> str:
    """The text of an array that says of each row to which of several it belongs, from 1: so many rows to each."""
    return "{" + ",".join(",".join([str(place)] * count) for place, count in enumerate(counts, 1) if count) + "}"


def ids(values: Iterable[bytes | None]) -> str:
    """16-byte ids as the text of an array of uuids."""
    return "{" + ",".join([value.hex() if value is not None else _NULL for value in values]) + "}"


def flags(values: Iterable[bool]) -> str:
    """Booleans as the text of an array."""
    return "{" + ",".join(["t" if value else "f" for value in values]) + "}"


def words(values: Iterable[str | None]) -> str:
    """Texts that were checked to be letters, digits and underscores alone, as the text of an array."""
    return "{" + ",".join([value if value is not None else _NULL for value in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """Any texts as the text of an array."""
    return "{" + ",".join([_quoted(value) if value is not None else _NULL for value in values]) + "}"


def array_literal(values: Iterable[str]) -> str:
    """A text[] as its literal, to be bound as a text and cast: `unnest` of a text[][] would flatten it."""
    return texts(values)


def text_lists(values: Iterable[tuple[str, ...]]) -> str:
    """Lists of texts as the text of an array of their literals; most of them are alike."""
    known: dict[tuple[str, ...], str] = {}
    for value in (found := list(values)):
        if value not in known:
            known[value] = _quoted(array_literal(value))
    return "{" + ",".join([known[value] for value in found]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

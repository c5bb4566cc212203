"""Cursors of paged lists: where a page ended. Opaque to whoever asks; a made-up one only begins elsewhere."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.messages.enrolment import from_base64url, to_base64url

_MOST = 200
_Row = TypeVar("_Row")
_DIGITS = len(str(MAX_INTEGER))


def page_of(found: Sequence[_Row], limit: int, cursor: Callable[[_Row], str]) -> tuple[Sequence[_Row], str | None]:
    """A page of what was found, and the cursor behind its last row: None at the end of the list.

    Args:
        found: at most `limit` rows, or one more where another page follows.
        limit: how many a page has.
        cursor: the cursor behind a row.
    """
    page = found[:limit]
    return page, cursor(page[-1]) if len(found) > limit else None


def pack(*parts: str | int) -> str:
    """A cursor of some parts that have no space."""
    return to_base64url(" ".join(map(str, parts)).encode())


def unpack(cursor: str, count: int) -> list[str]:
    """The parts of a cursor.

    Raises:
        DecodingError: it is no cursor of so many parts.
    """
    try:
        parts = from_base64url(cursor[:_MOST]).decode("ascii").split(" ")
    except (DecodingError, ValueError) as error:
        raise DecodingError("cursor: not one of this list") from error
    if len(parts) != count or len(cursor) > _MOST:
        raise DecodingError("cursor: not one of this list")
    return parts


def number(part: str) -> int:
    """The number that a part of a cursor is.

    Raises:
        DecodingError: it is none.
    """
    if not (part.isascii() and part.isdecimal() and len(part) <= _DIGITS):
        raise DecodingError("cursor: not one of this list")
    return int(part)

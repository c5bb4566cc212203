"""Headers that an answer gets whoever makes it: the handler, or what answers its errors."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.types import Message, Scope

# The key in a request's scope that has them.
_HEADERS = "tallystick.headers"


def add_headers(scope: Scope, headers: Mapping[str, str]) -> None:
    """Have the answer to this request bear headers, unless it has its own of the same name."""
    wanted: MutableMapping[str, str] = scope.setdefault(_HEADERS, {})
    wanted.update(headers)


def with_headers(scope: Scope, message: Message) -> Message:
    """The start of an answer, with what was added to it."""
    wanted: Mapping[str, str] | None = scope.get(_HEADERS)
    if not wanted or message["type"] != "http.response.start":
        return message
    there: list[Any] = list(message["headers"])
    names = {name.lower() for name, _ in there}
    more = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in wanted.items()]
    return {**message, "headers": there + [(name, value) for name, value in more if name not in names]}

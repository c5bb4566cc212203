"""What a browser sent: a form's bytes and fields, and the shape that they must have."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from shared.errors import DecodingError
from syncserver.api.body import MAX_JSON_BYTES, read_body, require_type

FORM_TYPE = "application/x-www-form-urlencoded"


async def body_of(request: Request) -> bytes:
    """The bytes of a form, read once: a page that says what was wrong shows them again.

    Raises:
        WrongTypeError, TooLargeError, SlowBodyError: it is none.
    """
    if not hasattr(request.state, "form"):
        require_type(request, FORM_TYPE)
        request.state.form = await read_body(request, MAX_JSON_BYTES)
    body: bytes = request.state.form
    return body


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """A form's fields in the order in which they came.

    Raises:
        DecodingError: it can't be read.
    """
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:  # an empty form among them, which no page has
        raise DecodingError("the form can't be read") from error


def struct_of(pairs: list[tuple[str, str]], shape: Any, what: str) -> Any:
    """What a query or a form says, in its shape; `what` it is, in words.

    Raises:
        DecodingError: it names something twice, or has another shape.
    """
    if len({name for name, _ in pairs}) != len(pairs):
        raise DecodingError(f"the {what} names something twice")
    try:
        return msgspec.convert(dict(pairs), shape, strict=False)
    except msgspec.ValidationError as error:
        raise DecodingError(f"the {what}: {str(error)[:200]}") from error

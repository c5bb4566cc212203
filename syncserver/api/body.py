"""Reading request bodies within bounds: nothing is kept beyond the limit, whatever a header or a zstd frame claims."""

import asyncio
import io
from typing import TypeVar

import msgspec
import zstandard
from starlette.requests import Request

from shared.errors import DecodingError, TallystickError

MAX_JSON_BYTES = 64 * 1024
# Long enough for 2 MiB over a poor mobile link, and short enough that slow senders can't take all the places.
BODY_SECONDS = 60
# A frame may ask for no larger window than the largest body needs.
_MAX_WINDOW = 8 * 1024 * 1024
_T = TypeVar("_T")


class TooLargeError(TallystickError):
    """This request is too large."""

    code = "TOO_LARGE"


class SlowBodyError(TallystickError):
    """The request's body did not arrive in time."""

    code = "TIMEOUT"


class WrongTypeError(TallystickError):
    """This content type or encoding is not taken here."""

    code = "UNSUPPORTED_MEDIA_TYPE"


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body, at most `limit` bytes.

    Raises:
        TooLargeError: where there is more.
        SlowBodyError: where it takes longer than a minute.
    """
    declared = request.headers.get("content-length", "0")
    # Compared by its digits first: an integer of thousands of them is more than int() reads.
    if declared.isdecimal() and (len(declared.lstrip("0")) > len(str(limit)) or int(declared) > limit):
        raise TooLargeError
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _gather(request, limit)
    except TimeoutError as error:
        raise SlowBodyError from error


async def _gather(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def require_type(request: Request, expected: str) -> None:
    """Make sure of the content type, whatever parameters it has.

    Raises:
        WrongTypeError: where it is another.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != expected:
        raise WrongTypeError(f"this needs Content-Type: {expected}")


def announced_size(request: Request, limit: int) -> int:
    """The most bytes that the body will have in memory: what its header says, else `limit`."""
    declared = request.headers.get("content-length", "")
    return min(int(declared), limit) if declared.isdecimal() and len(declared) <= len(str(limit)) else limit


def encoding_of(request: Request) -> str:
    """How the body is packed: `identity` or `zstd`.

    Raises:
        WrongTypeError: in another way.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "zstd"):
        raise WrongTypeError("the content encoding is zstd or none")
    return encoding


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """A body as it was before it was packed, at most `limit` bytes.

    Raises:
        TooLargeError, DecodingError: it is too large, or damaged.
    """
    return body if encoding == "identity" else decompress(body, limit)


def decompress(body: bytes, limit: int) -> bytes:
    """Inflate one zstd frame, never beyond `limit` bytes.

    Raises:
        TooLargeError: where it holds more.
        DecodingError: where it is no whole zstd frame.
    """
    source = io.BytesIO(body)
    try:
        with zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(source) as reader:
            inflated = reader.read(limit + 1)
            if len(inflated) > limit:
                raise TooLargeError
            # A frame that was cut off ends without an error of its own.
            if not _is_whole(body):
                raise DecodingError("the zstd frame is not whole")
            return inflated
    except zstandard.ZstdError as error:
        raise DecodingError("the body is no zstd frame") from error


def _is_whole(body: bytes) -> bool:
    inflater = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
    inflater.decompress(body)
    return inflater.eof and not inflater.unused_data


async def read_json(request: Request, shape: type[_T]) -> _T:
    """A JSON body of a known shape.

    Raises:
        TooLargeError, WrongTypeError, DecodingError: it is too large, no JSON, or of another shape.
    """
    require_type(request, "application/json")
    body = await read_body(request, MAX_JSON_BYTES)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodingError(str(error)[:200]) from error

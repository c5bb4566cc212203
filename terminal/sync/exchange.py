"""One question and its answer over HTTP: bounded in time and size, with every failure as one of our own errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx

from terminal.clock import Clock
from terminal.errors import ServerUnreachableError
from terminal.sync.address import is_loopback
from terminal.sync.errors import AnswerError, RefusedError, ServerBusyError
from terminal.texts import Marked

MAX_ANSWER_BYTES = 32 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
_MAX_WORDS = 200
_DEADLINE_MS = 120_000
_TIMEOUT = httpx.Timeout(connect=10.0, read=30.0, write=30.0, pool=10.0)
_LONGEST_RETRY_S = 3_600.0
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer's bytes."""

    content: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object that it is.

        Raises:
            AnswerError: where it is none.
        """
        value = _json_object(self.content)
        if value is None:
            raise AnswerError("the server's answer is no JSON object")
        return value

    def data(self) -> dict[str, Any]:
        """What the envelope of a REST answer holds.

        Raises:
            AnswerError: where it is none.
        """
        data = self.json().get("data")
        if not isinstance(data, dict):
            raise AnswerError("the server's answer has no data")
        return data


class Exchange:
    """A connection to one server, which also remembers what time the server's answers said it was."""

    def __init__(self, server_url: str, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._clock = clock
        self._heard: tuple[int, int] | None = None
        self._client = httpx.Client(
            base_url=server_url,
            transport=transport,
            timeout=_TIMEOUT,
            follow_redirects=False,
            # A proxy of the surroundings can't reach this machine's own server.
            trust_env=not is_loopback(httpx.URL(server_url).host),
            # Compressed answers would have no bound before they are unpacked.
            headers={"Accept-Encoding": "identity", "User-Agent": "tallystick-terminal"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def heard_time(self) -> int | None:
        """The server's time now (ms) by the `Date` of its last answer and the ticks since; unsigned."""
        if self._heard is None:
            return None
        date, tick = self._heard
        return date + self._clock.tick() - tick

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its answer.

        Raises:
            ServerUnreachableError: where nothing came back, or a failure without a word.
            ServerBusyError: where the server asks to come back later.
            RefusedError: where it refused.
            AnswerError: where the answer is too large or in another form.
        """
        try:
            with self._client.stream(
                method, f"/{path.lstrip('/')}", content=content, headers=headers, params=params
            ) as response:
                self._hear(response.headers.get("Date"))
                success = response.status_code == httpx.codes.OK
                body = self._read(response, MAX_ANSWER_BYTES if success else _MAX_ERROR_BYTES)
                if success:
                    return Answer(body)
                raise self._failure(response, body)
        except httpx.TransportError as error:
            raise ServerUnreachableError(
                "The server can't be reached ({kind}). Sales go on offline; try to sync again later.",
                kind=type(error).__name__,
            ) from error
        except httpx.HTTPError as error:
            raise AnswerError from error

    def _read(self, response: httpx.Response, limit: int) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AnswerError("the server's answer is compressed, which was not asked for")
        started = self._clock.tick()
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > limit:
                raise AnswerError("the server's answer is too large")
            # Timeouts count from byte to byte: an answer that drips would never reach them.
            if self._clock.tick() - started > _DEADLINE_MS:
                raise ServerUnreachableError
        return bytes(body)

    def _failure(self, response: httpx.Response, body: bytes) -> ServerUnreachableError | RefusedError:
        status = response.status_code
        message, error_code = _words(body)
        if status in _BUSY:
            heard = self.heard_time()
            now = self._clock.now() if heard is None else heard
            return ServerBusyError(
                message and Marked(message), retry_after=_retry_after(response.headers.get("Retry-After"), now)
            )
        if httpx.codes.is_server_error(status):
            return ServerUnreachableError(
                "The server failed (HTTP {status}). Sales go on offline; try to sync again later.", status=status
            )
        words = Marked(message) if message else f"HTTP {status}"
        return RefusedError("The server refused: {words}", status=status, error_code=error_code, words=words)

    def _hear(self, date: str | None) -> None:
        if date is None:
            return
        heard = _http_date(date)
        if heard is not None:
            self._heard = (heard, self._clock.tick())


def _words(body: bytes) -> tuple[str | None, str | None]:
    """Message and code of the error envelope, or of an OAuth error (RFC 6749 section 5.2)."""
    value = _json_object(body) or {}
    return (
        _plain(value.get("message")) or _plain(value.get("error_description")),
        _plain(value.get("errorCode")) or _plain(value.get("error")),
    )


def _plain(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(character for character in value[:_MAX_WORDS] if character.isprintable()) or None


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _retry_after(text: str | None, now: int) -> float | None:
    """The seconds that a `Retry-After` asks for (RFC 9110, section 10.2.3), at most an hour, whoever wrote it.

    Args:
        text: seconds, as this server says it, or a date, as a proxy before it may.
        now: ms since the epoch, by the clock of whoever wrote it as far as that is known.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_RETRY_S)
    date = _http_date(text)
    return None if date is None else min(max(0, date - now) / 1_000, _LONGEST_RETRY_S)


def _http_date(text: str) -> int | None:
    """A date of an HTTP header as ms since the epoch, UTC; None where it is none."""
    try:
        date = parsedate_to_datetime(text)
        return int(date.replace(tzinfo=date.tzinfo or UTC).timestamp() * 1_000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

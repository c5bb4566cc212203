"""An HTTP connection within bounds: uvicorn itself takes headers without an end, and waits for them for ever."""

import asyncio
from enum import Enum
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# All of a request but its body: line, headers, the sizes of chunks, trailers.
MOST_BESIDE_THE_BODY = 64 * 1024
# For a request's headers, and for the rest of a body that nobody reads because the answer is given.
HEAD_SECONDS = 30.0
# Each may have 64 KiB of a body that nobody has asked for yet in uvicorn's buffer.
MOST_CONNECTIONS = 4_096
# As many as may be under way of uploads, pulls and tokens, and some more. Beyond them not even a signature is checked:
# what is turned away must cost so little that a loop which is behind catches up.
MOST_REQUESTS = 192
# The key in a request's scope that says which of these is passed.
CROWDED = "tallystick.crowded"
# The key in a request's scope that has what to call when the server stops, for an answer that would go on for long.
ON_SHUTDOWN = "tallystick.on_shutdown"


class Crowded(Enum):
    """What there is too much of."""

    CONNECTIONS = "connections"
    REQUESTS = "requests"


class BoundedConnection(HttpToolsProtocol):
    """Ends a connection that sends too much beside its bodies, or that keeps somebody waiting for a request.

    Where there are too many connections or requests, it marks the newest, and the application turns them away.
    """

    most_beside_the_body = MOST_BESIDE_THE_BODY
    head_seconds = HEAD_SECONDS
    most_connections = MOST_CONNECTIONS
    most_requests = MOST_REQUESTS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._beside_the_body = 0
        self._waiting: asyncio.TimerHandle | None = None
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn names its kind
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived, unless it is too much without a body in it."""
        self._beside_the_body += len(data)
        super().data_received(data)
        if self._beside_the_body > self.most_beside_the_body and not self.transport.is_closing():
            self.send_400_response("There is too much beside the body.")

    def on_headers_complete(self) -> None:
        """Wait anew, now for the end of the body."""
        crowded = self._crowded()
        if crowded is not None:
            self.scope[CROWDED] = crowded  # type: ignore[literal-required]  # a scope may have keys of others
        super().on_headers_complete()
        self._wait()

    def _crowded(self) -> Crowded | None:
        if len(self.connections) > self.most_connections:
            return Crowded.CONNECTIONS
        return Crowded.REQUESTS if len(self.tasks) >= self.most_requests else None

    def on_body(self, body: bytes) -> None:
        """The body's bytes are bounded by whoever reads them."""
        self._beside_the_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next request begins with nothing."""
        super().on_message_complete()
        self._beside_the_body = 0
        self._wait()

    def shutdown(self) -> None:
        """The server stops: what is under way is finished, and what would go on for long is told."""
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete:
            told = self.cycle.scope.get(ON_SHUTDOWN)
            if told is not None:
                told()  # type: ignore[operator]  # a scope may have keys of others

    def _wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.head_seconds, self._end_of_waiting)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _end_of_waiting(self) -> None:
        unread, before = self.transport.get_write_buffer_size(), self._unread
        self._unread = unread
        if unread:
            # Closing would wait until it is read.
            if before and unread >= before:
                self.transport.abort()
            else:
                self._wait()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()  # it is we who are at work, or who read the body in a time of its own
        elif not self.transport.is_closing():
            self.transport.close()

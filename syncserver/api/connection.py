"""An HTTP connection within bounds: uvicorn itself takes headers without an end, and waits for them for ever."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# All of a request but its body: line, headers, the sizes of chunks, trailers.
MOST_BESIDE_THE_BODY = 64 * 1024
# For a request's headers, and for the rest of a body that nobody reads because the answer is given.
HEAD_SECONDS = 30.0
# Each may have 64 KiB of a body that nobody has asked for yet in uvicorn's buffer.
MOST_CONNECTIONS = 4_096
# The key in a request's scope that says so.
CROWDED = "tallystick.crowded"


class BoundedConnection(HttpToolsProtocol):
    """Ends a connection that sends too much beside its bodies, or that keeps somebody waiting for a request.

    Where there are too many connections, it marks what the newest of them ask, and the application turns it away.
    """

    most_beside_the_body = MOST_BESIDE_THE_BODY
    head_seconds = HEAD_SECONDS
    most_connections = MOST_CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._beside_the_body = 0
        self._waiting: asyncio.TimerHandle | None = None

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
        if len(self.connections) > self.most_connections:
            self.scope[CROWDED] = True  # type: ignore[literal-required]  # a scope may have keys of others
        super().on_headers_complete()
        self._wait()

    def on_body(self, body: bytes) -> None:
        """The body's bytes are bounded by whoever reads them."""
        self._beside_the_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next request begins with nothing."""
        super().on_message_complete()
        self._beside_the_body = 0
        self._wait()

    def _wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.head_seconds, self._end_of_waiting)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _end_of_waiting(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()  # it is we who are at work, or who read the body in a time of its own
        elif not self.transport.is_closing():
            self.transport.close()

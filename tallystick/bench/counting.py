"""The network as a terminal uses it, with its bytes counted and its waits timed."""

from collections.abc import Iterator

import httpx

from tallystick.bench.stopwatch import Stopwatch


class _Counted(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, transport: "CountingTransport") -> None:
        self._stream = stream
        self._transport = transport

    def __iter__(self) -> Iterator[bytes]:
        with self._transport.watch.lap("transfer"):
            for chunk in self._stream:
                self._transport.received += len(chunk)
                yield chunk

    def close(self) -> None:
        self._stream.close()


class CountingTransport(httpx.HTTPTransport):
    """The real network, with the bytes counted and the time until an answer begins."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self.watch = watch
        self.received = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its answer's bytes are counted as they are read."""
        name = "page" if "since" in request.url.params else "token"
        with self.watch.lap(name):
            response = super().handle_request(request)
        self.received += sum(len(name) + len(value) + len(": \r\n") for name, value in response.headers.raw)
        stream = response.stream
        if isinstance(stream, httpx.SyncByteStream):
            response.stream = _Counted(stream, self)
        return response

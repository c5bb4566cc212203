"""Anybody on the network sends requests without an end, or never sends the end of one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn

from syncserver.api.app import make_app
from syncserver.api.connection import BoundedConnection
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /api/sync/batches HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MOST_SENT = 64 * 1024 * 1024


class FewConnections(BoundedConnection):
    most_connections = 2


class FewRequests(BoundedConnection):
    most_requests = 1


class Impatient(BoundedConnection):
    head_seconds = 0.3


@asynccontextmanager
async def serving(shop: Shop, protocol: type[BoundedConnection] = BoundedConnection) -> AsyncIterator[int]:
    """A server over the shop; its port."""
    config = uvicorn.Config(make_app(shop.services), http=protocol, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who connects before it serves waits here
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def flood(port: int, begin: bytes, more: bytes) -> int:
    """Send `begin`, and `more` until the server ends the connection; how many bytes it let pass."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    sent = 0
    with suppress(ConnectionError):
        while sent < MOST_SENT and not reader.at_eof():
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(0)
            sent += len(more)
    writer.close()
    return sent


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(HEAD, b"A: b\r\n" * 1_000, id="headers"),
        pytest.param(HEAD + b"A: ", b"b" * 8_192, id="a header"),
        pytest.param(b"GET /", b"a" * 8_192, id="an address"),
        pytest.param(CHUNKED + b"1\r\na\r\n0\r\n", b"A: b\r\n" * 1_000, id="trailers"),
        pytest.param(CHUNKED + b"1;", b"a" * 8_192, id="a chunk's extension"),
    ],
)
async def test_what_is_no_body_comes_to_an_end(shop: Shop, begin: bytes, more: bytes) -> None:
    async with serving(shop) as port:
        # What the kernel buffers on both sides passes before anybody can end it.
        assert await flood(port, begin, more) < MOST_SENT // 2


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEAD, id="half a head"),
        pytest.param(CHUNKED, id="a body that nobody reads"),
        pytest.param(HEAD + b"\r\n" + HEAD, id="half a second head"),
    ],
)
async def test_nobody_is_waited_for_for_ever(shop: Shop, begin: bytes) -> None:
    async with serving(shop, Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begin)
        async with asyncio.timeout(10):
            await reader.read()  # to its end, while we send no end
        writer.close()


async def test_a_connection_too_many_is_told_to_come_back_and_ended(shop: Shop) -> None:
    async with serving(shop, FewConnections) as port:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(FewConnections.most_connections)]
        for reader, writer in kept:
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED)
        async with asyncio.timeout(10):
            answer = (await reader.read()).lower()  # to its end
        assert answer.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: " in answer
        for one in (writer, *(writer for _, writer in kept)):
            one.close()


async def test_a_request_too_many_is_told_to_come_back_on_a_connection_that_stays(shop: Shop) -> None:
    till = await shop.terminal()
    bearer = f"Authorization: Bearer {till.access}\r\nContent-Type: application/cbor\r\n\r\n".encode()
    async with serving(shop, FewRequests) as port:
        busy, uploading = await asyncio.open_connection("127.0.0.1", port)
        uploading.write(CHUNKED.removesuffix(b"\r\n") + bearer)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path, status in ((b"/api/sync/book", b"503"), (b"/healthz", b"200")) * 2:
            writer.write(HEAD.replace(b"/healthz", path) + b"\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 " + status)
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        uploading.write(b"0\r\n\r\n")
        assert (await busy.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 422 ")
        for one in (writer, uploading):
            one.close()


async def test_an_honest_client_meets_no_bound(shop: Shop) -> None:
    async with serving(shop, Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(CHUNKED + b"400\r\n" + b"a" * 1_024 + b"\r\n")
            writer.write((b"400\r\n" + b"a" * 1_024 + b"\r\n") * 2_047 + b"0\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 401 ")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()


class Unread(asyncio.Transport):
    """A transport whose other side reads nothing, or a little at a time."""

    def __init__(self, waiting: list[int]) -> None:
        super().__init__()
        self.waiting = waiting
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.waiting.pop(0)

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(
    ("waiting", "ended"),
    [
        pytest.param([500_000, 500_000], True, id="nothing"),
        pytest.param([500_000, 400_000, 300_000], False, id="a little"),
    ],
)
async def test_a_connection_that_reads_nothing_of_its_answer_for_two_periods_is_ended(
    shop: Shop, waiting: list[int], ended: bool
) -> None:
    config = uvicorn.Config(make_app(shop.services), lifespan="off", log_config=None)
    config.load()
    connection = BoundedConnection(config=config, server_state=uvicorn.Server(config).server_state, app_state={})
    transport = Unread(list(waiting))
    connection.transport = transport
    try:
        for _ in waiting:
            connection._end_of_waiting()
        assert transport.aborted is ended
    finally:
        connection._stop_waiting()

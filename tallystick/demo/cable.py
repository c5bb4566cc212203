"""A network cable on loopback: what connects a terminal to its server until somebody pulls it."""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self

MAX_TAPPED = 4 * 1024 * 1024


class Cable:
    """Forwards TCP from a port of its own (0: any) to the server's; unplugged, nothing listens and nothing flows."""

    def __init__(self, server_port: int, port: int = 0) -> None:
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cable", daemon=True)
        self._listener: asyncio.Server | None = None
        self._flows: set[asyncio.Task[None]] = set()
        self.port = port
        # What the terminal said lately: anyone who taps a cable has it too.
        self.tapped = bytearray()

    def __enter__(self) -> Self:
        self._thread.start()
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def plug(self) -> None:
        """Let the terminal reach its server, at the same port as before."""
        asyncio.run_coroutine_threadsafe(self._plug(), self._loop).result()

    def unplug(self) -> None:
        """Refuse new connections, and cut those that are open."""
        asyncio.run_coroutine_threadsafe(self._unplug(), self._loop).result()

    async def _plug(self) -> None:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _unplug(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flow = asyncio.current_task()
        if flow is None:
            return
        self._flows.add(flow)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
            with contextlib.closing(far_writer):
                await asyncio.gather(_pour(reader, far_writer, self.tapped), _pour(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # either end is gone, or the cable was pulled: the other end sees its connection close
        finally:
            self._flows.discard(flow)
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: bytearray | None = None) -> None:
    while data := await reader.read(65_536):
        if tap is not None:
            tap += data
            del tap[:-MAX_TAPPED]
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()

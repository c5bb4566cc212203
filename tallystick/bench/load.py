"""Simulated tills that upload over real HTTP: as fast as they are answered, or at a pace that waits for nobody."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec
import uvloop
import zstandard

from tallystick.bench.errors import BenchError
from tallystick.bench.fleet import Member, ask_token
from tallystick.bench.wire import Wire
from terminal.sync.push import UPLOAD_PATH


@dataclass(frozen=True, slots=True)
class Answered:
    """What uploads took: seconds each from when they were due, in all, and of the clients' processor."""

    latencies: list[float] = field(repr=False)
    seconds: float
    client_cpu: float


def upload_all(port: int, members: Sequence[Member], interval: float | None) -> Answered:
    """Upload everything that these tills have. For a process of its own.

    Args:
        port: of the server on this machine.
        members: tills with their bodies, each of which goes up when the one before was answered.
        interval: seconds between two uploads of all tills together, whether or not they are answered; None for as fast
            as they are.

    Raises:
        BenchError: an upload was not taken.
    """
    return uvloop.run(_upload_all(port, members, interval))


async def _upload_all(port: int, members: Sequence[Member], interval: float | None) -> Answered:
    tills = [_Till(port, member) for member in members]
    await asyncio.gather(*(till.log_in() for till in tills))
    cpu, begin = time.process_time(), time.monotonic()
    latencies: list[float] = []
    pace = [None if interval is None else begin + interval * number for number in range(len(tills))]
    step = None if interval is None else interval * len(tills)
    await asyncio.gather(*(till.upload(first, step, latencies) for till, first in zip(tills, pace, strict=True)))
    taken = Answered(latencies, time.monotonic() - begin, time.process_time() - cpu)
    for till in tills:
        till.wire.close()
    return taken


class _Till:
    def __init__(self, port: int, member: Member) -> None:
        self.wire = Wire("127.0.0.1", port)
        self._member = member
        # As a terminal sends them; what that costs a terminal is not the servers' to bear.
        self._bodies = [zstandard.ZstdCompressor().compress(body) for body in member.bodies]
        self._headers: dict[str, str] = {}

    async def log_in(self) -> None:
        granted = await ask_token(self.wire, self._member.identity)
        if granted.status != HTTPStatus.OK:
            raise BenchError(f"no token: {granted.status} {granted.body[:200]!r}")
        token = msgspec.json.decode(granted.body)["access_token"]
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/cbor",
            "Content-Encoding": "zstd",
        }

    async def upload(self, first: float | None, step: float | None, latencies: list[float]) -> None:
        for number, body in enumerate(self._bodies):
            due = time.monotonic() if first is None or step is None else first + step * number
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            answer = await self.wire.ask("POST", UPLOAD_PATH, self._headers, body)
            if answer.status != HTTPStatus.OK:
                raise BenchError(f"an upload was not taken: {answer.status} {answer.body[:200]!r}")
            latencies.append(time.monotonic() - due)


def ready() -> int:
    """Nothing but to have this module loaded, in a process of its own."""
    return os.getpid()

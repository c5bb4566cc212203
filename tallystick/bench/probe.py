"""Somebody who asks what must be answered whatever the fleet does: health, readiness, a token, a book."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from tallystick.bench.errors import BenchError
from tallystick.bench.fleet import Identity, ask_token
from tallystick.bench.measures import percentile
from tallystick.bench.wire import Answer, Wire

EVERY_SECONDS = 0.1
LAG = "lag"
_MS = 1_000
_Question = Callable[[Wire], Awaitable[Answer]]


@dataclass(slots=True)
class Latencies:
    """What one question took each time, in ms, and how often its answer was not 200."""

    milliseconds: list[float] = field(default_factory=list)
    not_answered: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        taken = self.milliseconds or [0.0]
        return {
            "asked": len(self.milliseconds),
            "not_answered": self.not_answered,
            "p50_ms": round(percentile(taken, 0.5), 1),
            "p95_ms": round(percentile(taken, 0.95), 1),
            "max_ms": round(max(taken), 1),
        }


class Probe:
    """Asks each question every 100 ms on a connection of its own, also while earlier ones wait for their answer."""

    def __init__(self, port: int, identity: Identity) -> None:
        self._port = port
        self._identity = identity
        self._bearer: dict[str, str] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def log_in(self) -> None:
        """Get the access token with which books are asked for.

        Raises:
            BenchError: it is refused.
        """
        async with Wire("127.0.0.1", self._port) as wire:
            answer = await ask_token(wire, self._identity)
        if answer.status != HTTPStatus.OK:
            raise BenchError(f"the probe got no token: {answer.body[:200]!r}")
        self._bearer = {"Authorization": f"Bearer {msgspec.json.decode(answer.body)['access_token']}"}

    async def run(self, into: dict[str, Latencies]) -> None:
        """Ask until cancelled; what is under way then is finished and counted.

        What the probe itself comes late by, because the machine has no processor for it, is noted as `lag`.
        """
        questions: dict[str, _Question] = {
            "healthz": lambda wire: wire.ask("GET", "/healthz"),
            "readyz": lambda wire: wire.ask("GET", "/readyz"),
            "token": lambda wire: ask_token(wire, self._identity),
            "book": lambda wire: wire.ask("GET", "/api/sync/book", self._bearer),
        }
        for name in (*questions, LAG):
            into[name] = Latencies()
        try:
            while True:
                for name, question in questions.items():
                    task = asyncio.create_task(self._ask(question, into[name]))
                    self._asking.add(task)
                    task.add_done_callback(self._asking.discard)
                due = time.perf_counter() + EVERY_SECONDS
                await asyncio.sleep(EVERY_SECONDS)
                into[LAG].milliseconds.append((time.perf_counter() - due) * _MS)
        finally:
            await asyncio.gather(*self._asking)

    async def _ask(self, question: _Question, into: Latencies) -> None:
        begin = time.perf_counter()
        try:
            async with Wire("127.0.0.1", self._port) as wire:
                answered = (await question(wire)).status == HTTPStatus.OK
        except (OSError, EOFError, TimeoutError):
            answered = False
        into.milliseconds.append((time.perf_counter() - begin) * _MS)
        into.not_answered += not answered

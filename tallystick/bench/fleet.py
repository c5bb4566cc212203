"""Simulated terminals: real keys, tokens and signed batches over real HTTP, with the terminal's own back-off rule."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec
import uvloop

from shared import tokens
from shared.ids import uuid_text
from shared.keys import SigningKey
from tallystick.bench.wire import Answer, Wire
from terminal.sync.backoff import Pace, pause_after
from terminal.sync.client import TOKEN_PATH
from terminal.sync.push import UPLOAD_PATH

Ask = Callable[[], Awaitable[Answer]]
UNREACHABLE = "no answer"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ASSERTION_SECONDS = 45


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks for a token: a device, its key's seed, and its server."""

    device: bytes
    seed: bytes = field(repr=False)
    server_id: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """One terminal of the fleet, with the bodies that it has to upload, in order."""

    identity: Identity
    bodies: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Storm:
    """When and where a fleet comes back.

    Attributes:
        port: of the server on this machine.
        begin: by the monotonic clock, which all processes of a machine share, in seconds.
        window: within how many seconds after `begin` all terminals make their first attempt.
        haste: what pauses are multiplied with; 1 is a terminal's own rule.
    """

    port: int
    begin: float
    window: float
    haste: float = 1.0


@dataclass(slots=True)
class Outcome:
    """How a fleet fared: answers by status, and per terminal the seconds until it was done and its repeats."""

    answers: Counter[str] = field(default_factory=Counter)
    settled_after: list[float] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Take in what another part of the fleet saw."""
        self.answers += other.answers
        self.settled_after += other.settled_after
        self.repeats += other.repeats
        self.refused += other.refused


class RefusedError(Exception):
    """The server refused what it should take."""


def ready() -> int:
    """Nothing but to have this module loaded, in a process of its own."""
    return os.getpid()


def run_fleet(storm: Storm, members: Sequence[Member], seed: int) -> Outcome:
    """All of these terminals, until each is done. For a process of its own."""
    return uvloop.run(_run(storm, members, random.Random(seed)))  # noqa: S311 - when simulated terminals come


async def _run(storm: Storm, members: Sequence[Member], chance: random.Random) -> Outcome:
    outcome = Outcome()
    starts = [storm.begin + storm.window * chance.random() for _ in members]
    async with asyncio.TaskGroup() as group:
        for member, start in zip(members, starts, strict=True):
            group.create_task(_Terminal(storm, member, outcome, chance).drain(start))
    return outcome


class _Terminal:
    def __init__(self, storm: Storm, member: Member, outcome: Outcome, chance: random.Random) -> None:
        self._storm = storm
        self._member = member
        self._outcome = outcome
        self._chance = chance
        self._token: str | None = None
        self._repeats = 0
        self._failures = 0

    async def drain(self, start: float) -> None:
        """Upload everything, as `terminal sync --watch` would."""
        await asyncio.sleep(max(0.0, start - time.monotonic()))
        async with Wire("127.0.0.1", self._storm.port) as wire:
            for body in self._member.bodies:
                try:
                    while not await self._upload(wire, body):
                        pass
                except RefusedError as error:
                    self._outcome.refused.append(str(error))
                    return
        self._outcome.settled_after.append(time.monotonic() - self._storm.begin)
        self._outcome.repeats.append(self._repeats)

    async def _upload(self, wire: Wire, body: bytes) -> bool:
        if self._token is None:
            granted = await self._asked(lambda: ask_token(wire, self._member.identity))
            if granted is None:
                return False
            self._token = str(msgspec.json.decode(granted.body)["access_token"])
        headers = {"Content-Type": "application/cbor", "Authorization": f"Bearer {self._token}"}
        answer = await self._asked(lambda: wire.ask("POST", UPLOAD_PATH, headers, body))
        return answer is not None

    async def _asked(self, ask: Ask) -> Answer | None:
        """A good answer; where there is none, None after the pause that a terminal makes then."""
        answer: Answer | None = None
        try:
            answer = await ask()
        except (OSError, EOFError, TimeoutError):
            self._outcome.answers[UNREACHABLE] += 1
        else:
            self._outcome.answers[str(answer.status)] += 1
            if answer.status == HTTPStatus.OK:
                self._failures = 0
                return answer
            if answer.status == HTTPStatus.UNAUTHORIZED and self._token is not None:
                self._token = None
                return None
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                raise RefusedError(f"{answer.status}: {answer.body[:200]!r}")
        self._failures += 1
        self._repeats += 1
        asked = None if answer is None else answer.retry_after
        pause = pause_after(Pace(), self._failures, self._chance.random(), asked)
        await asyncio.sleep(pause * self._storm.haste)
        return None


async def ask_token(wire: Wire, identity: Identity) -> Answer:
    """Ask for an access token with a fresh assertion (docs/protocol.md, section 7)."""
    device = uuid_text(identity.device)
    claims = {
        "iss": device,
        "sub": device,
        "aud": tokens.audience(identity.server_id),
        "exp": int(time.time()) + _ASSERTION_SECONDS,
        "jti": os.urandom(16).hex(),
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": tokens.ASSERTION_TYPE,
        "client_assertion": tokens.encode(claims, SigningKey.from_seed(identity.seed), token_type="JWT"),  # noqa: S106 - the header's typ
    }
    return await wire.ask("POST", TOKEN_PATH, _FORM, urlencode(form).encode())

"""The crowd: many terminals that send at once to whichever server answers, and go on until everything is answered."""

import asyncio
import random
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

import httpx

from shared.keys import SEED_BYTES, SigningKey
from shared.lifecycles import Status
from shared.messages.receipt import RecordResult, open_receipt
from syncserver.composition import system_clock
from syncserver.registry import enrolment
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.pressure.purse import Purse
from tests.syncserver.pressure.tally import Tally
from tests.syncserver.pressure.terminal import BOOTED_MS, FIRST_SALE_MS, CrowdTerminal, Sending
from tests.syncserver.processes import RunningServer

# Far less than terminals wait: who was turned away is to come back while the trouble lasts.
_BACK_OFF_SECONDS = (0.5, 2.0)
_PULL_SHARE = 0.05
_LANES = 16
_OK, _UNAUTHORIZED, _UNAVAILABLE = 200, 401, 503


# httpcore looks for sniffio at every lock, and through all of the path where it is not installed.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # as the import system has a module that is not there


class Doors:
    """The servers as the crowd finds them: one shop, reached through each. A restarted server has another address."""

    def __init__(self, shop: Shop, servers: Sequence[RunningServer]) -> None:
        self._shop = shop
        self._plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; making one for each client takes a while
        self._opened: list[httpx.AsyncClient] = []
        self._ways = [self._lanes(server) for server in servers]

    def lead_to(self, number: int, server: RunningServer) -> None:
        """Let a door lead to a server that was just started."""
        self._ways[number] = self._lanes(server)

    def through(self, number: int, lane: int = 0) -> Shop:
        """The shop through one of its doors; a client's pool is slow with many connections, so there are lanes."""
        lanes = self._ways[number]
        return replace(self._shop, http=lanes[lane % len(lanes)])

    def any(self, draw: random.Random, lane: int) -> Shop:
        """The shop through either of its doors."""
        return self.through(draw.randrange(len(self._ways)), lane)

    async def close(self) -> None:
        """Close what was opened, to servers that are gone too."""
        for client in self._opened:
            await client.aclose()

    def _lanes(self, server: RunningServer) -> list[httpx.AsyncClient]:
        limits = httpx.Limits(max_connections=None)
        made = [
            httpx.AsyncClient(base_url=server.url, timeout=30, limits=limits, verify=self._plain, trust_env=False)
            for _ in range(_LANES)
        ]
        self._opened += made
        return made


@dataclass(slots=True)
class Crowd:
    """Everybody who sends, and what became of it.

    Attributes:
        doors: the servers.
        tally: what is counted.
        terminals: who sends.
        flagged: payments that an admin might review: (wallet, payment).
        since: the book's version that the last pull reached.
    """

    doors: Doors
    tally: Tally
    terminals: list[CrowdTerminal] = field(default_factory=list)
    flagged: list[tuple[str, bytes]] = field(default_factory=list)
    since: int = 0

    async def enrol(self, count: int, purse: Purse, vendor: bytes, draw: random.Random) -> None:
        """Enrol terminals over HTTP, and let one pull the book whose version all of them name."""
        shop = self.doors.through(0)
        shop.clock.origin = shop.clock.now - BOOTED_MS
        for number in range(count):
            till = FakeTerminal(shop, SigningKey.from_seed(draw.randbytes(SEED_BYTES)), boot=draw.randbytes(16))
            await till.enrol(await enrolment.make_token(shop.services, vendor), f"till {number + 1}")
            dice = random.Random(draw.random())  # noqa: S311 - a test's dice
            self.terminals.append(CrowdTerminal(till, purse, dice, shop.clock.now - FIRST_SALE_MS, lane=number))
        while (await self.terminals[0].till.pull(self.since)).version > self.since:
            self.since = self.terminals[0].till.book
        for terminal in self.terminals:
            terminal.till.book = self.since

    async def work(self, terminal: CrowdTerminal) -> None:
        """Sell and send until the run closes, then send all that is owed and the whole journal once more."""
        while not self.tally.closing:
            self._turn_clock(terminal)
            terminal.sign_some()
            await self._send_all(terminal, terminal.sendings())
            if terminal.draw.random() < _PULL_SHARE:
                await self._pull(terminal)
        terminal.close_shift()
        await self._send_all(terminal, terminal.owed)
        await self._send_all(terminal, terminal.everything())

    async def _send_all(self, terminal: CrowdTerminal, sendings: Sequence[Sending]) -> None:
        """Send batches in that order, two at a time."""
        waiting = list(reversed(sendings))

        async def hand() -> None:
            while waiting:
                await self._send(terminal, waiting.pop())

        await asyncio.gather(hand(), hand())

    async def _send(self, terminal: CrowdTerminal, sending: Sending) -> None:
        """Send a batch until it is answered, each time to either server."""
        self._turn_clock(terminal)
        body = terminal.body(sending)
        answer = await self._asked(terminal, lambda till: till.send(body))
        receipt = open_receipt(answer.content, terminal.till.server_keys)
        first = terminal.learn(sending, receipt)
        self.tally.receipts += 1
        self.tally.answers += len(receipt.results)
        self._count(terminal, first)

    def _count(self, terminal: CrowdTerminal, first: Sequence[RecordResult]) -> None:
        for result in first:
            if result.id is None or result.seq is None:
                continue
            self.tally.payments += 1
            if result.status is Status.FLAGGED:
                record = terminal.journal[result.seq - 1].record
                self.flagged.append((getattr(record, "wallet", ""), result.id))

    async def _pull(self, terminal: CrowdTerminal) -> None:
        """Pull what changed, as terminals do beside their uploads; their payments go on naming the first book."""
        named = terminal.till.book
        path = f"/api/sync/book?since={self.since}"
        await self._asked(terminal, lambda till: till.shop.http.get(path, headers=till.headers))
        terminal.till.book = named

    async def _asked(
        self, terminal: CrowdTerminal, ask: Callable[[FakeTerminal], Awaitable[httpx.Response]]
    ) -> httpx.Response:
        """The answer to a question that is asked until it has one, at either server.

        Raises:
            AssertionError: it is refused for another reason than that something is away.
        """
        while True:
            answer = await self._tried(terminal, ask)
            if answer is None:
                await asyncio.sleep(terminal.draw.uniform(*_BACK_OFF_SECONDS))
            elif answer.status_code == _UNAUTHORIZED:
                await self._log_in(terminal)
            else:
                return answer

    async def _tried(
        self, terminal: CrowdTerminal, ask: Callable[[FakeTerminal], Awaitable[httpx.Response]]
    ) -> httpx.Response | None:
        """One try; None where the server or its database is away."""
        door = replace(terminal.till, shop=self.doors.any(terminal.draw, terminal.lane))
        try:
            answer = await ask(door)
        except httpx.TransportError as error:
            self.tally.broken[type(error).__name__] += 1
            return None
        if answer.status_code == _UNAVAILABLE:
            self.tally.told_to_wait[answer.json()["errorCode"]] += 1
            return None
        assert answer.status_code in {_OK, _UNAUTHORIZED}, f"{answer.status_code}: {answer.text}"
        return answer

    async def _log_in(self, terminal: CrowdTerminal) -> None:
        self.tally.logins += 1
        answer = None
        while answer is None:
            self._turn_clock(terminal)
            answer = await self._tried(terminal, lambda till: till.ask_token(till.assertion()))
        assert answer.status_code == _OK, answer.text
        terminal.till.access = answer.json()["access_token"]

    def _turn_clock(self, terminal: CrowdTerminal) -> None:
        terminal.till.shop.clock.now = system_clock()

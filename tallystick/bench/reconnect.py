"""`reconnect`: a fleet of terminals comes back at once, each with sales to upload, while others ask for other things.

The server is a process of its own, as people run it; the fleet is in two more, on the same machine. Three storms: a
database as it is, one in which nobody can settle for some seconds, and one that crashes and stays away for some.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from os import kill
from pathlib import Path

import uvloop

from shared.geo import Place
from syncserver.database.arrays import uuid_of
from syncserver.database.queries import load
from syncserver.postgres.locks import exclusive
from syncserver.postgres.processes import find_postmaster
from tallystick.bench.errors import BenchError
from tallystick.bench.fleet import Identity, Member, Outcome, Storm, ready, run_fleet
from tallystick.bench.office import Office, open_office
from tallystick.bench.probe import Latencies, Probe
from tallystick.bench.report import Part, Run
from tallystick.bench.running import RunningServer, running_server
from tallystick.bench.storms import Weathered, part_of
from tallystick.bench.till import Till
from tallystick.bench.world import CODES_EACH, World, dealt

QUERIES = load(Path(__file__).parent)
VENDORS = 20
# Nobody lives near: the book of the till that stands there holds no customers.
_ELSEWHERE = Place.from_degrees("57.7089", "11.9746")
_LEAD_SECONDS = 1.0
_Trouble = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much weather there is.

    Attributes:
        terminals: how many there are.
        window: within how many seconds they all come.
        payments: what each has to upload; in the storms with trouble half of it.
        trouble: seconds for which the database can't settle, or is away.
        haste: what the fleet's pauses are multiplied with.
        storms: which of calm, slow and away.
        processes: how many the fleet runs in.
    """

    terminals: int
    window: float
    payments: int
    trouble: float
    haste: float
    storms: tuple[str, ...]
    processes: int


def plan_of(*, quick: bool) -> Plan:
    """Quick has a tenth of the terminals, and they come and come back faster."""
    if quick:
        return Plan(200, 1.0, CODES_EACH, 1.0, 0.1, ("calm",), 1)
    return Plan(2_000, 10.0, 2 * CODES_EACH, 8.0, 1.0, ("calm", "slow", "away"), 2)


def measure(run: Run) -> Part:
    """Measure how a fleet that comes back at once fares, and everybody else meanwhile."""
    return uvloop.run(_measure(run, run.office))


async def _measure(run: Run, home: Path) -> Part:
    plan = plan_of(quick=run.quick)
    # The office's own connections break in the crash; they come back by themselves.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    with ProcessPoolExecutor(plan.processes, mp_context=get_context("spawn")) as fleet:
        loaded = [fleet.submit(ready) for _ in range(plan.processes)]
        with run.progress("reconnect", 3 + len(plan.storms)) as steps:
            steps.say("setting up")
            async with open_office(home) as office:
                world = World(office.services)
                await world.add_vendors(VENDORS)
                steps.done(f"enrolling {plan.terminals:,} terminals")
                tills = await world.add_tills(plan.terminals, open_shifts=False)
                [probing] = await world.add_tills(1, open_shifts=False)
                await _move(office, probing)
                steps.done()
                await asyncio.gather(*map(asyncio.wrap_future, loaded))
                found: dict[str, Weathered] = {}
                with running_server(home) as server:
                    weather = Weather(office, server, fleet, plan, probing)
                    expected = 0
                    for name in plan.storms:
                        steps.say(f"signing for the storm: {name}")
                        payments = plan.payments if name == "calm" else max(CODES_EACH, plan.payments // 2)
                        members = await _stock(world, tills, payments)
                        await office.settle_down()
                        steps.say(f"storm: {name}")
                        found[name] = await weather.storm(name, members)
                        steps.say("counting and reconciling")
                        expected += plan.terminals * payments
                        await _require_exactly_once(office, expected)
                        await office.require_reconciled()
                        steps.done()
                return part_of(found, plan.terminals, plan.window, plan.payments, await office.database_settings())


async def _stock(world: World, tills: Sequence[Till], payments: int) -> list[Member]:
    """Each till's unsynced sales, in one batch; no two tills share a customer."""
    wallets = await world.add_customers(len(tills) * payments // CODES_EACH)
    hands = dealt(await world.issue(wallets), len(tills))

    def sign() -> list[Member]:
        server_id = world.services.server_id
        return [
            Member(Identity(till.device, till.key.seed, server_id), world.sell(till, hand, payments).bodies)
            for till, hand in zip(tills, hands, strict=True)
        ]

    return await asyncio.to_thread(sign)


async def _move(office: Office, till: Till) -> None:
    owner = await office.target.connect_owner()
    try:
        await owner.execute(QUERIES["move_device"], uuid_of(till.device), _ELSEWHERE.lat, _ELSEWHERE.lon)
    finally:
        await owner.close()


async def _require_exactly_once(office: Office, expected: int) -> None:
    row = await office.services.pool.fetchrow(QUERIES["count_payments"])
    if row is None or (row["payments"], row["ids"], row["open"]) != (expected, expected, 0):
        raise BenchError(f"there should be {expected} payments, each once and with its result: {dict(row or {})}")


@dataclass(frozen=True, slots=True)
class Weather:
    """Makes storms over one running server."""

    office: Office
    server: RunningServer
    fleet: ProcessPoolExecutor
    plan: Plan
    probing: Till

    async def storm(self, name: str, members: Sequence[Member]) -> Weathered:
        """Let the fleet come back, with the trouble of that name in the middle; how all fared."""
        probe = Probe(
            self.server.port, Identity(self.probing.device, self.probing.key.seed, self.office.services.server_id)
        )
        await probe.log_in()
        cpu = self.server.cpu_seconds()
        memory: list[float] = []
        latencies: dict[str, Latencies] = {}
        watching = [
            asyncio.create_task(self.server.sample_memory(memory)),
            asyncio.create_task(probe.run(latencies)),
        ]
        trouble: dict[str, _Trouble] = {"slow": self._nobody_settles, "away": self._crashed}
        try:
            storm = Storm(self.server.port, time.monotonic() + _LEAD_SECONDS, self.plan.window, self.plan.haste)
            parts = [
                self.fleet.submit(run_fleet, storm, members[number :: self.plan.processes], number)
                for number in range(self.plan.processes)
            ]
            if name in trouble:
                await asyncio.sleep(_LEAD_SECONDS + self.plan.window / 4)
                async with trouble[name]():
                    await asyncio.sleep(self.plan.trouble)
            outcome = Outcome()
            for part in parts:
                outcome.add(await asyncio.wrap_future(part))
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
        cpu = self.server.cpu_seconds() - cpu
        return Weathered(outcome, latencies, memory, self.server.high_water_mib(), cpu, len(members))

    @asynccontextmanager
    async def _nobody_settles(self) -> AsyncIterator[None]:
        owner = await self.office.target.connect_owner()
        try:
            async with owner.transaction():
                await owner.execute(QUERIES["hold_settling"])
                yield
        finally:
            await owner.close()

    @asynccontextmanager
    async def _crashed(self) -> AsyncIterator[None]:
        """PostgreSQL ends at once, as in a crash, and whoever would start it again has to wait."""
        folder = self.office.settings.home / "postgres"
        with exclusive(folder / "start.lock"):
            found = find_postmaster((folder / "data").resolve())
            if found is None:
                raise BenchError("there is no database to crash")
            with suppress(ProcessLookupError):
                kill(found.pid, signal.SIGQUIT)
            yield

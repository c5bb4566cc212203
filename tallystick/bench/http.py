"""`http`: signed batches over loopback HTTP into running servers, at a given pace and at saturation.

The clients run on the same cores as the servers and the database; their processor time is part of what is measured.
"""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import uvloop

from tallystick.bench.fleet import Identity, Member
from tallystick.bench.load import Answered, ready, upload_all
from tallystick.bench.measures import Measured, percentile
from tallystick.bench.office import open_office
from tallystick.bench.report import Part, Run, Steps, Target
from tallystick.bench.running import RunningServer, running_server
from tallystick.bench.settle import VENDORS, Ring, Setting, make_backlogs, prepare_floor
from tallystick.bench.world import World

SIZE = 100
OFFERED = 1_000
SERVERS = 2
# Batches that a server settles at once; the floor has as many connections as both servers together.
SETTLE_AT_ONCE = 1
# A fleet: servers share so many connections out more evenly than a handful, and those who wait are settled together.
# A quick look has half of them, and so half of what is signed and half of the time at a pace.
TILLS, QUICK_TILLS = 32, 16
_SHARES = (0.5, 0.95, 0.99)


@dataclass(slots=True)
class Found:
    """What the rounds gave. Payments a second, ms of a batch, and processor time in µs a payment."""

    floor: list[float] = field(default_factory=list)
    saturation: list[float] = field(default_factory=list)
    paced: dict[float, list[float]] = field(default_factory=lambda: {share: [] for share in _SHARES})
    saturated: dict[float, list[float]] = field(default_factory=lambda: {share: [] for share in _SHARES})
    client_us: list[float] = field(default_factory=list)
    server_us: list[float] = field(default_factory=list)
    database_us: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scene:
    """One server of several processes, a process for the clients, and the database beside them."""

    ring: Ring
    server: RunningServer
    clients: ProcessPoolExecutor
    tills: int

    async def members(self, payments: int) -> list[Member]:
        """Tills with so many payments in all, in batches of 100."""
        backlogs = await make_backlogs(self.ring.world, Setting(SIZE, 1, payments), self.tills)
        server_id = self.ring.office.services.server_id
        return [Member(Identity(till.device, till.key.seed, server_id), backlog.bodies) for till, backlog in backlogs]

    async def upload(self, members: list[Member], interval: float | None) -> Answered:
        """Let the clients upload all of it."""
        return await asyncio.wrap_future(self.clients.submit(upload_all, self.server.port, members, interval))


def measure(run: Run) -> Part:
    """Measure what servers take in over HTTP."""
    return uvloop.run(_measure(run, run.office))


async def _measure(run: Run, home: Path) -> Part:
    tills = QUICK_TILLS if run.quick else TILLS
    payments = SIZE * tills * (1 if run.quick else 3)
    found = Found()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as clients:
        loaded = clients.submit(ready)
        async with open_office(home, connections=12) as office:
            ring = Ring(office, World(office.services), ())
            await ring.world.add_vendors(VENDORS)
            await asyncio.wrap_future(loaded)
            with (
                running_server(home, processes=SERVERS, settle_at_once=SETTLE_AT_ONCE) as server,
                run.progress("http", 4 * run.rounds + 1) as steps,
            ):
                scene = Scene(ring, server, clients, tills)
                # The first uploads of a process load what the others find loaded.
                await scene.upload(await scene.members(SIZE * tills), None)
                for number in range(run.rounds):
                    await _round(scene, found, payments, number, steps)
                steps.say("reconciling")
                await office.require_reconciled()
                memory = server.high_water_mib()
            settings = await office.database_settings()
    return _part(found, settings, memory)


async def _round(scene: Scene, found: Found, payments: int, number: int, steps: Steps) -> None:
    steps.say(f"round {number + 1}: signing")
    floor = await prepare_floor(scene.ring, Setting(SIZE, SERVERS * SETTLE_AT_ONCE, payments))
    at_a_pace, at_once = await scene.members(payments), await scene.members(payments)
    await scene.ring.office.settle_down()
    steps.done()

    async def write_floor() -> None:
        found.floor.append(floor.payments / await floor.run())

    async def pace() -> None:
        answered = await scene.upload(at_a_pace, SIZE / OFFERED)
        for share in _SHARES:
            found.paced[share].append(percentile(answered.latencies, share) * 1e3)

    async def saturate() -> None:
        server_cpu, database_cpu = scene.server.cpu_seconds(), scene.server.database_cpu()
        answered = await scene.upload(at_once, None)
        found.saturation.append(payments / answered.seconds)
        for share in _SHARES:
            found.saturated[share].append(percentile(answered.latencies, share) * 1e3)
        found.client_us.append(answered.client_cpu / payments * 1e6)
        found.server_us.append((scene.server.cpu_seconds() - server_cpu) / payments * 1e6)
        found.database_us.append((scene.server.database_cpu() - database_cpu) / payments * 1e6)

    works = {"the floor": write_floor, f"{OFFERED:,} payments/s offered": pace, "saturation": saturate}
    names = list(works)
    for name in names[number % 3 :] + names[: number % 3]:
        steps.say(f"round {number + 1}: {name}")
        await works[name]()
        steps.done()


def _part(found: Found, settings: dict[str, str], memory: float) -> Part:
    part = Part(f"http: batches of {SIZE} over loopback into {SERVERS} server processes, clients on the same cores")
    floor, saturation = Measured.of(found.floor), Measured.of(found.saturation)
    ratio = saturation.ratio_to(floor)
    part.row(f"floor_{SIZE}@{SERVERS * SETTLE_AT_ONCE}: the same rows with no checks", floor, "payments/s")
    part.row("saturation", saturation, "payments/s")
    part.row("saturation / floor", ratio)
    for words, latencies in ((f"{OFFERED:,} payments/s offered", found.paced), ("saturation", found.saturated)):
        for share, values in latencies.items():
            part.row(f"{words}: a batch, p{share * 100:.0f}", Measured.of(values), "ms")
    for who, values in (("clients", found.client_us), ("servers", found.server_us), ("database", found.database_us)):
        part.row(f"saturation: processor time of the {who}", Measured.of(values), "µs a payment")
    part.row("memory of a server process at most", f"{memory:.0f}", "MiB")
    p95 = Measured.of(found.paced[0.95])
    part.targets = [
        Target("saturation, as a share of the floor", round(ratio.median, 3), 0.4),
        Target(f"p95 of a batch at {OFFERED:,} payments/s, ms", round(p95.median, 1), 200, at_least=False),
    ]
    part.figures = {
        "saturation": saturation.median,
        "ratio_floor": ratio.median,
        "p95_ms_at_1000": p95.median,
        "floor": floor.median,
        "offered_ms": {f"p{share * 100:.0f}": Measured.of(values).plain() for share, values in found.paced.items()},
        "saturation_ms": {
            f"p{share * 100:.0f}": Measured.of(values).plain() for share, values in found.saturated.items()
        },
        "cpu_us_a_payment": {
            "clients": Measured.of(found.client_us).plain(),
            "servers": Measured.of(found.server_us).plain(),
            "database": Measured.of(found.database_us).plain(),
        },
        "server_memory_mib": round(memory, 1),
        "database": settings,
        "rounds": {"saturation": saturation.plain(), "floor": floor.plain(), "ratio": ratio.plain()},
    }
    return part

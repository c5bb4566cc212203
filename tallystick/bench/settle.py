"""`settle`: signed batches to settled money, beside the floor below it and the naive way to write it.

Every figure is payments a second. All contenders run on one database, in rounds, each on tills, customers and codes of
its own that are alike; in each round they begin in another order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from shared.messages.batch import decode_batch
from syncserver.sync import intake
from tallystick.bench.floor import record_writes, replay
from tallystick.bench.measures import Measured
from tallystick.bench.naive import settle_one
from tallystick.bench.office import at_once, bench_folder, open_office
from tallystick.bench.report import Part, Run, Target
from tallystick.bench.world import CODES_EACH, Backlog, World, dealt

VENDORS = 20


@dataclass(frozen=True, slots=True)
class Setting:
    """How one contender runs: payments a batch, batches at once, and payments in all, a round."""

    size: int
    at_once: int
    payments: int


@dataclass(slots=True)
class Prepared:
    """A contender that is ready to run once."""

    payments: int
    run: Callable[[], Awaitable[float]]


async def make_backlogs(world: World, setting: Setting) -> list[Backlog]:
    """Tills with signed batches, as many tills as there are batches at once; no two of them share a customer."""
    wallets = await world.add_customers(-(-setting.payments // CODES_EACH))
    paid = await world.issue(wallets)
    tills = await world.add_tills(setting.at_once)
    hands = dealt(paid, setting.at_once)
    return [
        await asyncio.to_thread(world.sell, till, hand, setting.size) for till, hand in zip(tills, hands, strict=True)
    ]


async def _timed(streams: Sequence[Awaitable[Any]]) -> float:
    begin = time.perf_counter()
    await asyncio.gather(*streams)
    return time.perf_counter() - begin


async def prepare_ours(world: World, setting: Setting) -> Prepared:
    """The server's own way, from an upload's bytes to its receipt."""
    backlogs = await make_backlogs(world, setting)
    services = at_once(world.services, setting.at_once)

    async def stream(backlog: Backlog) -> None:
        for body in backlog.bodies:
            batch = await asyncio.to_thread(decode_batch, body)
            await intake.ingest(services, backlog.device, batch)

    return Prepared(_sum(backlogs), lambda: _timed([stream(backlog) for backlog in backlogs]))


async def prepare_floor(world: World, setting: Setting) -> Prepared:
    """The same rows with no checks at all, at the same batch size and number of connections."""
    backlogs = await make_backlogs(world, setting)
    writes = [await record_writes(world.services, backlog) for backlog in backlogs]

    async def run() -> float:
        connections = [await world.services.pool.acquire() for _ in backlogs]
        try:
            return await _timed([replay(one, batches) for one, batches in zip(connections, writes, strict=True)])
        finally:
            for one in connections:
                await world.services.pool.release(one)

    return Prepared(_sum(backlogs), run)


async def prepare_naive(world: World, setting: Setting) -> Prepared:
    """One transaction a payment."""
    backlogs = await make_backlogs(world, setting)

    async def stream(connection: Any, backlog: Backlog) -> None:
        for body in backlog.bodies:
            await settle_one(world.services, connection, backlog.device, decode_batch(body))

    async def run() -> float:
        connections = [await world.services.pool.acquire() for _ in backlogs]
        try:
            return await _timed([stream(one, backlog) for one, backlog in zip(connections, backlogs, strict=True)])
        finally:
            for one in connections:
                await world.services.pool.release(one)

    return Prepared(_sum(backlogs), run)


def _sum(backlogs: Sequence[Backlog]) -> int:
    return sum(backlog.payments for backlog in backlogs)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which contenders run, and how much each has to do a round."""

    ours: Sequence[Setting]
    floor: Sequence[Setting]
    naive: Sequence[Setting]


def plan_of(quick: bool) -> Plan:
    """Quick measures what the ratios need, and each batch size once."""
    most = 2_000 if quick else 5_000
    payments = {1: 60 if quick else 200, 50: 500 if quick else 2_000, 500: most, 1_000: most}
    counts = (1,) if quick else (1, 2, 4)
    ours = [Setting(size, count, payments[size]) for size in payments for count in counts]
    floor = [Setting(500, 1, most)] if quick else ours
    naive = [Setting(1, count, 60 if quick else 200) for count in counts]
    return Plan(ours, floor, naive)


def measure(run: Run) -> Part:
    """Measure payments a second from signed batches to settled money."""
    with bench_folder() as folder:
        return uvloop.run(_measure(run, folder / "office"))


async def _measure(run: Run, home: Path) -> Part:
    plan = plan_of(run.quick)
    makers: dict[str, Callable[[World], Awaitable[Prepared]]] = {}
    for setting in plan.floor:
        makers[f"floor_{setting.size}@{setting.at_once}"] = partial(prepare_floor, setting=setting)
    for setting in plan.naive:
        makers[f"naive@{setting.at_once}"] = partial(prepare_naive, setting=setting)
    for setting in plan.ours:
        makers[f"ours_{setting.size}@{setting.at_once}"] = partial(prepare_ours, setting=setting)
    found: dict[str, list[float]] = {name: [] for name in makers}
    async with open_office(home, connections=12) as office:
        world = World(office.services)
        await world.add_vendors(VENDORS)
        with run.progress("settle", run.rounds * len(makers) * 2 + 1) as steps:
            for number in range(run.rounds):
                ready: list[tuple[str, Prepared]] = []
                for name, make in _rotated(makers, number):
                    steps.say(f"round {number + 1}: signing for {name}")
                    ready.append((name, await make(world)))
                    steps.done()
                await office.settle_down()
                for name, prepared in ready:
                    steps.say(f"round {number + 1}: {name}")
                    found[name].append(prepared.payments / await prepared.run())
                    steps.done()
            steps.say("reconciling")
            await office.require_reconciled()
        settings = await office.database_settings()
    return _part({name: Measured.of(rounds) for name, rounds in found.items()}, settings)


def _rotated(makers: dict[str, Any], by: int) -> list[tuple[str, Any]]:
    items = list(makers.items())
    start = by * len(items) // 3 % len(items)
    return items[start:] + items[:start]


def _part(found: dict[str, Measured], settings: dict[str, str]) -> Part:
    part = Part("settle: payments a second, from signed batches to settled money and a signed receipt")
    for name, measured in found.items():
        part.row(name, measured, "payments/s")
    ratio_floor = found["ours_500@1"].ratio_to(found["floor_500@1"])
    ratio_naive = found["ours_500@1"].ratio_to(found["naive@1"])
    part.row("ours_500@1 / floor_500@1", ratio_floor)
    part.row("ours_500@1 / naive@1", ratio_naive)
    part.targets = [
        Target("a batch of 500, as a share of the floor", round(ratio_floor.median, 3), 0.6),
        Target("a batch of 500, in naive transactions on one connection", round(ratio_naive.median, 1), 10),
    ]
    part.figures = {
        "floor": found["floor_500@1"].median,
        "naive": found["naive@1"].median,
        **{f"ours_{size}": found[f"ours_{size}@1"].median for size in (1, 50, 500, 1_000)},
        "ratio_floor": ratio_floor.median,
        "ratio_naive": ratio_naive.median,
        "database": settings,
        "rounds": {name: measured.plain() for name, measured in found.items()},
    }
    return part

"""`settle`: signed batches to settled money, beside the floor below it and the naive way to write it.

Every figure is payments a second. All contenders run on one database, in rounds, each on tills, customers and codes of
its own that are alike; in each round they begin in another order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop

from shared.messages.batch import decode_batch
from syncserver.commands.serving import tune_interpreter
from tallystick.bench.floor import Rows, record_rows, write_again
from tallystick.bench.measures import Measured
from tallystick.bench.naive import settle_one
from tallystick.bench.office import Office, open_office
from tallystick.bench.report import Part, Run, Target
from tallystick.bench.till import Till
from tallystick.bench.workers import settle, settle_in_workers, settling_workers
from tallystick.bench.world import CODES_EACH, Backlog, World, dealt

VENDORS = 20
SIZE = 500
# More tills than connections: those who wait are settled together.
CROWD = 32
ALONE = "ours_500@1, a till alone"
TWO_PROCESSES = "two processes, ours_500@1 each"


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


@dataclass(frozen=True, slots=True)
class Ring:
    """Where all contenders meet: one database, and the world in it."""

    office: Office
    world: World
    workers: Sequence[Connection]


async def make_backlogs(world: World, setting: Setting, tills: int) -> list[tuple[Till, Backlog]]:
    """Tills with their signed batches; no two of them share a customer."""
    wallets = await world.add_customers(-(-setting.payments // CODES_EACH))
    paid = await world.issue(wallets)
    enrolled = await world.add_tills(tills)
    return [
        (till, await asyncio.to_thread(world.sell, till, hand, setting.size))
        for till, hand in zip(enrolled, dealt(paid, tills), strict=True)
    ]


async def _backlogs(world: World, setting: Setting, tills: int) -> list[Backlog]:
    return [backlog for _, backlog in await make_backlogs(world, setting, tills)]


async def _timed(streams: Sequence[Awaitable[Any]]) -> float:
    begin = time.perf_counter()
    await asyncio.gather(*streams)
    return time.perf_counter() - begin


async def prepare_ours(ring: Ring, setting: Setting, *, tills_each: int = 2) -> Prepared:
    """The server's own way, from an upload's bytes to its receipt.

    Two tills upload for each connection that settles, as a fleet does that reconnects: while one's batch is settled the
    other's is read. With `tills_each` 1 each waits for its own answer.
    """
    backlogs = await _backlogs(ring.world, setting, setting.at_once * tills_each)
    services = await ring.office.settling(setting.at_once)

    return Prepared(_sum(backlogs), lambda: _timed([settle(services, backlog) for backlog in backlogs]))


async def prepare_processes(ring: Ring, setting: Setting) -> Prepared:
    """The same in several processes on the one database."""
    count = len(ring.workers)
    backlogs = await _backlogs(ring.world, setting, setting.at_once * count * 2)
    shares = [backlogs[number::count] for number in range(count)]
    return Prepared(_sum(backlogs), lambda: asyncio.to_thread(settle_in_workers, ring.workers, shares))


async def prepare_floor(ring: Ring, setting: Setting) -> Prepared:
    """The same rows with no checks at all, at the same batch size and number of connections."""
    backlogs = await _backlogs(ring.world, setting, setting.at_once)
    services = await ring.office.settling(setting.at_once)
    written = [await record_rows(services, backlog) for backlog in backlogs]

    async def stream(batches: Sequence[Rows]) -> None:
        async with services.settling_pool.acquire() as connection:
            await write_again(connection, batches)

    return Prepared(_sum(backlogs), lambda: _timed([stream(batches) for batches in written]))


async def prepare_naive(ring: Ring, setting: Setting) -> Prepared:
    """One transaction a payment."""
    backlogs = await _backlogs(ring.world, setting, setting.at_once)

    async def stream(backlog: Backlog) -> None:
        async with ring.office.services.pool.acquire() as connection:
            for body in backlog.bodies:
                await settle_one(ring.office.services, connection, backlog.device, decode_batch(body))

    return Prepared(_sum(backlogs), lambda: _timed([stream(backlog) for backlog in backlogs]))


def _sum(backlogs: Sequence[Backlog]) -> int:
    return sum(backlog.payments for backlog in backlogs)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which contenders run, and how much each has to do a round; `most` is what the larger batches add up to."""

    most: int
    ours: Sequence[Setting]
    floor: Sequence[Setting]
    naive: Sequence[Setting]


def plan_of(quick: bool) -> Plan:
    """Quick measures what the ratios need, and each batch size once."""
    most = 1_000 if quick else 5_000
    payments = {1: 60 if quick else 200, 50: 500 if quick else 2_000, 500: most, 1_000: most}
    counts = (1,) if quick else (1, 2, 4)
    ours = [Setting(size, count, payments[size]) for size in payments for count in counts]
    floor = [Setting(SIZE, 1, most)] if quick else ours
    naive = [Setting(1, count, 60 if quick else 200) for count in counts]
    return Plan(most, ours, floor, naive)


def measure(run: Run) -> Part:
    """Measure payments a second from signed batches to settled money."""
    tune_interpreter()
    return uvloop.run(_measure(run, run.office))


async def _measure(run: Run, home: Path) -> Part:
    plan = plan_of(run.quick)
    makers: dict[str, Callable[[Ring], Awaitable[Prepared]]] = {}
    for setting in plan.floor:
        makers[f"floor_{setting.size}@{setting.at_once}"] = partial(prepare_floor, setting=setting)
    for setting in plan.naive:
        makers[f"naive@{setting.at_once}"] = partial(prepare_naive, setting=setting)
    for setting in plan.ours:
        makers[f"ours_{setting.size}@{setting.at_once}"] = partial(prepare_ours, setting=setting)
        if setting.size == SIZE and setting.at_once == 1:
            makers[ALONE] = partial(prepare_ours, setting=setting, tills_each=1)
    for size, payments in ((1, 120 if run.quick else 600), (50, 800 if run.quick else 3_200)):
        crowd = Setting(size, 1, payments)
        makers[f"ours_{size}@1, {CROWD} tills"] = partial(prepare_ours, setting=crowd, tills_each=CROWD)
    makers[TWO_PROCESSES] = partial(prepare_processes, setting=Setting(SIZE, 1, plan.most))
    found: dict[str, list[float]] = {name: [] for name in makers}
    async with open_office(home, connections=12) as office:
        with settling_workers(home, count=2, at_once=1) as workers:
            ring = Ring(office, World(office.services), workers)
            await _rounds(run, ring, makers, found)
        settings = await office.database_settings()
    return _part({name: Measured.of(rounds) for name, rounds in found.items()}, settings)


async def _rounds(
    run: Run, ring: Ring, makers: dict[str, Callable[[Ring], Awaitable[Prepared]]], found: dict[str, list[float]]
) -> None:
    await ring.world.add_vendors(VENDORS)
    with run.progress("settle", run.rounds * len(makers) * 2 + 1) as steps:
        for number in range(run.rounds):
            ready: list[tuple[str, Prepared]] = []
            for name, make in _rotated(makers, number):
                steps.say(f"round {number + 1}: signing for {name}")
                ready.append((name, await make(ring)))
                steps.done()
            await ring.office.settle_down()
            for name, prepared in ready:
                steps.say(f"round {number + 1}: {name}")
                found[name].append(prepared.payments / await prepared.run())
                steps.done()
        steps.say("reconciling")
        await ring.office.require_reconciled()


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
        **{f"ours_{size}_together": found[f"ours_{size}@1, {CROWD} tills"].median for size in (1, 50)},
        "two_processes": found[TWO_PROCESSES].median,
        "ratio_floor": ratio_floor.median,
        "ratio_naive": ratio_naive.median,
        "database": settings,
        "rounds": {name: measured.plain() for name, measured in found.items()},
    }
    return part

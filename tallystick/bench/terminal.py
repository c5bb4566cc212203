"""`terminal`: a sale from the code to the disk, a cold start, memory, and the upload after a long outage.

Three stores take turns in every round: `small`, with an empty journal and a handful of customers; `large`, with 100,000
records that the server has answered and 100,000 customers; and `queued`, the same before its upload, with 100,000
payments that wait. Each has a fresh process a round, which opens it through the composition root and sells.
"""

import asyncio
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from shared.geo import UNITS_PER_DEGREE, Place
from tallystick.bench.measures import Measured
from tallystick.bench.office import Office, open_office
from tallystick.bench.report import Part, Run, Steps, Target
from tallystick.bench.rounds import Drained, Series, drain
from tallystick.bench.tills import (
    add_buyers,
    copied,
    enrol,
    fill,
    number_books,
    open_shop,
    sync,
)
from tallystick.bench.world import CENTRE, CODES_EACH, World
from tallystick.demo.programs import Place as Machine
from tallystick.demo.programs import running_server

# Far enough for none of the town's customers to be in its book.
_ELSEWHERE = Place(CENTRE.lat - 5 * UNITS_PER_DEGREE, CENTRE.lon)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: `records` of the long journal, `customers` of the large book, `sales` a store and round."""

    records: int
    customers: int
    sales: int
    stores: tuple[str, ...] = ("small", "large", "queued")


FULL = Size(records=100_000, customers=100_000, sales=30)
QUICK = Size(records=2_000, customers=5_000, sales=5, stores=("small", "large"))


def measure(run: Run) -> Part:
    """Measure a terminal."""
    return measure_size(run, QUICK if run.quick else FULL)


def measure_size(run: Run, size: Size) -> Part:
    """Measure terminals of a size."""
    return uvloop.run(_measure(run, size, run.workplace("terminal")))


async def _measure(run: Run, size: Size, folder: Path) -> Part:
    home = run.office
    async with open_office(home) as office:
        with run.progress("terminal", run.rounds * len(size.stores) + 7) as steps:
            machine = Machine("office", home, Console(quiet=True))
            with running_server(machine) as port:
                made = await _prepare(office, run, size, folder, port, steps)
                steps.say("uploading what waited")
                drained = await asyncio.to_thread(drain, made["large"].home, size.records)
                steps.done()
                for number in range(run.rounds):
                    for series in _rotated(list(made.values()), number):
                        steps.say(f"round {number + 1}: {series.name}")
                        await asyncio.to_thread(series.measure, number, size.sales)
                        steps.done()
                steps.say("syncing what was sold")
                for name in ("small", "large"):
                    await asyncio.to_thread(sync, made[name].home)
                steps.done()
            steps.say("reconciling")
            await office.require_reconciled()
    return outcome(size, made, drained)


async def _prepare(office: Office, run: Run, size: Size, folder: Path, port: int, steps: Steps) -> dict[str, Series]:
    """The three stores, before any of them is measured."""
    services, world = office.services, World(office.services)
    steps.say(f"{size.customers:,} customers with {CODES_EACH} codes each")
    wallets = await world.add_customers(size.customers)
    issued = await world.issue(wallets)
    await number_books(services)
    steps.done("codes by Argon2id")
    sales = run.rounds * size.sales
    near, far = await asyncio.gather(
        add_buyers(services, CENTRE, sales, seed=1), add_buyers(services, _ELSEWHERE, sales, seed=1)
    )
    await office.settle_down()
    steps.done("pulling a large book")
    large, small, queued = folder / "large", folder / "small", folder / "queued"
    _, token = await open_shop(services, CENTRE)
    await asyncio.to_thread(enrol, large, token, port)
    _, token = await open_shop(services, _ELSEWHERE)
    await asyncio.to_thread(enrol, small, token, port)
    steps.done(f"{size.records:,} payments that wait")
    issued.sort(key=lambda code: code.wallet)
    await asyncio.to_thread(fill, large, issued[: size.records], 2)
    if "queued" in size.stores:
        await asyncio.to_thread(copied, large, queued)
    steps.done()
    homes = {"small": (small, far), "large": (large, near), "queued": (queued, near)}
    return {name: Series(name, *homes[name]) for name in size.stores}


def _rotated(items: list[Series], by: int) -> list[Series]:
    start = by % len(items)
    return items[start:] + items[:start]


def outcome(size: Size, made: dict[str, Series], drained: Drained) -> Part:
    """The figures and targets of what was measured."""
    part = Part("terminal: a sale from the code to the disk, a cold start, memory, and an upload after an outage")
    part.notes.append(
        f"large: {size.records:,} answered records and {size.customers:,} customers; queued: the same records before"
        " their upload; small: an empty journal and few customers"
    )
    part.figures = {"records": size.records, "customers": size.customers}
    for series in made.values():
        _show(part, series)
    _show_drain(part, drained)
    figures = part.figures
    worst = {name: max(figures[f"{name}_{store}"] for store in made if store != "small") for name in _TARGETS}
    part.targets = [
        Target(what, round(worst[name], 3), bound, at_least=False) for name, (what, bound) in _TARGETS.items()
    ]
    return part


_TARGETS = {
    "decision_ms_p95": ("ms from the code to the disk without Argon2id, p95, large book and journal", 10),
    "command_s": ("s from nothing to the answer of a command, large book and journal", 1.5),
    "memory_mb": ("MB at most, with Argon2id's, large book and journal", 120),
}


def _show(part: Part, series: Series) -> None:
    """One store's figures."""
    name = series.name
    found = {
        f"sale_ms_p50_{name}": (series.over(0.5, attrgetter("whole")), "ms"),
        f"sale_ms_p95_{name}": (series.over(0.95, attrgetter("whole")), "ms"),
        f"argon2id_ms_p50_{name}": (series.over(0.5, attrgetter("argon2id")), "ms"),
        f"argon2id_ms_p95_{name}": (series.over(0.95, attrgetter("argon2id")), "ms"),
        f"decision_ms_p50_{name}": (series.over(0.5, attrgetter("decision")), "ms"),
        f"decision_ms_p95_{name}": (series.over(0.95, attrgetter("decision")), "ms"),
        f"decision_cpu_ms_p50_{name}": (series.over(0.5, attrgetter("decision_busy")), "ms of the processor"),
        f"decision_cpu_ms_p95_{name}": (series.over(0.95, attrgetter("decision_busy")), "ms of the processor"),
        f"decision_ms_first_{name}": (Measured.of([sales[0].decision for sales in series.sales]), "ms"),
        f"start_s_{name}": (Measured.of(series.start), "s"),
        f"start_interpreter_s_{name}": (Measured.of(series.interpreter), "s"),
        f"start_imports_s_{name}": (Measured.of(series.imports), "s"),
        f"start_open_s_{name}": (Measured.of(series.opening), "s, with the vault"),
        f"start_vault_s_{name}": (Measured.of(series.unlock), "s, Argon2id over 64 MiB, by itself"),
        f"start_look_s_{name}": (Measured.of(series.looking), "s"),
        f"command_s_{name}": (Measured.of(series.command), "s, tallystick terminal status"),
        f"memory_opened_mb_{name}": (Measured.of([one.resident for one in series.opened]), "MB"),
        f"memory_sold_mb_{name}": (Measured.of([one.resident for one in series.sold]), "MB"),
        f"memory_mb_{name}": (Measured.of([one.peak for one in series.sold]), "MB at most"),
    }
    for key, (measured, unit) in found.items():
        part.row(key, measured, unit)
        part.figures[key] = measured.median
    rounds: dict[str, Any] = part.figures.setdefault("rounds", {})
    rounds |= {key: measured.plain() for key, (measured, _) in found.items()}
    every = [sale for sales in series.sales for sale in sales]
    part.figures[f"sales_{name}"] = len(every)


def _show_drain(part: Part, drained: Drained) -> None:
    slices = Measured.of(drained.slices)
    rate, share = drained.payments / drained.seconds, drained.busy / drained.seconds
    part.row("drain_payments_per_s", f"{rate:,.0f}", f"payments/s, {drained.payments:,} in {drained.seconds:.1f} s")
    part.row("drain_slice_payments_per_s", slices, "payments/s, of stretches of it")
    part.row("drain_terminal_cpu_share", f"{share:.2f}", "of one core, the terminal's own process")
    part.row("drain_memory_mb", f"{drained.peak:.1f}", "MB at most")
    part.figures |= {
        "drain_payments_per_s": rate,
        "drain_s": drained.seconds,
        "drain_terminal_cpu_share": share,
        "drain_terminal_cpu_ms_per_payment": drained.busy * 1_000 / drained.payments,
        "drain_memory_mb": drained.peak,
        "drain_statuses": drained.statuses,
        "drain_slices_payments_per_s": [round(one) for one in drained.slices],
    }
    part.figures["rounds"]["drain_slice_payments_per_s"] = slices.plain()

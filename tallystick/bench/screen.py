"""`screen`: from a key to the screen, while the till idles and while it uploads what an outage left; start and memory.

Each round has a till of its own with a full book and payments that wait. Its app starts cold with the cable pulled, is
typed into, and typed into again while the cable is in and all that waits drains to a real server.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from rich.console import Console

from tallystick.bench.console import TillConsole, till_console
from tallystick.bench.errors import BenchError
from tallystick.bench.machine import high_water_mib, resident_mib
from tallystick.bench.measures import Measured, percentile
from tallystick.bench.office import Office, open_office
from tallystick.bench.report import Part, Run, Steps, Target
from tallystick.bench.till import Code
from tallystick.bench.tills import cool, enrol, fill, number_books, open_shop
from tallystick.bench.world import CENTRE, World
from tallystick.demo.cable import Cable
from tallystick.demo.programs import Place as Machine
from tallystick.demo.programs import running_server

_SYNC_KEY, _BACKSPACE = b"\x1b[15~", b"\x7f"
_DIGITS = "123456"
# A practised hand; never as fast as a scanner.
_BETWEEN_KEYS_S = (0.06, 0.16)
_MS = 1_000.0
_MB_PER_MIB = 1.048576
_ALL_SYNCED = "all synced"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: `records` that wait each round, `customers` in the book, idle `strokes` a round."""

    records: int
    customers: int
    strokes: int


FULL = Size(records=10_000, customers=100_000, strokes=60)
QUICK = Size(records=1_000, customers=5_000, strokes=12)


@dataclass(slots=True)
class Seen:
    """What the rounds gave: s, MB, and ms of each key by round."""

    start: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    idle: list[list[float]] = field(default_factory=list)
    draining: list[list[float]] = field(default_factory=list)


def measure(run: Run) -> Part:
    """Measure the till's app."""
    return measure_size(run, QUICK if run.quick else FULL)


def measure_size(run: Run, size: Size) -> Part:
    """Measure with so much of everything."""
    return uvloop.run(_measure(run, size, run.workplace("screen")))


async def _measure(run: Run, size: Size, folder: Path) -> Part:
    home, seen = run.office, Seen()
    async with open_office(home) as office:
        with run.progress("screen", 2 * run.rounds + 1) as steps:
            codes = await _customers(office, size, steps)
            with running_server(Machine("office", home, Console(quiet=True))) as port, Cable(port) as cable:
                for number in range(run.rounds):
                    steps.say(f"round {number + 1}: a book and {size.records:,} payments that wait")
                    till = folder / f"till-{number}"
                    _, token = await open_shop(office.services, CENTRE)
                    await asyncio.to_thread(enrol, till, token, cable.port)
                    mine = codes[number * size.records : (number + 1) * size.records]
                    await asyncio.to_thread(fill, till, mine, number)
                    steps.done(f"round {number + 1}: typing")
                    await asyncio.to_thread(_round, till, cable, size, seen, random.Random(number))  # noqa: S311 - pauses
                    steps.done()
            steps.say("reconciling")
            await office.require_reconciled()
    return outcome(size, seen)


async def _customers(office: Office, size: Size, steps: Steps) -> Sequence[Code]:
    steps.say(f"{size.customers:,} customers with codes")
    world = World(office.services)
    issued = await world.issue(await world.add_customers(size.customers))
    await number_books(office.services)
    await office.settle_down()
    steps.done()
    return issued


def _round(home: Path, cable: Cable, size: Size, seen: Seen, drawn: random.Random) -> None:
    cable.unplug()
    cool(home)
    with till_console(home) as till:
        seen.start.append(till.until("Amount") - till.spawned)
        seen.opened.append(resident_mib(till.process.pid) * _MB_PER_MIB)
        till.until("OFFLINE")
        seen.idle.append(_type(till, drawn, lambda: False, size.strokes))
        cable.plug()
        till.press(_SYNC_KEY, "Syncing")
        seen.draining.append(_type(till, drawn, lambda: till.shows(_ALL_SYNCED), size.records))
        seen.peak.append(high_water_mib(till.process.pid) * _MB_PER_MIB)
        till.quit()


def _type(till: TillConsole, drawn: random.Random, enough: Callable[[], bool], most: int) -> list[float]:
    """Type amounts and take them back, key by key; how long each took to be shown (ms)."""
    took: list[float] = []
    typed = ""
    while len(took) < most:
        growing = len(typed) < len(_DIGITS) and len(took) // len(_DIGITS) % 2 == 0
        key = _DIGITS[len(typed)].encode() if growing else _BACKSPACE
        typed = typed + key.decode() if growing else typed[:-1]
        minor = int(typed or "0")
        took.append(_MS * till.press(key, f"{minor // 100}.{minor % 100:02} EUR_"))
        till.watch(drawn.uniform(*_BETWEEN_KEYS_S))
        if enough():
            break
    while typed:
        typed = typed[:-1]
        minor = int(typed or "0")
        till.press(_BACKSPACE, f"{minor // 100}.{minor % 100:02} EUR_")
        till.watch(_BETWEEN_KEYS_S[1])
    return took


def outcome(size: Size, seen: Seen) -> Part:
    """The figures and targets of what was measured."""
    if not all(seen.idle) or not all(seen.draining):
        raise BenchError("a round has no keys")
    part = Part("screen: from a key to the screen, idle and while payments drain; start and memory")
    keys = sum(map(len, seen.draining))
    part.notes.append(
        f"{size.records:,} payments drain each round, {size.customers:,} customers in the book, {keys} keys"
    )
    found = {
        "key_ms_p50_idle": (_over(seen.idle, 0.5), "ms"),
        "key_ms_p95_idle": (_over(seen.idle, 0.95), "ms"),
        "key_ms_p50_draining": (_over(seen.draining, 0.5), "ms"),
        "key_ms_p95_draining": (_over(seen.draining, 0.95), "ms"),
        "key_ms_max_draining": (_over(seen.draining, 1.0), "ms"),
        "start_s": (Measured.of(seen.start), "s, cold, until an amount can be typed"),
        "memory_opened_mb": (Measured.of(seen.opened), "MB"),
        "memory_mb": (Measured.of(seen.peak), "MB at most, with Argon2id's"),
    }
    for key, (measured, unit) in found.items():
        part.row(key, measured, unit)
        part.figures[key] = measured.median
    part.figures |= {"records": size.records, "customers": size.customers, "keys_draining": keys}
    part.figures["rounds"] = {key: measured.plain() for key, (measured, _) in found.items()}
    part.targets = [
        Target(what, round(part.figures[key], 3), bound, at_least=False)
        for key, what, bound in (
            ("key_ms_p95_draining", "ms from a key to the screen while payments drain, p95", 50),
            ("start_s", "s from nothing to an amount that can be typed", 1.5),
            ("memory_mb", "MB at most", 120),
        )
    ]
    return part


def _over(rounds: Sequence[Sequence[float]], share: float) -> Measured:
    return Measured.of([percentile(keys, share) for keys in rounds])

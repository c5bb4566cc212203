"""`book`: a terminal's full book and its next delta, over real HTTP, among ten million codes.

The server and the terminal are processes of their own. In each round a terminal that was just enrolled pulls all of its
book, and then once more, after a hundred series changed.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from shared.messages.book import MAX_SERIES_PER_PAGE
from shared.policy import Policy
from syncserver.registry import enrolment, vendors
from syncserver.sync.grid import cells_around
from tallystick.bench.country import Country, fill
from tallystick.bench.errors import BenchError
from tallystick.bench.machine import cpu_seconds, forget_peak, high_water_mib, resident_mib
from tallystick.bench.measures import Measured
from tallystick.bench.office import Office, open_office
from tallystick.bench.plans import require_index
from tallystick.bench.report import Part, Run, Target
from tallystick.bench.running import RunningServer, running_server
from tallystick.bench.till import CURRENCY
from tallystick.bench.world import CENTRE, CODES_EACH, QUERIES

FULL = Country(series=2_000_000, near=100_000)
QUICK = Country(series=10_000, near=5_000)
CHANGED = 100
_MS, _MIB = 1_000, 1024 * 1024


@dataclass(slots=True)
class Found:
    """What the pulls of one kind took, a value a round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def note(self, **values: float) -> None:
        """Add a round."""
        for name, value in values.items():
            self.rounds.setdefault(name, []).append(value)

    def of(self, name: str) -> Measured:
        """All rounds of one value."""
        return Measured.of(self.rounds[name])


def measure(run: Run) -> Part:
    """Measure a full book and a delta, at both ends."""
    return uvloop.run(_measure(run, run.workplace("book")))


async def _measure(run: Run, folder: Path) -> Part:
    country = QUICK if run.quick else FULL
    full, delta = Found(), Found()
    async with open_office(run.office, connections=4) as office:
        vendor = await vendors.add_vendor(office.services, name="Shop", place=CENTRE, currency=CURRENCY)
        with run.progress("book", country.chunks + 2 * run.rounds + 3) as steps:
            steps.say("a country with its codes")
            await fill(office, country, steps.done)
            steps.say("statistics")
            await office.settle_down()
            steps.done()
            plan = await require_index(office.services)
            with running_server(run.office) as server:
                enrolled = folder / "till"
                token = await enrolment.make_token(office.services, vendor)
                await asyncio.to_thread(_run_terminal, enrolled, server.url, token)
                for number in range(run.rounds):
                    # As it was just after its enrolment: with no book at all.
                    home = await asyncio.to_thread(shutil.copytree, enrolled, folder / f"till-{number}")
                    steps.say(f"round {number + 1}: the full book")
                    await _round(full, server, home)
                    steps.done()
                    await _change(office)
                    steps.say(f"round {number + 1}: {CHANGED} changes")
                    await _round(delta, server, home)
                    steps.done()
            steps.say("reconciling")
            await office.require_reconciled()
            steps.done()
        settings = await office.database_settings()
    return _part(country, full, delta, plan, settings)


async def _round(found: Found, server: RunningServer, home: Path) -> None:
    """One pull by a terminal that is started for it."""
    forget_peak(server.pid)
    resting = resident_mib(server.pid)
    cpu, database = cpu_seconds(server.pid), server.database_cpu()
    pulled: dict[str, Any] = json.loads(await asyncio.to_thread(_run_terminal, home))
    waits, locked = pulled["waits"], pulled["locked"]
    # The last page may be a short one, and a book of one page has no other.
    last_full = waits[-2] if len(waits) > 1 else waits[0]
    found.note(
        seconds=pulled["seconds"],
        pages=pulled["pages"],
        series=pulled["series"],
        mebibytes=pulled["bytes"] / _MIB,
        kibibytes=pulled["bytes"] / 1024,
        server_cpu=cpu_seconds(server.pid) - cpu,
        database_cpu=server.database_cpu() - database,
        server_resting=resting,
        server_peak=high_water_mib(server.pid),
        terminal_cpu=pulled["cpu"],
        terminal_resting=pulled["before_mib"],
        terminal_peak=pulled["life_mib"],
        terminal_peak_pull=pulled["peak_mib"],
        waiting=sum(waits),
        transfer=pulled["transfer"],
        decode=pulled["decode"],
        apply=sum(locked),
        first_page=waits[0] * _MS,
        last_page=last_full * _MS,
        longest_lock=max(locked) * _MS,
    )


def _run_terminal(home: Path, *enrolment: str) -> str:
    """What a terminal prints: one that pulls, or enrols where it is told with what."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tallystick.bench.pulling", str(home), *enrolment],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"the terminal failed: {done.stderr[-2_000:]}")
    return done.stdout


async def _change(office: Office) -> None:
    """Let a hundred series near the terminal change, as payments with them would."""
    # Cells that touch the terminal's own lie within its radius as a whole.
    cells = cells_around(CENTRE, 0)
    await office.services.pool.execute(QUERIES["book_changes"], cells, CHANGED)


def _part(country: Country, full: Found, delta: Found, plan: str, settings: dict[str, str]) -> Part:
    codes = country.series * CODES_EACH
    part = Part(
        f"book: {country.near:,} customers within {Policy().radius_m // 1_000} km, among {codes:,} codes; pages of "
        f"{MAX_SERIES_PER_PAGE:,} series"
    )
    for what, name, unit in (
        ("full book", "seconds", "s"),
        ("  pages", "pages", ""),
        ("  series", "series", ""),
        ("  on the wire", "mebibytes", "MiB"),
        ("  until answers began", "waiting", "s"),
        ("  answers on their way", "transfer", "s"),
        ("  verify and decode", "decode", "s"),
        ("  apply", "apply", "s"),
        ("  server's processor time", "server_cpu", "s"),
        ("  database's processor time", "database_cpu", "s"),
        ("  terminal's processor time", "terminal_cpu", "s"),
        ("  server's memory at rest", "server_resting", "MiB"),
        ("  server's memory at most", "server_peak", "MiB"),
        ("  terminal's memory at rest", "terminal_resting", "MiB"),
        ("  terminal's memory while it pulls", "terminal_peak_pull", "MiB"),
        ("  terminal's memory at most", "terminal_peak", "MiB"),
        ("  wait for the first page", "first_page", "ms"),
        ("  wait for the last full page", "last_page", "ms"),
        ("  longest a page keeps sales waiting", "longest_lock", "ms"),
    ):
        part.row(what, full.of(name), unit)
    for what, name, unit in (
        (f"delta of {CHANGED}", "seconds", "s"),
        ("  on the wire", "kibibytes", "KiB"),
        ("  wait for the page", "first_page", "ms"),
        ("  server's processor time", "server_cpu", "s"),
        ("  server's memory at most", "server_peak", "MiB"),
        ("  terminal's memory at most", "terminal_peak", "MiB"),
        ("  keeps sales waiting", "longest_lock", "ms"),
    ):
        part.row(what, delta.of(name), unit)
    part.notes.append(f"the radius is read by {plan}")
    memory = full.of("terminal_peak").median
    flatness = round(full.of("last_page").ratio_to(full.of("first_page")).median, 2)
    part.targets = [
        Target("a terminal's memory, unlocking and decoding included (MiB)", memory, 120, at_least=False),
        Target("the wait for the last full page, in waits for the first", flatness, 2, at_least=False),
    ]
    part.figures = {
        "codes": codes,
        "near": country.near,
        "plan": plan,
        "database": settings,
        "full": {name: full.of(name).plain() for name in full.rounds},
        "delta": {name: delta.of(name).plain() for name in delta.rounds},
    }
    return part

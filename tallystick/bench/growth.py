"""`growth`: what a payment costs as more is stored: more payments, more wallets, more of them at one vendor.

Beside the database that grows stands a small one that does not. Both are measured in turn in each round, so that a
ratio says what growth cost and nothing of the machine's mood.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from shared.messages.batch import decode_batch
from syncserver.commands.serving import tune_interpreter
from syncserver.database.arrays import uuids
from syncserver.maintenance.outbox import relay
from syncserver.services import Services
from syncserver.sync import intake
from syncserver.sync.grid import cell_of
from tallystick.bench.machine import resident_mib
from tallystick.bench.measures import Measured
from tallystick.bench.office import Office, open_office
from tallystick.bench.report import Part, Run, Steps, Target
from tallystick.bench.till import Till
from tallystick.bench.world import CAP, CENTRE, CODES_EACH, QUERIES, Backlog, World

SIZE = 500
_TILLS_OF_HISTORY = 50
_VENDORS = 100
_WALLETS_A_FILL = 10_000


@dataclass(frozen=True, slots=True)
class Levels:
    """How far everything grows, and how many payments each measurement settles."""

    payments: Sequence[int]
    wallets: Sequence[int]
    shares: Sequence[int]
    wallets_of_payments: int
    measured: int


QUICK = Levels(payments=(2_000, 20_000), wallets=(500, 5_000), shares=(1, 100), wallets_of_payments=2_000, measured=500)
FULL = Levels(
    payments=(10_000, 100_000, 1_000_000, 5_000_000),
    wallets=(1_000, 10_000, 100_000, 1_000_000),
    shares=(1, 10, 100),
    wallets_of_payments=20_000,
    measured=4_000,
)


@dataclass(slots=True)
class Town:
    """One database with its customers, and tills that pay."""

    office: Office
    services: Services
    world: World
    wallets: list[str]
    history: list[Till]
    stored: int = 0

    @classmethod
    @asynccontextmanager
    async def founded(cls, home: Path, wallets: int) -> AsyncIterator["Town"]:
        """A town of so many customers with nothing stored yet."""
        async with open_office(home) as office:
            world = World(office.services)
            await world.add_vendors(_VENDORS)
            customers = await world.add_customers(wallets)
            history = await world.add_tills(_TILLS_OF_HISTORY)
            yield cls(office, await office.settling(1), world, customers, history)

    async def fill(self, payments: int, say: Callable[[str], None]) -> None:
        """Bring the stored payments up to a number, by a history that is consistent in every table."""
        now = self.office.services.clock()
        while self.stored < payments:
            count = min(_WALLETS_A_FILL, len(self.wallets), math.ceil((payments - self.stored) / CODES_EACH))
            chosen = self.world.random.sample(self.wallets, count)
            say(f"{self.stored:,} of {payments:,} payments stored")
            await self.office.services.pool.execute(
                QUERIES["fill"],
                chosen,
                uuids(self.world.new_id() for _ in chosen),
                uuids(till.device for till in self.history),
                CAP,
                now,
                cell_of(CENTRE),
                timeout=600,
            )
            while await relay(self.office.services, lambda _: None):
                pass  # seals them
            self.stored += count * CODES_EACH

    async def backlog(self, payments: int, vendor: bytes | None = None) -> Backlog:
        """Sign that many payments, of customers who are drawn from all of them."""
        chosen = self.world.random.sample(self.wallets, min(len(self.wallets), payments // CODES_EACH))
        paid = (await self.world.issue(chosen))[:payments]
        (till,) = await self.world.add_tills(1, vendor)
        made = await asyncio.to_thread(self.world.sell, till, paid, SIZE)
        self.stored += made.payments
        return made

    async def settle(self, device: bytes, body: bytes) -> float:
        """Settle one batch; the seconds that it took."""
        begin = time.perf_counter()
        await intake.ingest(self.services, device, decode_batch(body))
        return time.perf_counter() - begin

    async def bytes_stored(self) -> int:
        """What the database takes on disk."""
        return int(await self.office.services.pool.fetchval("SELECT pg_database_size(current_database())"))


def measure(run: Run) -> Part:
    """Measure what a payment costs beside what is stored."""
    tune_interpreter()
    return uvloop.run(_measure(run, run.office, run.folder / "beside"))


async def _measure(run: Run, home: Path, beside: Path) -> Part:
    levels = QUICK if run.quick else FULL
    part = Part("growth: microseconds a payment in batches of 500 as more is stored, and to a small database beside it")
    steps_in_all = 3 + len(levels.payments) + len(levels.wallets) + len(levels.shares)
    with run.progress("growth", steps_in_all) as steps:
        steps.say("founding towns")
        async with (
            Town.founded(beside, levels.wallets_of_payments) as small,
            Town.founded(home, levels.wallets_of_payments) as large,
        ):
            await small.fill(levels.payments[0], steps.say)
            steps.done()
            worst = [await _by_payments(run, part, steps, levels, small, large)]
            worst.append(await _by_share(run, part, steps, levels, small, large))
            steps.say("reconciling")
            await large.office.require_reconciled()
            await small.office.require_reconciled()
            steps.done()
        async with (
            Town.founded(beside, levels.wallets[0]) as few,
            Town.founded(home, levels.wallets[0]) as many,
        ):
            worst.append(await _by_wallets(run, part, steps, levels, few, many))
            await many.office.require_reconciled()
            steps.done()
    part.targets = [
        Target(f"cost by {what}, against the first", round(ratio, 3), 1.2, at_least=False)
        for what, ratio in zip(("stored payments", "a vendor's share", "wallets"), worst, strict=True)
    ]
    return part


async def _by_payments(run: Run, part: Part, steps: Steps, levels: Levels, small: Town, large: Town) -> float:
    ratios = []
    for level in levels.payments:
        await large.fill(level, steps.say)
        await large.office.settle_down()
        before, stored = await large.bytes_stored(), large.stored
        name = f"payments_{level}"
        ratios.append(await _compare(run, part, steps, levels, name, f"{level:,} payments stored", small, large))
        each = (await large.bytes_stored() - before) / (large.stored - stored)
        part.figures[name]["bytes_a_payment"] = round(each)
        part.figures[name]["memory_mib"] = round(resident_mib(), 1)
        part.row(f"{level:,} payments: on disk, all tables, indexes and receipts", f"{each:,.0f}", "bytes a payment")
        part.row(f"{level:,} payments: memory of the settling process", f"{resident_mib():.0f}", "MiB")
        steps.done()
    return max(ratios)


async def _by_share(run: Run, part: Part, steps: Steps, levels: Levels, small: Town, large: Town) -> float:
    ratios = []
    for share in levels.shares:
        name, words = f"share_{share}", f"{share} % of the payments at one vendor"
        ratios.append(await _compare(run, part, steps, levels, name, words, small, large, share))
        steps.done()
    return max(ratios) / ratios[0]  # the first share is of a large database already


async def _by_wallets(run: Run, part: Part, steps: Steps, levels: Levels, few: Town, many: Town) -> float:
    ratios = []
    for level in levels.wallets:
        steps.say(f"opening {level:,} wallets")
        many.wallets += await many.world.add_customers(level - len(many.wallets))
        await many.office.settle_down()
        ratios.append(await _compare(run, part, steps, levels, f"wallets_{level}", f"{level:,} wallets", few, many))
        steps.done()
    return max(ratios)


async def _compare(
    run: Run,
    part: Part,
    steps: Steps,
    levels: Levels,
    name: str,
    words: str,
    small: Town,
    large: Town,
    share: int | None = None,
) -> float:
    """Measure both in turn; the median of the rounds' ratios. `share`: per cent of the large one's at one vendor."""
    costs: list[float] = []
    ratios: list[float] = []
    for number in range(run.rounds):
        steps.say(f"{words}, round {number + 1}")
        vendor = large.world.vendors[0] if share is not None and number * 100 < share * run.rounds else None
        beside, grown = await small.backlog(levels.measured), await large.backlog(levels.measured, vendor)
        spent_beside = spent_grown = 0.0
        # Batch by batch in turn: whatever else the machine does meets both alike.
        for one, other in zip(beside.bodies, grown.bodies, strict=True):
            spent_beside += await small.settle(beside.device, one)
            spent_grown += await large.settle(grown.device, other)
        costs.append(spent_grown / grown.payments * 1e6)
        ratios.append(spent_grown / spent_beside)
    cost, ratio = Measured.of(costs), Measured.of(ratios)
    part.row(words, cost, "µs a payment")
    part.row(f"{words}, to the small database beside it", ratio, "")
    part.figures[name] = {"us_a_payment": cost.plain(), "ratio": ratio.plain()}
    run.keep(part.figures)
    return ratio.median

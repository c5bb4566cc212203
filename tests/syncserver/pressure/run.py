"""One run from an empty home to its verdict."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from syncserver.postgres import EmbeddedPostgres
from syncserver.registry.vendors import change_policy
from tests.syncserver.kit import Shop
from tests.syncserver.pressure.admins import Admin
from tests.syncserver.pressure.crowd import Crowd, Doors
from tests.syncserver.pressure.keeper import Keeper
from tests.syncserver.pressure.logs import Logs, read_logs
from tests.syncserver.pressure.purse import fill_purse
from tests.syncserver.pressure.saboteur import Saboteur, blows_of
from tests.syncserver.pressure.tally import STUCK_SECONDS, Tally
from tests.syncserver.pressure.verdict import undone, verdict
from tests.syncserver.processes import RunningServer, Site, eventually

SERVERS = 2
ADMINS = 2
STRANGE_SHOWN = 20
# A hot wallet is paid from all day long; what is to be flagged is flagged for its code, and approvals are paid in full.
POLICY: Mapping[str, object] = {"rate_count": 20, "daily_limit": 1_000_000_00, "loss_bearer": "house"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard one run presses. The same seed gives the same crowd and the same blows; processes keep their own time.

    Attributes:
        seed: of all dice.
        disruptions: how often something is killed or stopped.
        terminals: how many send at once.
        hot_wallets: wallets that all of them pay from.
        hot_series: series of 5 codes each that a hot wallet has.
        cold_wallets: wallets with one series each.
    """

    seed: int
    disruptions: int
    terminals: int = 64
    hot_wallets: int = 16
    hot_series: int = 8
    cold_wallets: int = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: `wrong` is empty where exactly once held."""

    plan: Plan
    tally: Tally
    logs: Logs
    wrong: list[str]
    seconds: float

    def figures(self) -> dict[str, str]:
        """What there is to report, by its name."""
        tally, logs = self.tally, self.logs
        return {
            "seed": str(self.plan.seed),
            "disruptions": f"{tally.blows.total()}: " + _words(tally.blows),
            "seconds from a blow to the next answer": f"{statistics.median(tally.stalls):.1f} at the median, "
            f"{max(tally.stalls):.1f} at most",
            "payments": f"{tally.payments:,} in {self.seconds:.0f} s, {tally.payments / self.seconds:.0f} a second",
            "answers": f"{tally.answers:,} records in {tally.receipts:,} receipts, "
            f"{tally.answers / self.seconds:.0f} a second",
            "transactions tried again": _words(logs.again) or "none",
            "deadlocks in PostgreSQL's log": str(len(logs.deadlocks)),
            "asked to come back (503)": _words(tally.told_to_wait) or "never",
            "connections broken": _words(tally.broken) or "none",
            "steps of rounds that failed": _words(logs.failed_steps) or "none",
            "PostgreSQL started again by a server": str(logs.started_again),
            "servers that did not start": str(tally.failed_starts),
            "admins": _words(tally.admin),
        }


def _words(counts: Counter[Any]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


async def press(
    site: Site, postgres: EmbeddedPostgres, plan: Plan, watch: Callable[[Tally], None] = lambda _: None
) -> Outcome:
    """Run a crowd against two servers while a saboteur strikes; judge what is left.

    Args:
        site: a home that was set up, with no server yet.
        postgres: its PostgreSQL, which this process uses too.
        plan: how hard.
        watch: told now and then how far it is.

    Raises:
        AssertionError: a terminal was answered wrongly, or nothing moved any more.
    """
    dice = random.Random(plan.seed)  # noqa: S311 - a test's dice
    tally = Tally()
    servers = await asyncio.gather(*(asyncio.to_thread(site.run) for _ in range(SERVERS)))
    async with site.shop(servers[0]) as shop, _doors(shop, servers) as doors:
        await change_policy(shop.services, shop.vendor, POLICY, actor="test")
        purse = await fill_purse(
            shop.services,
            plan.seed,
            hot_wallets=plan.hot_wallets,
            hot_series=plan.hot_series,
            cold_wallets=plan.cold_wallets,
        )
        crowd = Crowd(doors, tally)
        await crowd.enrol(plan.terminals, purse, shop.vendor, dice)
        keepers = [Keeper(site, doors, tally, number, server) for number, server in enumerate(servers)]
        saboteur = Saboteur(postgres, keepers, tally, random.Random(dice.random()))  # noqa: S311 - dice
        admins = [
            Admin(shop.services, crowd, purse, random.Random(dice.random()))  # noqa: S311 - dice
            for _ in range(ADMINS)
        ]

        async def settled_down() -> bool:
            return all(keeper.listens for keeper in keepers) and await undone(shop.services) == 0

        async with _ended_with(site), asyncio.TaskGroup() as group:
            keeping = [group.create_task(keeper.work()) for keeper in keepers]
            watching = group.create_task(_watch(tally, watch))
            working = [group.create_task(crowd.work(terminal)) for terminal in crowd.terminals]
            working += [group.create_task(admin.work()) for admin in admins]
            working.append(group.create_task(saboteur.work(blows_of(plan.disruptions, dice))))
            tally.began = time.monotonic()
            await asyncio.wait(working)
            seconds = time.monotonic() - tally.began
            watching.cancel()
            await eventually(settled_down, STUCK_SECONDS)
            for keeper in keepers:
                keeper.leave()
        logs = await asyncio.to_thread(read_logs, site.log, postgres.log)
        wrong = await verdict(shop.services, shop.vendor, crowd.terminals, logs.delivered)
    codes = [task.result() for task in keeping]
    wrong += [f"a server ended with exit code {code}" for code in codes if code]
    wrong += [f"the servers' log has {count} times {event}" for event, count in logs.defects.items()]
    wrong += [f"the servers' log has a line that is no JSON: {line}" for line in logs.strange[:STRANGE_SHOWN]]
    return Outcome(plan, tally, logs, wrong, seconds)


@asynccontextmanager
async def _ended_with(site: Site) -> AsyncIterator[None]:
    """Threads wait for servers to end: those of a run that failed must not keep it from saying so."""
    try:
        yield
    finally:
        site.end_all()


@asynccontextmanager
async def _doors(shop: Shop, servers: Sequence[RunningServer]) -> AsyncIterator[Doors]:
    doors = Doors(shop, servers)
    try:
        yield doors
    finally:
        await doors.close()


async def _watch(tally: Tally, watch: Callable[[Tally], None]) -> None:
    while True:
        watch(tally)
        await asyncio.sleep(0.2)

"""Kills servers and stops PostgreSQL in the middle of work, again and again, whoever is just getting up."""

import asyncio
import random
import time
from collections.abc import Sequence

from syncserver.postgres import EmbeddedPostgres
from tests.syncserver.pressure.keeper import Keeper
from tests.syncserver.pressure.tally import STUCK_SECONDS, Blow, Tally
from tests.syncserver.processes import eventually

# Batches that are answered between two blows.
_RECEIPTS_BETWEEN = (10, 40)


def blows_of(count: int, draw: random.Random) -> list[Blow]:
    """That many blows, each kind as often as the others, in no order."""
    kinds = [*Blow]
    blows = [kinds[number % len(kinds)] for number in range(count)]
    draw.shuffle(blows)
    return blows


class Saboteur:
    """Strikes after so many answers, whatever is under way then: batches, rounds, a recovery, a server's start."""

    def __init__(
        self, postgres: EmbeddedPostgres, keepers: Sequence[Keeper], tally: Tally, draw: random.Random
    ) -> None:
        self._postgres = postgres
        self._keepers = keepers
        self._tally = tally
        self._draw = draw

    async def work(self, blows: Sequence[Blow]) -> None:
        """Strike all of these blows; once somebody was answered after the last one, the run closes."""
        for blow in blows:
            await self._tally.more(self._draw.randint(*_RECEIPTS_BETWEEN))
            began = time.monotonic()
            await self._strike(blow)
            self._tally.blows[blow] += 1
            await self._tally.more(1)
            self._tally.stalls.append(time.monotonic() - began)
        self._tally.closing = True

    async def _strike(self, blow: Blow) -> None:
        keeper = await self._victim()
        if blow is Blow.SERVER:
            keeper.kill()
        elif blow is Blow.RESTART:
            await asyncio.to_thread(self._postgres.restart, "immediate")
        else:
            if blow is Blow.BOTH:
                keeper.kill()
            await asyncio.to_thread(self._postgres.stop, "immediate")

    async def _victim(self) -> Keeper:
        """A server that runs, or is about to."""

        async def alive() -> list[Keeper]:
            return [keeper for keeper in self._keepers if keeper.is_alive()]

        return self._draw.choice(await eventually(alive, STUCK_SECONDS))

"""What the crowd pays with: the codes of a few hot wallets and of many cold ones, some of them handed out twice."""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from syncserver.services import Services
from tallystick.bench.till import Code
from tallystick.bench.world import World

HOT_SHARE = 0.6
# A code that was just paid with is paid with again at another till, which may be first to send it.
AGAIN_SHARE = 0.2
OLD_SHARE = 0.03


@dataclass(slots=True)
class Purse:
    """Codes that are still fresh, and those that somebody has paid with.

    Attributes:
        hot: fresh codes of the wallets that everybody pays from.
        cold: fresh codes of wallets that hardly anybody pays from.
        passed_on: codes that were paid with once and wait to be paid with at another till.
        used: every code that was paid with.
        wallets: the hot wallets.
    """

    hot: list[Code]
    cold: list[Code]
    wallets: Sequence[str]
    passed_on: deque[Code] = field(default_factory=deque)
    used: list[Code] = field(default_factory=list)

    def take(self, draw: random.Random) -> Code:
        """A code to pay with: mostly a fresh one."""
        if self.used and draw.random() < OLD_SHARE:
            return draw.choice(self.used)
        if self.passed_on and draw.random() < AGAIN_SHARE:
            return self.passed_on.popleft()
        fresh = self._fresh(draw)
        if fresh is None:
            return draw.choice(self.used)
        self.used.append(fresh)
        if draw.random() < AGAIN_SHARE:
            self.passed_on.append(fresh)
        return fresh

    def _fresh(self, draw: random.Random) -> Code | None:
        first, second = (self.hot, self.cold) if draw.random() < HOT_SHARE else (self.cold, self.hot)
        chosen = first or second
        return chosen.pop() if chosen else None

    def series(self) -> list[bytes]:
        """The series of the hot wallets that somebody has paid with."""
        hot = set(self.wallets)
        return sorted({code.series for code in self.used if code.wallet in hot})


async def fill_purse(services: Services, seed: int, *, hot_wallets: int, hot_series: int, cold_wallets: int) -> Purse:
    """Open wallets and issue their codes: `hot_series` for each hot wallet, one for each cold one, of 5 codes each."""
    world = World(services, seed)
    wallets = await world.add_customers(hot_wallets)
    hot = [code for _ in range(hot_series) for code in await world.issue(wallets)]
    world.random.shuffle(hot)
    cold = await world.issue(await world.add_customers(cold_wallets))
    return Purse(hot, cold, wallets)

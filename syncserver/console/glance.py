"""Today's figures, counted seldom enough in a process, however many admins look at them and however much came in."""

import asyncio
from dataclasses import dataclass, field

from starlette.requests import Request

from syncserver.overview.activity import Activity, read_activity
from syncserver.overview.risk import FleetExposure, read_fleet_exposure
from syncserver.services import Services

KEPT_MS = 10_000
# Counting a day of millions takes seconds: it gets a twentieth of the time, so that payments have the rest.
TIMES_AS_LONG = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What came in today, as of a time (ms), and what can be lost now."""

    at: int
    activity: Activity
    risk: list[FleetExposure]


@dataclass(slots=True)
class Glance:
    """The latest figures of this process."""

    _activity: tuple[int, Activity] | None = None
    _good_until: int = 0
    _risk: tuple[int, list[FleetExposure]] | None = None
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def figures(self, services: Services) -> Figures:
        """The latest figures: what can be lost is not older than ten seconds, nor is today, unless it takes long."""
        async with self._counting:
            now = services.clock()
            if self._risk is None or not 0 <= now - self._risk[0] < KEPT_MS:
                async with services.pool.acquire() as connection:
                    self._risk = now, await read_fleet_exposure(connection, now)
            if self._activity is None or not self._activity[0] <= now < self._good_until:
                async with services.pool.acquire() as connection:
                    self._activity = now, await read_activity(connection, now)
                self._good_until = services.clock() + max(KEPT_MS, TIMES_AS_LONG * (services.clock() - now))
            return Figures(*self._activity, self._risk[1])


def glance_of(request: Request) -> Glance:
    """This process's figures."""
    state = request.app.state
    if not hasattr(state, "glance"):
        state.glance = Glance()
    glance: Glance = state.glance
    return glance

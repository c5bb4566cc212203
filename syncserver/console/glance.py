"""Today's figures, counted at most every ten seconds in a process, however many admins look at them."""

import asyncio
from dataclasses import dataclass, field

from starlette.requests import Request

from syncserver.overview.activity import Activity, read_activity
from syncserver.overview.risk import FleetExposure, read_fleet_exposure
from syncserver.services import Services

KEPT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What came in today and what can be lost, as of a time (ms)."""

    at: int
    activity: Activity
    risk: list[FleetExposure]


@dataclass(slots=True)
class Glance:
    """The latest figures of this process."""

    _latest: Figures | None = None
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def figures(self, services: Services) -> Figures:
        """The latest figures, counted anew where they are older than ten seconds."""
        async with self._counting:
            now = services.clock()
            if self._latest is None or not 0 <= now - self._latest.at < KEPT_MS:
                async with services.pool.acquire() as connection:
                    activity = await read_activity(connection, now)
                    self._latest = Figures(now, activity, await read_fleet_exposure(connection, now))
            return self._latest


def glance_of(request: Request) -> Glance:
    """This process's figures."""
    state = request.app.state
    if not hasattr(state, "glance"):
        state.glance = Glance()
    glance: Glance = state.glance
    return glance

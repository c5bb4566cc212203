"""The first page: what needs a person, what came in today, and what can be lost."""

from starlette.responses import Response

from shared.lifecycles import PaymentState
from syncserver.api.rest.endpoint import Nothing
from syncserver.console.drawing import Column, columns
from syncserver.console.glance import glance_of
from syncserver.console.page import Page, Visit
from syncserver.overview.activity import DELAYS, Activity
from syncserver.overview.needs import read_needs

# From the bottom of a column up.
_KINDS = (
    (PaymentState.SUCCESSFUL, "good"),
    (PaymentState.FLAGGED, "doubt"),
    (PaymentState.FAILED, "bad"),
    (PaymentState.REVERSED, "info"),
)


async def show(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/`."""
    services = visit.services
    figures = await glance_of(visit.request).figures(services)
    async with services.pool.acquire() as connection:
        needs = await read_needs(connection, visit.who.user_id, services.clock())
    activity = figures.activity
    delays = [Column(name, ((count, "main"),)) for name, count in zip(DELAYS, activity.delays, strict=True)]
    return visit.page(
        "home.html",
        needs=needs,
        activity=activity,
        as_of=figures.at,
        risk=figures.risk,
        volume=_by_hour(activity),
        delays=columns("Today's offline payments by how late they came", delays),
        kinds=[(state.value, kind) for state, kind in _KINDS],
        most=max((count for _, count in activity.reasons), default=1),
    )


def _by_hour(activity: Activity) -> str:
    shown = [
        Column(f"{hour:02}", tuple((counts.get(state.value, 0), kind) for state, kind in _KINDS))
        for hour, counts in enumerate(activity.hours)
    ]
    return columns("Today's payments by the hour", shown)


PAGES = (Page(path="/", show=show),)

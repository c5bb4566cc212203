"""What other admins asked for that takes a second one."""

from starlette.responses import Response

from syncserver.api.rest.endpoint import Nothing
from syncserver.console.page import Page, Visit
from syncserver.people.second import list_asked

ROWS = 200


async def show(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/second`."""
    async with visit.services.pool.acquire() as connection:
        rows = await list_asked(connection, visit.services.clock(), ROWS)
    return visit.page("second_list.html", rows=rows)


PAGES = (Page(path="/second", show=show),)

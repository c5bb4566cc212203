"""The first page: what needs a person."""

from starlette.responses import Response

from syncserver.api.rest.endpoint import Nothing
from syncserver.console.page import Page, Visit


async def show(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/`."""
    return visit.page("home.html")


PAGES = (Page(path="/", show=show),)

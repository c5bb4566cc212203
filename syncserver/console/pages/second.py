"""What other admins asked for that takes a second one."""

import re
from dataclasses import dataclass

from starlette.responses import Response

from syncserver.api.rest.endpoint import Nothing
from syncserver.console.page import PREFIX, Page, Visit
from syncserver.people.second import Asked, list_asked

ROWS = 200
_ID = "([0-9a-f-]{36})"
# What both must mean, as each action writes it: its words here, and the page where it is asked for again.
_MEANT: tuple[tuple[str, str, str], ...] = (
    (rf"{_ID} (\d+) {_ID} \S+", "the figures of a shift", "/shifts/{0}/{2}?epoch={1}"),
    (rf"(\d{{10}}) {_ID} (approve|reject)", "{2} a payment of wallet {0}", "/flagged/{0}/{1}"),
    (rf"(\d{{10}}) {_ID} of \d+ in all", "a payment of wallet {0}", "/payments/{1}?wallet={0}"),
    (rf"payout {_ID} (\w+)(?: .*)?", "say that a payout was {1}", "/payouts/{0}"),
    (r"file ([0-9a-f]+) of (.+)", "a statement of {1}, whose file has the hash {0:.12}…", "/bank"),
    (rf"entry {_ID} to (\d+)", "a bank entry to wallet {1}", "/bank"),
    (r"receipt (.+) into (\d+)", "the receipt {0} for wallet {1}", ""),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, for people: `minor` of a currency moves; `address` is where the second admin asks for it."""

    asked: Asked
    what: str
    address: str | None
    minor: int
    currency: str


def told(asked: Asked) -> Waiting:
    """What somebody asked for, in words."""
    subject, minor, currency = asked.about.rsplit(" ", 2)
    for pattern, what, page in _MEANT:
        if found := re.fullmatch(pattern, subject):
            address = PREFIX + page.format(*found.groups()) if page else None
            return Waiting(asked, what.format(*found.groups()), address, int(minor), currency)
    return Waiting(asked, subject, None, int(minor), currency)


async def show(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/second`."""
    async with visit.services.pool.acquire() as connection:
        rows = await list_asked(connection, visit.services.clock(), ROWS)
    return visit.page("second_list.html", rows=[told(row) for row in rows])


PAGES = (Page(path="/second", show=show),)

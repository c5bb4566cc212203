"""The search box: what a few typed characters may mean, each with a link to its page."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.responses import Response

from syncserver.console.page import PREFIX, Page, Visit
from syncserver.search.searching import Hit, Kind, search


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was typed."""

    q: Annotated[str, Meta(max_length=200)] = ""


# Where something that was found is shown; what has no page of its own is only told.
_PAGES: dict[Kind, Callable[[Hit], str]] = {
    Kind.PAYMENT: lambda hit: f"/payments/{hit.id}?wallet={hit.of}",
    Kind.WALLET: lambda hit: f"/customers/{hit.of}",
    Kind.CUSTOMER: lambda hit: f"/customers/{hit.id}",
    Kind.DEVICE: lambda hit: f"/devices/{hit.id}",
    Kind.VENDOR: lambda hit: f"/vendors/{hit.id}",
    Kind.CASH_RECEIPT: lambda hit: f"/audit?object={quote(f'wallet {hit.of}')}&action=funding.cash",
    Kind.AMOUNT: lambda hit: f"/payments?currency={hit.of}&least={hit.id}&most={hit.id}",
    Kind.DAY: lambda hit: f"/payments?since={hit.id}&until={hit.id}",
    Kind.PERSON: lambda hit: f"/vendors/{hit.of}" if hit.of else f"/audit?object={quote(f'person {hit.id}')}",
}


async def show_hits(visit: Visit[SearchQuery, None]) -> Response:
    """`GET /console/search`: where there is one hit alone, its page at once."""
    found = await search(visit.services, visit.query.q) if visit.query.q.strip() else []
    hits = [(hit, _address(hit)) for hit in found]
    if len(hits) == 1 and hits[0][1] is not None:
        return visit.go(hits[0][1])
    return visit.page("search.html", hits=hits)


def _address(hit: Hit) -> str | None:
    made = _PAGES.get(hit.kind)
    return PREFIX + made(hit) if made is not None else None


PAGES = (Page(path="/search", show=show_hits, query=SearchQuery),)

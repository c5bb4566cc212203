"""One box for everything."""

from typing import Annotated

import msgspec
from msgspec import Meta

from syncserver.api.rest.endpoint import Answer, Call, Endpoint
from syncserver.people.access import ADMINS
from syncserver.search.searching import MOST_TYPED, search

TAG = "Searching"


class SearchQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What was typed: an id, how it begins (6 digits) or how a new payment's ends (4), a wallet's number (3 digits).

    Or an amount, a day, a name, a login, a reference.
    """

    q: Annotated[str, Meta(max_length=MOST_TYPED)]


class HitView(msgspec.Struct, frozen=True, rename="camel"):
    """What may be meant. `of` is the wallet of a payment or a receipt, the customer of a wallet, a person's vendor.

    The payments of an amount (whose currency is `of`) or of a day are a list: `/api/payments`.
    """

    kind: str
    id: str
    title: str
    detail: str
    of: str | None


class HitsView(msgspec.Struct, frozen=True, rename="camel"):
    """At most ten of a kind."""

    hits: list[HitView]


async def search_all(call: Call[None, SearchQuery]) -> Answer[HitsView]:
    """`GET /api/search`."""
    found = await search(call.services, call.query.q)
    return Answer(HitsView([HitView(one.kind.value, one.id, one.title, one.detail, one.of) for one in found]))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/search",
        handle=search_all,
        summary="Find payments, wallets, customers, people, devices, vendors, bank entries and receipts",
        answers=HitsView,
        roles=ADMINS,
        query=SearchQuery,
        tag=TAG,
    ),
)

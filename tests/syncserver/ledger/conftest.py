"""A second server over the same database, and its owner."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from syncserver.api.app import make_app
from syncserver.database.connection import Connection
from tests.syncserver.kit import FakeTerminal, Shop, open_services


@pytest.fixture
async def other_shop(shop: Shop) -> AsyncIterator[Shop]:
    """The same shop, reached through another server."""
    async with open_services(shop.target, shop.clock) as services:
        transport = httpx.ASGITransport(app=make_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://other") as http:
            yield replace(shop, services=services, http=http)


@pytest.fixture
async def owner(shop: Shop) -> AsyncIterator[Connection]:
    """A connection that may do what the server must not."""
    connection = await shop.target.connect_owner()
    try:
        yield connection
    finally:
        await connection.close()


def through(till: FakeTerminal, shop: Shop) -> FakeTerminal:
    """The same terminal, uploading through another server."""
    return replace(till, shop=shop)

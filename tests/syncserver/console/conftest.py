"""Fixtures of the console's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.syncserver.console.kit import Browser, open_admin, open_browser
from tests.syncserver.kit import Shop


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[Browser]:
    """A browser that nobody has signed in at."""
    async with open_browser(shop) as opened:
        yield opened


@pytest.fixture
async def admin(shop: Shop) -> AsyncIterator[Browser]:
    """A browser at which the admin `ada` has signed in."""
    async with open_admin(shop) as opened:
        yield opened


@pytest.fixture
async def second_admin(shop: Shop) -> AsyncIterator[Browser]:
    """Another browser, at which `bob` has signed in."""
    async with open_admin(shop, "bob") as opened:
        yield opened

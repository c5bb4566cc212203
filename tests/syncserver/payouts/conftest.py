"""Fixtures of the tests of payouts."""

from collections.abc import AsyncIterator

import pytest

from tests.syncserver.kit import Shop
from tests.syncserver.payouts.kit import Office, open_office


@pytest.fixture
async def office(shop: Shop) -> AsyncIterator[Office]:
    async with open_office(shop) as opened:
        yield opened

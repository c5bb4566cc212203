"""Fixtures of the tests in a real browser; they are skipped where there is none."""

from collections.abc import AsyncIterator

import pytest

from tests.syncserver.console.chromium.kit import CHROMIUM, Office, open_office
from tests.syncserver.kit import Shop


@pytest.fixture
async def office(shop: Shop) -> AsyncIterator[Office]:
    """A server that listens, and a browser."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt install chromium")
    async with open_office(shop) as opened:
        yield opened

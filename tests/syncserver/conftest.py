"""Fixtures of the server's tests."""

from collections.abc import AsyncIterator

import pytest

from syncserver.database.connect import DatabaseTarget
from tests.syncserver.kit import Shop, open_shop


@pytest.fixture
async def shop(database: DatabaseTarget) -> AsyncIterator[Shop]:
    async with open_shop(database) as opened:
        yield opened

"""A shop for a whole module of requests that are refused, or change nothing that another of them sees."""

from collections.abc import AsyncIterator, Iterator

import pytest

from syncserver.database.connect import DatabaseTarget
from tests.conftest import DatabaseServer
from tests.syncserver.kit import Shop, open_shop


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """As everywhere, with one loop for as long as a standing shop stands."""
    return "asyncio"


@pytest.fixture(scope="module")
def standing_database(database_server: DatabaseServer, template_database: str) -> Iterator[DatabaseTarget]:
    with database_server.fresh("standing", template_database) as target:
        yield target


@pytest.fixture(scope="module")
async def standing_shop(standing_database: DatabaseTarget) -> AsyncIterator[Shop]:
    """Each test asks as people of its own; its clock stands still, and its money must be in order whenever it is asked.

    Hundreds of tests that differ in nothing but the endpoint need no database each.
    """
    async with open_shop(standing_database) as opened:
        yield opened

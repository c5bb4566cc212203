"""The server that a bench measures is used by one part after another, and each finds it empty."""

import pytest

from syncserver.registry.vendors import add_vendor
from tallystick.bench.office import bench_folder, open_office
from tallystick.bench.till import CURRENCY
from tallystick.bench.world import CENTRE

pytestmark = pytest.mark.anyio


async def test_a_part_finds_nothing_of_the_part_before_it() -> None:
    with bench_folder() as folder:
        servers = []
        for _ in range(2):
            async with open_office(folder / "office") as office:
                servers.append(office.services.server_id)
                assert await office.services.pool.fetchval("SELECT count(*) FROM vendor") == 0
                await add_vendor(office.services, name="Shop", place=CENTRE, currency=CURRENCY)
                await office.require_reconciled()
    assert servers[0] != servers[1]

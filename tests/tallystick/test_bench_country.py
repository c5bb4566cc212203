"""The country that a book is measured in is like the real thing, and its books are read by an index."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.geo import Place, haversine_m
from syncserver.database.connect import DatabaseTarget
from syncserver.settings import ServerSettings
from syncserver.sync.grid import cell_of
from tallystick.bench.country import Country, fill
from tallystick.bench.office import Office
from tallystick.bench.plans import require_index, scans_of
from tallystick.bench.world import CENTRE
from tests.syncserver.kit import FakeClock, open_services

pytestmark = pytest.mark.anyio
COUNTRY = Country(series=10_000, near=500)


@pytest.fixture
async def office(database: DatabaseTarget, tmp_path: Path) -> AsyncIterator[Office]:
    async with open_services(database, FakeClock()) as services:
        made = Office(services, ServerSettings(home=tmp_path), database)
        await fill(made, COUNTRY, lambda _: None)
        await made.settle_down()
        yield made


async def test_its_money_is_reconciled_and_its_places_are_in_their_cells(office: Office) -> None:
    await office.require_reconciled()
    rows = await office.services.pool.fetch("SELECT lat, lon, cell, version FROM series")
    places = [Place(row["lat"], row["lon"]) for row in rows]
    assert [cell_of(place) for place in places] == [row["cell"] for row in rows]
    assert sum(haversine_m(place, CENTRE) <= 20_000 for place in places) == COUNTRY.near
    assert sorted(row["version"] for row in rows) == list(range(2, COUNTRY.series + 2))


async def test_no_page_reads_the_whole_table_of_series(office: Office) -> None:
    assert "series_in_books" in await require_index(office.services)


def test_a_plan_that_reads_a_whole_table_is_seen() -> None:
    plan = {"Node Type": "Limit", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "series"}]}
    assert list(scans_of(plan, "series")) == ["Seq Scan"]

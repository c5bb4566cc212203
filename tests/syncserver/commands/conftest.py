"""One home that was set up, with its PostgreSQL running, for all tests of commands."""

from collections.abc import Iterator

import pytest

from syncserver.postgres import EmbeddedPostgres
from tests.conftest import short_folder
from tests.syncserver.processes import Site, beside, made_site


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with short_folder() as folder, made_site(folder / "home") as site, beside(site):
        site.ask("init")
        yield site


@pytest.fixture
def postgres(site: Site) -> Iterator[EmbeddedPostgres]:
    with beside(site) as running:
        yield running

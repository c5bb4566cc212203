"""One home with an embedded PostgreSQL for all tests of outages: each makes a vendor and customers of its own."""

from collections.abc import Iterator

import pytest

from syncserver.postgres import EmbeddedPostgres
from tests.conftest import short_folder
from tests.syncserver.processes import Site, beside, made_site


@pytest.fixture(scope="package")
def lasting_site() -> Iterator[Site]:
    with short_folder() as folder, made_site(folder / "home") as site:
        site.ask("init")
        yield site


@pytest.fixture
def site(lasting_site: Site) -> Iterator[Site]:
    yield lasting_site
    lasting_site.end_all()


@pytest.fixture
def postgres(site: Site) -> Iterator[EmbeddedPostgres]:
    with beside(site) as running:
        yield running

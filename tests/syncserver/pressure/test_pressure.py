"""Exactly once under pressure, in the short form; `scripts/pressure` is the long one."""

import pytest

from syncserver.postgres import EmbeddedPostgres
from tests.conftest import short_folder
from tests.syncserver.pressure.run import Plan, press
from tests.syncserver.processes import made_site

pytestmark = pytest.mark.anyio

SEED = 2_026


@pytest.mark.timeout(600)
async def test_payments_settle_exactly_once_while_servers_and_postgres_are_killed_under_sixty_four_terminals() -> None:
    with short_folder() as folder, made_site(folder / "home") as site:
        site.ask("init")
        with EmbeddedPostgres(site.home) as postgres:
            outcome = await press(site, postgres, Plan(SEED, disruptions=10))
    assert outcome.wrong == [], outcome.figures()
    assert outcome.tally.blows.total() == 10

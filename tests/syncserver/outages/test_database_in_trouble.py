"""A database that is there and can't do it: full, read-only, slow, with too many connections. Terminals come back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from syncserver.database.errors import AWAY
from syncserver.sync.crowd import MOST_SECONDS
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio

# By the PostgreSQL manual's appendix A.
TROUBLE = {
    "the disk is full": "53100",
    "memory is full": "53200",
    "too many connections": "53300",
    "a statement took too long": "57014",
    "a lock was not to be had in time": "55P03",
    "it is read-only": "25006",
    "it stops": "57P01",
    "another process of it crashed": "57P02",
    "it starts": "57P03",
    "the disk fails": "58030",
}


@asynccontextmanager
async def failing(shop: Shop, sqlstate: str) -> AsyncIterator[None]:
    """Every batch meets this error when it is written."""
    owner = await shop.target.connect_owner()
    try:
        await owner.execute(
            f"""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION ''trouble'' USING ERRCODE = ''{sqlstate}''; END';
                CREATE TRIGGER fail BEFORE INSERT ON batch EXECUTE FUNCTION fail()"""
        )
        yield
        await owner.execute("DROP FUNCTION fail CASCADE")
    finally:
        await owner.close()


@pytest.mark.parametrize("sqlstate", TROUBLE.values(), ids=TROUBLE.keys())
async def test_a_database_in_trouble_takes_nothing_and_the_batch_succeeds_afterwards(shop: Shop, sqlstate: str) -> None:
    [code] = await shop.codes(await shop.customer(), count=1, cap=1_000)
    till = await shop.terminal()
    body = till.batch([till.open_shift(), till.pay(code, 700)[1]])
    async with failing(shop, sqlstate):
        answer = await till.send(body)
        assert (answer.status_code, answer.json()["errorCode"]) == (503, "UNAVAILABLE")
        assert 1 <= int(answer.headers["retry-after"]) <= MOST_SECONDS
        assert "trouble" not in answer.text
        for path in ("/healthz", "/readyz"):
            assert (await shop.http.get(path)).status_code == 200
        await till.log_in()
        await till.pull()
    assert await shop.services.pool.fetchval("SELECT count(*) FROM journal_record") == 0
    assert (await till.send(body)).status_code == 200
    assert await shop.vendor_balance() == 700
    await shop.assert_reconciled()


async def test_a_statement_that_takes_too_long_is_such_a_trouble(shop: Shop) -> None:
    async with shop.services.pool.acquire() as connection:
        await connection.execute("SET statement_timeout = 1")
        with pytest.raises(AWAY):
            await connection.execute("SELECT pg_sleep(60)")


async def test_a_read_only_database_is_such_a_trouble(shop: Shop) -> None:
    async with shop.services.pool.acquire() as connection, connection.transaction(readonly=True):
        with pytest.raises(AWAY):
            await connection.execute("DELETE FROM outbox")


def test_a_defect_of_ours_is_no_trouble_of_the_database() -> None:
    for defect in (asyncpg.PostgresSyntaxError, asyncpg.UndefinedTableError, asyncpg.CheckViolationError, KeyError):
        assert not issubclass(defect, AWAY)

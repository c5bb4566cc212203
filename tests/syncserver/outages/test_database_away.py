"""While the database is away the server lives, says so, and asks terminals to come back; nothing is lost."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import asyncpg
import httpx
import pytest

from shared.lifecycles import Status
from shared.messages.receipt import open_receipt
from syncserver import composition
from syncserver.database.connection import Connection
from syncserver.database.errors import UnreachableError
from syncserver.keys.signing import ServerKeys, load_identity
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ports import Clock
from syncserver.postgres import EmbeddedPostgres
from syncserver.postgres.locks import exclusive
from syncserver.postgres.postmaster import stop
from syncserver.postgres.processes import find_postmaster
from syncserver.settings import ServerSettings
from syncserver.sync.crowd import MOST_SECONDS
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.processes import DEADLINE_SECONDS, Site, eventually, locked, superuser

pytestmark = pytest.mark.anyio

OTHERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@contextmanager
def database_away(postgres: EmbeddedPostgres) -> Iterator[None]:
    """PostgreSQL has crashed, and whoever would start it again has to wait."""
    with exclusive(postgres.log.parent / "start.lock"):
        stop(postgres._running_cluster(), "immediate")
        yield


def assert_asks_to_come_back(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["retry-after"]) <= MOST_SECONDS
    body = answer.json()
    assert (body["success"], body["errorCode"], body["data"]) == (False, "UNAVAILABLE", None)


async def is_ready(http: httpx.AsyncClient) -> bool:
    return (await http.get("/readyz")).status_code == 200


async def assert_settles(shop: Shop, till: FakeTerminal, body: bytes, amount: int) -> None:
    """The same batch succeeds once the database is back, and the rounds go on."""
    answer = await till.send(body)
    assert answer.status_code == 200, answer.text
    assert [result.status for result in open_receipt(answer.content, till.server_keys).results] == [Status.SETTLED]
    assert await shop.vendor_balance() == amount

    async def folded() -> bool:
        query = "SELECT payable FROM vendor_balance WHERE vendor = encode($1, 'hex')::uuid"
        return bool(await shop.services.pool.fetchval(query, shop.vendor) == amount)

    await eventually(folded)
    await shop.assert_reconciled()


async def test_a_batch_sent_while_the_database_is_away_succeeds_when_it_is_back(
    site: Site, postgres: EmbeddedPostgres
) -> None:
    server = site.run()
    async with site.shop(server) as shop:
        code, *_ = await shop.codes(await shop.customer())
        till = await shop.terminal()
        body = till.batch([till.pay(code, 1_000)[1]])
        with database_away(postgres):
            assert_asks_to_come_back(await till.send(body))
            assert_asks_to_come_back(await till.send(body))
            assert (await shop.http.get("/healthz")).status_code == 200
            assert_asks_to_come_back(await shop.http.get("/readyz"))
            assert_asks_to_come_back(await shop.http.get("/api/sync/book", headers=till.headers))
            assert_asks_to_come_back(await till.ask_token(till.assertion()))
        # Nobody but the server itself starts its database again.
        await eventually(lambda: is_ready(shop.http))
        await assert_settles(shop, till, body, 1_000)
    assert server.stop() == 0


async def test_a_batch_under_way_when_the_database_goes_away_succeeds_when_it_is_back(
    site: Site, postgres: EmbeddedPostgres
) -> None:
    server = site.run()
    async with site.shop(server) as shop:
        wallet = await shop.customer()
        code, *_ = await shop.codes(wallet)
        till = await shop.terminal()
        body = till.batch([till.pay(code, 1_000)[1]])
        async with superuser(postgres) as admin:
            holding = locked(admin, "SELECT FROM wallet WHERE wallet = $1 FOR UPDATE", wallet)
            waiting = await holding.__aenter__()
            sending = asyncio.create_task(till.send(body))
            await eventually(waiting)
            with database_away(postgres):
                assert_asks_to_come_back(await sending)
        await eventually(lambda: is_ready(shop.http))
        await assert_settles(shop, till, body, 1_000)


async def test_a_server_starts_its_killed_database_again(site: Site, postgres: EmbeddedPostgres) -> None:
    server = site.run()
    async with server.client() as http:
        old = postgres.pid
        os.kill(old, signal.SIGKILL)

        async def is_another() -> bool:
            found = find_postmaster((site.home / "postgres" / "data").resolve())
            return found is not None and found.pid != old

        await eventually(is_another)
        await eventually(lambda: is_ready(http))


async def test_a_database_that_hangs_is_told_from_one_that_answers(site: Site, postgres: EmbeddedPostgres) -> None:
    server = site.run()
    async with server.client() as http, superuser(postgres) as admin:
        assert await is_ready(http)
        backends = [postgres.pid, *(row["pid"] for row in await admin.fetch(OTHERS))]
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                answers = await asyncio.gather(*(http.get("/readyz") for _ in range(20)))
            for answer in answers:
                assert_asks_to_come_back(answer)
            assert (await http.get("/healthz")).status_code == 200
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)
        await eventually(lambda: is_ready(http))
    assert server.stop() == 0


@pytest.mark.parametrize("broken", [1, 2])
async def test_a_database_that_breaks_off_while_a_server_connects_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    calls, create = 0, asyncpg.create_pool

    async def refused() -> None:
        raise ConnectionRefusedError("refused")

    def create_or_fail(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        return refused() if calls == broken else create(*arguments, **more)

    monkeypatch.setattr(asyncpg, "create_pool", create_or_fail)
    monkeypatch.setattr(composition, "WATCH_SECONDS", 0)
    async with composition.open_services(ServerSettings(home=site.home), serving=True) as services:
        assert await services.pool.fetchval("SELECT 1") == 1
    assert calls == 3


@pytest.mark.parametrize("serving", [True, False])
async def test_a_database_that_breaks_off_while_a_server_starts_is_waited_for_or_said_to_be_away(
    site: Site, monkeypatch: pytest.MonkeyPatch, serving: bool
) -> None:
    tried: list[Connection] = []

    async def broken_off(connection: Connection, kek: KeyEncryptionKey, clock: Clock) -> tuple[bytes, ServerKeys]:
        tried.append(connection)
        if len(tried) == 1:
            raise ConnectionResetError("reset by peer")
        return await load_identity(connection, kek, clock)

    monkeypatch.setattr(composition, "load_identity", broken_off)
    monkeypatch.setattr(composition, "WATCH_SECONDS", 0)
    with nullcontext() if serving else pytest.raises(UnreachableError):
        async with composition.open_services(ServerSettings(home=site.home), serving=serving) as services:
            assert await services.pool.fetchval("SELECT 1") == 1
    assert len(tried) == (2 if serving else 1)

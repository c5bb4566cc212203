"""A server that is killed, or told to go, in the middle of its work loses nothing and does nothing twice."""

import asyncio
import os
import signal

import httpx
import pytest

from shared.lifecycles import Status
from shared.messages.receipt import Receipt, open_receipt
from syncserver.postgres import EmbeddedPostgres
from syncserver.postgres.locks import exclusive
from syncserver.postgres.processes import find_orphans, find_postmaster
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.processes import DEADLINE_SECONDS, RunningServer, Site, eventually, locked, superuser

pytestmark = pytest.mark.anyio

SETTLED, RECORDED = Status.SETTLED, Status.RECORDED
LOCK_WALLET = "SELECT FROM wallet WHERE wallet = $1 FOR UPDATE"


async def sent_again(shop: Shop, till: FakeTerminal, server: RunningServer, body: bytes) -> Receipt:
    """The receipt of the same batch, from another server."""
    async with server.client() as http:
        shop.http = http
        answer = await till.send(body)
    assert answer.status_code == 200, answer.text
    return open_receipt(answer.content, till.server_keys)


async def test_a_server_killed_in_the_middle_of_a_batch_settles_it_once_when_it_is_back(
    site: Site, postgres: EmbeddedPostgres
) -> None:
    server = site.run()
    async with site.shop(server) as shop, superuser(postgres) as admin:
        wallet = await shop.customer()
        one, two, *_ = await shop.codes(wallet)
        till = await shop.terminal()
        body = till.batch([till.open_shift(), till.pay(one, 1_000)[1], till.pay(two, 500)[1]])
        async with locked(admin, LOCK_WALLET, wallet) as waiting:
            sending = asyncio.create_task(till.send(body))
            await eventually(waiting)
            server.kill()
            with pytest.raises(httpx.TransportError):
                await sending
        assert await shop.vendor_balance() == 0
        next_server = site.run()
        first = await sent_again(shop, till, next_server, body)
        again = await sent_again(shop, till, next_server, body)
        assert [result.status for result in first.results] == [RECORDED, SETTLED, SETTLED]
        assert again.results == first.results
        assert await shop.vendor_balance() == 1_500
        assert await shop.balances(wallet) == (5_000, 4_500, 9_000, 0)
        await shop.assert_reconciled()


async def test_a_server_killed_between_commit_and_answer_answers_the_same_when_it_is_back(
    site: Site, postgres: EmbeddedPostgres
) -> None:
    server = site.run()
    async with site.shop(server) as shop, superuser(postgres) as admin:
        code, *_ = await shop.codes(await shop.customer())
        till = await shop.terminal()
        payment, raw = till.pay(code, 1_000)
        body = till.batch([raw])
        # A COMMIT that waits for us: the server is halted while the database is at it, and never hears the answer.
        await admin.execute(
            """CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END';
               CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON batch DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION wait_at_commit()"""
        )
        try:
            async with locked(admin, "SELECT pg_advisory_xact_lock(77)") as waiting:
                sending = asyncio.create_task(till.send(body))
                await eventually(waiting)
                server.send(signal.SIGSTOP)
            committed = "SELECT state FROM payment WHERE payment = encode($1, 'hex')::uuid"
            assert await eventually(lambda: admin.fetchval(committed, payment)) == "SUCCESSFUL"
            server.kill()
            with pytest.raises(httpx.TransportError):
                await sending
        finally:
            await admin.execute("DROP FUNCTION wait_at_commit CASCADE")
        receipt = await sent_again(shop, till, site.run(), body)
        assert [result.status for result in receipt.results] == [SETTLED]
        assert await shop.vendor_balance() == 1_000
        await shop.assert_reconciled()


async def test_a_server_that_is_told_to_stop_finishes_what_is_under_way(site: Site, postgres: EmbeddedPostgres) -> None:
    server = site.run()
    async with site.shop(server) as shop, superuser(postgres) as admin:
        wallet = await shop.customer()
        code, *_ = await shop.codes(wallet)
        till = await shop.terminal()
        async with locked(admin, LOCK_WALLET, wallet) as waiting:
            sending = asyncio.create_task(till.upload(till.pay(code, 1_000)[1]))
            await eventually(waiting)
            server.send(signal.SIGTERM)
            await eventually(lambda: refuses(server))
            assert not sending.done()
        assert [result.status for result in (await sending).results] == [SETTLED]
    assert await asyncio.to_thread(server.ended) == 0


async def refuses(server: RunningServer) -> bool:
    """Whether a server takes no new connections."""
    try:
        async with httpx.AsyncClient(base_url=server.url) as http:
            await http.get("/healthz")
    except httpx.ConnectError:
        return True
    except httpx.TransportError:  # it was let in, and sent away as the server closed
        return False
    return False


async def test_a_server_that_is_told_to_stop_while_it_starts_does_not_serve(site: Site) -> None:
    with exclusive(site.home / "postgres" / "start.lock"):
        process = site.launch()
        caught = f"/proc/{process.pid}/status"

        async def handles_sigterm() -> bool:
            with open(caught, encoding="ascii") as file:  # noqa: ASYNC230, PTH123 - not a file on a disk
                mask = next(line for line in file if line.startswith("SigCgt:"))
            return bool(int(mask.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

        await eventually(handles_sigterm)
        process.send_signal(signal.SIGTERM)
    said, _ = await asyncio.to_thread(process.communicate, timeout=DEADLINE_SECONDS)
    assert (process.returncode, said) == (0, "")


def test_the_last_user_to_leave_stops_postgres(site: Site) -> None:
    data = (site.home / "postgres" / "data").resolve()
    one, two = site.run(), site.run()
    running = find_postmaster(data)
    assert one.stop() == 0
    assert find_postmaster(data) == running is not None
    assert two.stop() == 0
    assert find_postmaster(data) is None
    assert find_orphans(f"tallystick-{data.name}", data.stat().st_uid) == []


def test_what_a_killed_server_left_running_goes_with_the_next_one(site: Site) -> None:
    data = (site.home / "postgres" / "data").resolve()
    site.run().kill()
    left = find_postmaster(data)
    assert left is not None
    server = site.run()
    assert find_postmaster(data) == left
    assert server.stop() == 0
    assert find_postmaster(data) is None


def test_a_server_whose_database_has_just_died_still_stops_in_order(site: Site) -> None:
    data = (site.home / "postgres" / "data").resolve()
    server = site.run()
    running = find_postmaster(data)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    assert server.stop() == 0
    assert find_postmaster(data) is None

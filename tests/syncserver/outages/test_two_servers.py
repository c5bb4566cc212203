"""Any number of server processes serve one database; which of them a terminal meets makes no difference."""

import asyncio

import pytest

from shared.lifecycles import Status
from shared.messages.receipt import open_receipt
from tests.syncserver.processes import Site

pytestmark = pytest.mark.anyio


async def test_two_processes_that_take_in_the_same_batches_at_once_settle_them_once(site: Site) -> None:
    one, two = site.run(), site.run()
    async with site.shop(one) as shop, two.client() as second:
        wallet = await shop.customer()
        codes = await shop.codes(wallet, 10, 500)
        till = await shop.terminal()  # enrolled by the first, known to both
        bodies = [
            till.batch([till.pay(code, 100)[1] for code in codes[first : first + 2]]) for first in (0, 2, 4, 6, 8)
        ]

        async def sent(body: bytes, number: int) -> tuple[object, ...]:
            http = second if number % 2 else shop.http
            answer = await http.post("/api/sync/batches", content=body, headers=till.headers)
            assert answer.status_code == 200, answer.text
            return open_receipt(answer.content, till.server_keys).results

        for body in bodies:
            first, *others = await asyncio.gather(*(sent(body, number) for number in range(6)))
            assert all(other == first for other in others)
        assert await shop.vendor_balance() == 1_000
        assert await shop.balances(wallet) == (5_000, 14_000, 0, 0)
        states = await shop.services.pool.fetch("SELECT state FROM payment WHERE wallet = $1", wallet)
        assert [row["state"] for row in states] == ["SUCCESSFUL"] * 10
        await shop.assert_reconciled()
    assert [server.stop() for server in (one, two)] == [0, 0]


async def test_a_terminal_goes_on_at_another_server_when_its_own_is_gone(site: Site) -> None:
    one, two = site.run(), site.run()
    async with site.shop(one) as shop, two.client() as second:
        first, other, *_ = await shop.codes(await shop.customer())
        till = await shop.terminal()
        assert (await till.result(till.pay(first, 100)[1])).status is Status.SETTLED
        one.kill()
        shop.http = second
        assert (await till.result(till.pay(other, 100)[1])).status is Status.SETTLED
        await till.log_in()
        assert {entry.wallet for entry in (await till.pull()).series} >= {first.wallet}
        await shop.assert_reconciled()
    assert two.stop() == 0

"""Uploads that come while all connections are busy are settled in one transaction; nobody can tell by the answers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import pytest

from shared.lifecycles import Status
from shared.messages.receipt import Receipt
from shared.reasons import Reason
from syncserver.database.arrays import uuid_of
from tests.syncserver.kit import FakeTerminal, Shop, rejecting

pytestmark = pytest.mark.anyio

TILLS = 6
T = TypeVar("T")
SETTLED, FLAGGED = Status.SETTLED, Status.FLAGGED


@asynccontextmanager
async def all_connections_busy(shop: Shop) -> AsyncIterator[None]:
    """As if batches were being settled on each of them."""
    async with AsyncExitStack() as stack:
        for _ in range(shop.services.settling_pool.get_max_size()):
            await stack.enter_async_context(shop.services.settling_pool.acquire())
        yield


async def waiting(shop: Shop, upload: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """An upload that waits to be settled."""
    before = shop.services.gathering.under_way
    task = asyncio.create_task(upload)
    while shop.services.gathering.under_way == before:  # noqa: ASYNC110 - an event for this test alone would be more
        await asyncio.sleep(0)
    return task


async def upload_at_once(shop: Shop, uploads: Sequence[tuple[FakeTerminal, Sequence[bytes]]]) -> list[Receipt]:
    """All of them wait, in their order, before the first has its turn."""
    uploading: list[asyncio.Task[Receipt]] = []
    async with all_connections_busy(shop):
        for till, raws in uploads:
            uploading.append(await waiting(shop, till.upload(*raws)))
    return list(await asyncio.gather(*uploading))


async def transactions(shop: Shop) -> int:
    """In how many transactions the payments were written."""
    return int(await shop.services.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM payment"))


async def test_uploads_that_wait_are_settled_in_fewer_transactions(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), TILLS, 1_000)
    tills = [await shop.terminal(name=f"till {number}") for number in range(TILLS)]
    receipts = await upload_at_once(
        shop, [(till, [till.pay(code, 700)[1]]) for till, code in zip(tills, codes, strict=True)]
    )
    assert [receipt.results[0].status for receipt in receipts] == [SETTLED] * TILLS
    assert [(receipt.device, receipt.through) for receipt in receipts] == [(till.device, 1) for till in tills]
    connections = shop.services.settling_pool.get_max_size()
    assert await transactions(shop) == connections + 1, "one for each that had its turn at once, one for the rest"
    assert await shop.vendor_balance() == TILLS * 700
    await shop.assert_reconciled()


async def test_each_is_judged_with_what_those_before_it_did(shop: Shop) -> None:
    wallet = await shop.customer()
    first, *rest = await shop.codes(wallet, TILLS, 1_000)
    tills = [await shop.terminal(name=f"till {number}") for number in range(TILLS)]
    for till in tills:
        assert (await till.upload(till.open_shift())).through == 1
    # All but the last pay with a code of their own; the last with the one that the last but one took.
    codes = [first, *rest[: TILLS - 2], rest[TILLS - 3]]
    receipts = await upload_at_once(
        shop, [(till, [till.pay(code, 900)[1]]) for till, code in zip(tills, codes, strict=True)]
    )
    *others, last = [receipt.results[0] for receipt in receipts]
    assert {answer.status for answer in others} == {SETTLED}
    assert last.status is FLAGGED
    assert Reason.CODE_SPENT.value in last.reasons
    assert await shop.vendor_balance() == (TILLS - 1) * 900
    await shop.assert_reconciled()


async def test_two_batches_of_one_till_follow_one_another(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), TILLS, 1_000)
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    mine = [till.pay(code, 500)[1] for code in codes[: TILLS - 1]]
    theirs = other.pay(codes[-1], 500)[1]
    receipts = await upload_at_once(shop, [*((till, [raw]) for raw in mine), (other, [theirs]), (till, mine)])
    assert [receipt.through for receipt in receipts if receipt.device == till.device][-1] == len(mine)
    assert all(answer.status is SETTLED for receipt in receipts for answer in receipt.results)
    assert await shop.vendor_balance() == TILLS * 500
    await shop.assert_reconciled()


async def test_what_cannot_be_written_takes_nobody_along(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), TILLS, 1_000)
    tills = [await shop.terminal(name=f"till {number}") for number in range(TILLS)]
    amounts = [600] * (TILLS - 1) + [666]
    uploads = [(till, [till.pay(code, amount)[1]]) for till, code, amount in zip(tills, codes, amounts, strict=True)]
    async with rejecting(shop.target, "NEW.amount = 666", "23514"):
        receipts = await upload_at_once(shop, uploads)
    assert [receipt.results[0].status for receipt in receipts] == [SETTLED] * (TILLS - 1) + [Status.REJECTED]
    assert await shop.vendor_balance() == (TILLS - 1) * 600


async def test_a_device_that_is_gone_takes_nobody_along(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), TILLS, 1_000)
    tills = [await shop.terminal(name=f"till {number}") for number in range(TILLS)]
    for till in tills:  # so that its keys are remembered
        await till.upload(till.open_shift())
    gone = tills[-1]
    bodies = [till.batch([till.pay(code, 600)[1]]) for till, code in zip(tills, codes, strict=True)]
    async with all_connections_busy(shop):
        sending = []
        for till, body in zip(tills, bodies, strict=True):
            sending.append(await waiting(shop, till.send(body)))
        await shop.services.pool.execute("UPDATE device_epoch SET epoch = 7 WHERE device = $1", uuid_of(gone.device))
    answers = await asyncio.gather(*sending)
    assert [answer.status_code for answer in answers[:-1]] == [200] * (TILLS - 1)
    assert answers[-1].status_code == 401
    assert await shop.vendor_balance() == (TILLS - 1) * 600

"""Batches that come at once, to one server or to two: each payment settles once, and every answer is the same."""

import asyncio
import os
import random
from collections import Counter

import pytest

from shared.lifecycles import Status
from shared.messages.receipt import RecordResult, open_receipt
from syncserver.database.connection import Connection
from syncserver.ledger.payables import fold_credits
from syncserver.registry.vendors import change_policy
from syncserver.sync.admission import UPLOADS_AT_ONCE
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.ledger.conftest import through
from tests.syncserver.processes import eventually, locked

pytestmark = pytest.mark.anyio

SETTLED, FLAGGED, FAILED, VOIDED = Status.SETTLED, Status.FLAGGED, Status.FAILED, Status.VOIDED


async def results(till: FakeTerminal, body: bytes) -> tuple[RecordResult, ...]:
    answer = await till.send(body)
    assert answer.status_code == 200, answer.text
    return open_receipt(answer.content, till.server_keys).results


async def allow_many_payments(shop: Shop) -> None:
    """Nothing is flagged for its number: what is flagged is flagged for its code."""
    await change_policy(shop.services, shop.vendor, {"rate_count": 1_000}, actor="test")


async def test_two_servers_that_take_in_the_same_batch_at_once_settle_it_once(shop: Shop, other_shop: Shop) -> None:
    await allow_many_payments(shop)
    wallet = await shop.customer(funds="400.00", offline="400.00")
    codes = [*await shop.codes(wallet, 10, 500), *await shop.codes(wallet, 10, 500)]
    till = await shop.terminal()
    for first in range(0, 20, 4):
        body = till.batch([till.pay(code, 100)[1] for code in codes[first : first + 4]])
        answers = await asyncio.gather(results(till, body), results(through(till, other_shop), body))
        assert answers[0] == answers[1]
        assert {result.status for result in answers[0]} == {SETTLED}
    assert await shop.vendor_balance() == 2_000
    await shop.assert_reconciled()


async def test_the_same_batch_a_thousand_times_at_once_settles_once(shop: Shop, other_shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 2)
    till = await shop.terminal()
    payment, raw = till.pay(codes[0], 100)
    body = till.batch([till.open_shift(), raw, till.pay(codes[1], 100)[1], till.void(payment)])
    room = asyncio.Semaphore(UPLOADS_AT_ONCE // 2)

    async def one(number: int) -> tuple[RecordResult, ...]:
        async with room:
            return await results(through(till, other_shop) if number % 2 else till, body)

    answers = await asyncio.gather(*(one(number) for number in range(1_000)))
    assert len(set(answers)) == 1
    assert [result.status for result in answers[0]] == [Status.RECORDED, SETTLED, SETTLED, Status.RECORDED]
    assert await shop.vendor_balance() == 100
    assert await shop.services.pool.fetchval("SELECT count(*) FROM payment") == 2
    await shop.assert_reconciled()


async def test_overlapping_batches_of_one_terminal_answer_each_record_alike(shop: Shop, other_shop: Shop) -> None:
    await allow_many_payments(shop)
    wallet = await shop.customer()
    codes = [*await shop.codes(wallet, 10, 500), *await shop.codes(wallet, 10, 500)]
    till = await shop.terminal()
    raws = [till.pay(code, 100)[1] for code in codes]
    spans = [(0, 12), (6, 20), (3, 9), (0, 20), (10, 15), (15, 20), (0, 1), (8, 20)]

    async def one(number: int, first: int, last: int) -> dict[bytes, RecordResult]:
        sender = through(till, other_shop) if number % 2 else till
        answers = await results(sender, till.batch(raws[first:last]))
        return dict(zip(raws[first:last], answers, strict=True))

    answered: dict[bytes, RecordResult] = {}
    for answers in await asyncio.gather(*(one(number, *span) for number, span in enumerate(spans))):
        for raw, answer in answers.items():
            assert answered.setdefault(raw, answer) == answer
    assert {answer.status for answer in answered.values()} == {SETTLED}
    assert len(answered) == 20
    assert await shop.vendor_balance() == 2_000
    await shop.assert_reconciled()


async def test_one_code_at_many_tills_at_once_settles_exactly_once(shop: Shop, other_shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, 1, 5_000)
    tills = [await shop.terminal() for _ in range(8)]
    answers = await asyncio.gather(
        *(
            results(through(till, other_shop) if number % 2 else till, till.batch([till.pay(code, 1_000)[1]]))
            for number, till in enumerate(tills)
        )
    )
    assert Counter(answer.status for (answer,) in answers) == {SETTLED: 1, FLAGGED: 7}
    assert {answer.reasons for (answer,) in answers if answer.status is FLAGGED} == {("CODE_SPENT",)}
    assert await shop.balances(wallet) == (5_000, 14_000, 0, 0)
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_payments_that_name_a_wallet_nobody_has_all_get_their_answer(shop: Shop, other_shop: Shop) -> None:
    """Their events are numbered without a row to lock: those that collide are tried again."""
    code, *_ = await shop.codes(await shop.customer(), 1)
    tills = [await shop.terminal() for _ in range(6)]
    answers = await asyncio.gather(
        *(
            results(
                through(till, other_shop) if number % 2 else till,
                till.batch([till.pay(code, 100, wallet="0000000000")[1] for _ in range(3)]),
            )
            for number, till in enumerate(tills)
        )
    )
    assert {(one.status, one.reasons) for answer in answers for one in answer} == {(FAILED, ("CODE_INVALID",))}
    numbers = await shop.services.pool.fetch("SELECT number FROM payment_event WHERE wallet = '0000000000' ORDER BY 1")
    assert [row["number"] for row in numbers] == list(range(1, 19))
    await shop.assert_reconciled()


async def test_many_tills_and_few_wallets_with_crossing_voids_come_out_even(shop: Shop, other_shop: Shop) -> None:
    await allow_many_payments(shop)
    draw = random.Random(7)  # noqa: S311 - a test's dice
    wallets = [await shop.customer() for _ in range(4)]
    codes = [code for wallet in wallets for code in await shop.codes(wallet, 10, 300)]
    tills = [await shop.terminal() for _ in range(6)]

    async def busy(number: int, till: FakeTerminal) -> list[RecordResult]:
        sender = through(till, other_shop) if number % 2 else till
        mine = draw.sample(codes, len(codes) // 2)
        answers: list[RecordResult] = []
        paid: list[bytes] = []
        for first in range(0, len(mine), 5):
            payments = [till.pay(code, draw.randint(1, 300)) for code in mine[first : first + 5]]
            voids = [till.void(payment) for payment in draw.sample(paid, min(2, len(paid)))]
            paid = [payment for payment, _ in payments]
            raws = [raw for _, raw in payments] + voids
            body = till.batch(raws)
            answers.extend(await results(sender, body))
            assert await results(till, body) == tuple(answers[-len(raws) :])
        return answers

    async def folds(server: Shop) -> None:
        async with server.services.pool.acquire() as connection:
            for _ in range(20):
                await fold_credits(connection, 7)

    every, *_ = await asyncio.gather(
        asyncio.gather(*(busy(number, till) for number, till in enumerate(tills))), folds(shop), folds(other_shop)
    )
    statuses = Counter(answer.status for answers in every for answer in answers)
    assert set(statuses) == {SETTLED, FLAGGED, Status.RECORDED}
    claimed = "SELECT count(*) FROM code WHERE state = 'claimed'"
    assert await shop.services.pool.fetchval(claimed) == statuses[SETTLED]
    await shop.assert_reconciled()
    in_hand = 0
    for wallet in wallets:
        in_hand += sum(await shop.balances(wallet))
    assert in_hand + await shop.vendor_balance() == 4 * 20_000


async def test_two_folders_at_once_add_every_credit_up_once(shop: Shop, other_shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, 10, 1_000)
    till = await shop.terminal()
    for code in codes:  # one credit a batch
        await till.upload(till.pay(code, 100)[1])

    async def fold(server: Shop) -> int:
        folded = 0
        async with server.services.pool.acquire() as connection:
            while found := await fold_credits(connection, 2):
                folded += found
        return folded

    assert sum(await asyncio.gather(*(fold(server) for server in (shop, other_shop) * 3))) == 10
    assert await shop.services.pool.fetchval("SELECT payable FROM vendor_balance") == 1_000
    assert await shop.services.pool.fetchval("SELECT count(*) FROM pending_credit") == 0
    await shop.assert_reconciled()


async def test_more_uploads_than_there_is_room_for_are_asked_to_come_back(shop: Shop, owner: Connection) -> None:
    wallet = await shop.customer()
    code, other = await shop.codes(wallet, 2)
    first, second = await shop.terminal(), await shop.terminal(name="till 2")  # one alone gets half of the room
    raws = {first.device: first.pay(code, 100)[1], second.device: second.pay(other, 100)[1]}
    bodies = [
        (till, till.batch([raws[till.device]], os.urandom(16)))
        for _ in range(UPLOADS_AT_ONCE // 2 + 3)
        for till in (first, second)
    ]
    async with locked(owner, "SELECT FROM wallet FOR UPDATE") as waiting:
        sending = [asyncio.create_task(till.send(body)) for till, body in bodies]
        await eventually(waiting)
        turned_away, still = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        while len(turned_away) < 6:
            more, still = await asyncio.wait(still, return_when=asyncio.FIRST_COMPLETED)
            turned_away |= more
        assert len(still) == UPLOADS_AT_ONCE
    for task in turned_away:
        answer = await task
        assert (answer.status_code, answer.json()["errorCode"]) == (503, "BUSY")
        assert answer.headers["retry-after"].isdecimal()
    assert {(await task).status_code for task in still} == {200}
    assert {answer.status for till, body in bodies for answer in await results(till, body)} == {SETTLED}
    assert await shop.vendor_balance() == 200
    await shop.assert_reconciled()

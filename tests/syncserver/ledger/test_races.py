"""Whatever moves one wallet's money at once, it always adds up; what can be done once is done once."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from shared.errors import TallystickError
from shared.geo import Place
from shared.keys import SigningKey
from shared.lifecycles import Status
from shared.messages.enrolment import prove_enrolment, to_base64url
from syncserver.database.connection import Connection
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.payments import views
from syncserver.payments.errors import NotFlaggedError
from syncserver.payments.review import review
from syncserver.registry import enrolment
from syncserver.services import Services
from syncserver.wallets import accounts, issuing, releasing
from syncserver.wallets.errors import UnknownSeriesError
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.ledger.conftest import through
from tests.syncserver.processes import eventually, locked

pytestmark = pytest.mark.anyio

FAR_AWAY = Place.from_degrees("59.1", "24.7536")
REFUSALS = (InsufficientFundsError, UnknownSeriesError)


async def test_of_reviews_at_once_exactly_one_decides(shop: Shop, other_shop: Shop) -> None:
    wallet = await shop.customer(home=FAR_AWAY)
    code, *_ = await shop.codes(wallet, 1, 5_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 1_000)
    assert (await till.result(raw)).status is Status.FLAGGED
    view = await views.find(shop.services, payment)

    async def decide(number: int) -> Status | None:
        server, approve = (shop, other_shop)[number % 2], number % 3 == 0
        try:
            decided = await review(
                server.services, view, approve=approve, reason="looked at it", actor=f"admin {number}"
            )
        except NotFlaggedError:
            return None
        return decided.status

    decisions = Counter(await asyncio.gather(*(decide(number) for number in range(8))))
    assert decisions.pop(None) == 7
    ((status, _),) = decisions.items()
    paid = 1_000 if status is Status.SETTLED else 0
    assert await shop.vendor_balance() == paid
    assert await shop.balances(wallet) == (5_000, 15_000 - paid, 0, 0)
    await shop.assert_reconciled()


async def test_a_review_and_a_void_at_once_pay_nobody_twice(shop: Shop, other_shop: Shop) -> None:
    wallet = await shop.customer(home=FAR_AWAY)
    codes = await shop.codes(wallet, 6, 1_000)
    till = await shop.terminal()
    for code in codes:
        payment, raw = till.pay(code, 1_000)
        await till.upload(raw)
        view = await views.find(shop.services, payment)
        void = till.void(payment)
        await asyncio.gather(
            through(till, other_shop).upload(void),
            review(shop.services, view, approve=True, reason=None, actor="admin"),
            return_exceptions=True,
        )
        assert (await views.find(shop.services, payment)).status is Status.VOIDED
    assert await shop.vendor_balance() == 0
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    await shop.assert_reconciled()


async def attempt(kind: Callable[[Shop], Awaitable[None]], server: Shop) -> str:
    """What came of it: done, or refused for a good reason."""
    try:
        await kind(server)
    except REFUSALS as refusal:
        return type(refusal).__name__
    return kind.__name__


async def test_everything_that_moves_one_wallets_money_at_once_adds_up(shop: Shop, other_shop: Shop) -> None:
    draw = random.Random(11)  # noqa: S311 - a test's dice
    wallet = await shop.customer(funds="200.00", offline="150.00")
    codes = await shop.codes(wallet, 8, 500)
    shop.clock.forward(73 * HOUR)  # they have expired, and in time their caps return
    tills = [await shop.terminal() for _ in range(2)]
    fresh = [code for _ in range(2) for code in await shop.codes(wallet, 4, 500)]
    shop.clock.forward(HOUR)
    await asyncio.gather(*(till.log_in() for till in tills))
    funded = 20_000

    async def fund(server: Shop) -> None:
        nonlocal funded
        await accounts.fund(server.services, wallet, "1.00", "test")
        funded += 100

    async def move(server: Shop) -> None:
        await accounts.move_offline(server.services, wallet, "30.00", "test", back=draw.random() < 0.5)

    async def issue(server: Shop) -> None:
        await issuing.issue(server.services, wallet, count=2, cap=1_500, actor="test")

    async def withdraw(server: Shop) -> None:
        await releasing.withdraw(server.services, draw.choice([*codes, *fresh]).series)

    async def expire(server: Shop) -> None:
        await releasing.expire(server.services)

    async def release(server: Shop) -> None:
        await releasing.release(server.services)

    async def pay(server: Shop) -> None:
        till = draw.choice(tills)
        raw = till.pay(draw.choice([*codes, *fresh]), draw.randint(1, 500))[1]
        await through(till, server).upload(raw)

    kinds = [fund, move, issue, withdraw, expire, release, pay, pay]
    for _ in range(3):
        work = [attempt(kind, server) for kind in kinds * 2 for server in (shop, other_shop)]
        draw.shuffle(work)
        done = Counter(await asyncio.gather(*work))
        assert done["pay"] == 8
        shop.clock.forward(60 * HOUR)
        await asyncio.gather(*(till.log_in() for till in tills))
        assert sum(await shop.balances(wallet)) + await shop.vendor_balance() == funded
        await shop.assert_reconciled()
    # In the end every hold is claimed or back.
    shop.clock.forward(200 * HOUR)
    await asyncio.gather(*(releasing.release(server.services) for server in (shop, other_shop)))
    assert (await shop.balances(wallet))[2] == 0
    await shop.assert_reconciled()


async def test_one_damaged_wallet_keeps_nobody_elses_caps(shop: Shop, owner: Connection) -> None:
    """A release that can't be booked is left for an admin; the others go on."""
    wallets = [await shop.customer() for _ in range(3)]
    for wallet in wallets:
        await shop.codes(wallet, 1, 1_000)
    await owner.execute("UPDATE wallet SET held = 0 WHERE wallet = $1", wallets[1])
    shop.clock.forward(2_000 * HOUR)
    assert await releasing.release(shop.services) == 2
    assert await releasing.release(shop.services) == 0
    assert await shop.balances(wallets[0]) == await shop.balances(wallets[2]) == (5_000, 15_000, 0, 0)
    await owner.execute("UPDATE wallet SET held = 1000 WHERE wallet = $1", wallets[1])
    assert await releasing.release(shop.services) == 1
    await shop.assert_reconciled()


async def test_of_two_keys_that_use_one_token_at_once_one_is_enrolled(shop: Shop, other_shop: Shop) -> None:
    token = await enrolment.make_token(shop.services, shop.vendor)

    async def enrol(server: Shop, key: SigningKey) -> tuple[int, str | None]:
        body = {
            "token": token,
            "publicKey": to_base64url(key.public_key),
            "proof": to_base64url(prove_enrolment(token, key)),
            "name": "till",
            "model": "test",
        }
        answer = await server.http.post("/api/devices/enrol", json=body)
        data = answer.json()["data"]
        return answer.status_code, data and data["deviceId"]

    keys = [SigningKey.from_seed(os.urandom(32)) for _ in range(2)]
    answers = await asyncio.gather(
        *(enrol(server, key) for key in keys for server in (shop, other_shop) for _ in range(2))
    )
    enrolled = {device for status, device in answers if status == 200}
    assert len(enrolled) == 1
    assert Counter(status for status, _ in answers) == {200: 4, 409: 4}
    assert await shop.services.pool.fetchval("SELECT count(*) FROM device") == 1


async def test_one_key_that_uses_two_tokens_at_once_is_enrolled_once(shop: Shop, other_shop: Shop) -> None:
    key = SigningKey.from_seed(os.urandom(32))

    async def enrol(server: Shop) -> str:
        token = await enrolment.make_token(server.services, shop.vendor)
        try:
            await enrolment.enrol(
                server.services,
                token=token,
                public_key=key.public_key,
                proof=prove_enrolment(token, key),
                name="till",
                model="test",
            )
        except TallystickError as error:
            return error.code
        return "enrolled"

    answers = Counter(await asyncio.gather(*(enrol(server) for server in (shop, other_shop) * 2)))
    assert answers["enrolled"] == 1
    assert len(answers) == 2
    assert await shop.services.pool.fetchval("SELECT count(*) FROM device") == 1


@pytest.mark.parametrize("closing", [releasing.expire, releasing.release])
async def test_closing_series_takes_the_clock_of_books_before_them(
    shop: Shop, owner: Connection, closing: Callable[[Services], Coroutine[Any, Any, int]]
) -> None:
    await shop.codes(await shop.customer(), hours=1)
    shop.clock.forward(2_000 * HOUR)
    async with locked(owner, "SELECT FROM book_clock FOR UPDATE") as waiting:
        task = asyncio.create_task(closing(shop.services))
        await eventually(waiting)
        # Whoever has the clock numbers series next: none of them is locked by one that waits for the clock.
        await owner.execute("SELECT FROM series FOR NO KEY UPDATE NOWAIT")
    assert await task == 1
    await shop.assert_reconciled()

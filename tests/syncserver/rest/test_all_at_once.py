"""Whatever is asked of one wallet at the same time, its money adds up."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest

from shared.ids import uuid_text
from syncserver.maintenance.rounds import one_round
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import customer, data, person
from tests.syncserver.rest.paying import FAR_AWAY, loosen, pay, seller
from tests.syncserver.rest.test_refunds import refund
from tests.syncserver.rest.test_review import decide

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(3))
async def test_the_money_of_a_busy_wallet_adds_up(shop: Shop, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test repeats
    await loosen(shop, rate_count=100)
    ada, wallet = await customer(shop)
    tills = [await shop.terminal(name=f"till {number}") for number in range(2)]
    codes = await shop.codes(wallet, 8, 500)
    clerk, admins = seller(shop), [person(shop, Role.ADMIN) for _ in range(2)]
    known: list[str] = []
    statuses: Counter[int] = Counter()
    for _ in range(3):
        asked: list[Awaitable[object]] = []
        for till in tills:
            payment, raw = till.pay(codes.pop(), dice.randrange(1, 500))
            known.append(uuid_text(payment))
            voids = [till.void(payment)] if dice.random() < 0.3 else []
            asked.append(till.upload(raw, *voids))
        for number in range(4):
            place: dict[str, Any] = {"place": {"lat": FAR_AWAY.lat, "lon": FAR_AWAY.lon}} if number % 2 else {}
            asked.append(pay(ada, dice.randrange(1, 1_500), **place))
        for payment_id in dice.sample(known, min(4, len(known))):
            asked += [refund(clerk, payment_id, dice.choice((None, 1, 200))), refund(admins[0], payment_id)]
            asked += [decide(admin, payment_id, dice.choice(("approve", "reject"))) for admin in admins]
        asked.append(ada.post(f"/api/wallets/transfer-to-offline/{ada.id}", {"amount": 100, "back": True}))
        asked.append(one_round(shop.services))
        dice.shuffle(asked)
        for answer in await asyncio.gather(*asked):
            statuses[getattr(answer, "status_code", 200)] += 1
        page = data(await ada.get(f"/api/transactions/history/{ada.id}"))
        known = [one["id"] for one in page["transactions"]]
        await shop.assert_reconciled()
    assert set(statuses) <= {200, 404, 409}
    assert sum(await shop.balances(wallet)) + await shop.vendor_balance() == 20_000

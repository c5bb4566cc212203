"""Everything at once on one wallet: nothing is done twice, and nothing is spent that is not there."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from shared.lifecycles import Status
from shared.messages.receipt import Receipt
from syncserver.maintenance.rounds import one_round
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import data
from tests.syncserver.rest.purse import codes_of, open_purse

pytestmark = pytest.mark.anyio


def outcome(answer: httpx.Response) -> str:
    """OK, or the code of an error."""
    return answer.json()["errorCode"] or "OK"


async def test_a_balance_that_is_enough_for_two_series_gives_two(shop: Shop) -> None:
    purse = await open_purse(shop)
    path = f"/api/wallets/issue-codes/{purse.owner.id}"
    answers = await asyncio.gather(*(purse.owner.post(path, {"count": 2, "cap": 3_000}) for _ in range(6)))
    assert Counter(map(outcome, answers)) == {"OK": 2, "INSUFFICIENT_BALANCE": 4}
    assert await purse.balances() == (5_000, 3_000, 12_000, 0)
    await shop.assert_reconciled()


async def test_a_series_is_withdrawn_by_one_of_many(shop: Shop) -> None:
    purse = await open_purse(shop)
    issued = await purse.issue(2, cap=1_000)
    path, asked = f"/api/wallets/withdraw-codes/{purse.owner.id}", {"series": issued["series"]}
    keys = ["same"] * 3 + ["other", "third"]
    answers = await asyncio.gather(*(purse.owner.post(path, asked, key=key) for key in keys))
    outcomes = Counter(map(outcome, answers))
    assert outcomes in ({"OK": 3, "UNKNOWN_SERIES": 2}, {"OK": 1, "UNKNOWN_SERIES": 4})
    assert len({str(data(answer)) for answer in answers if outcome(answer) == "OK"}) == 1
    await shop.assert_reconciled()


@pytest.mark.parametrize("attempt", range(3))
async def test_issue_move_withdraw_and_upload_at_once(shop: Shop, attempt: int) -> None:
    purse = await open_purse(shop)
    owner, services = purse.owner, shop.services
    issued = await purse.issue(4, cap=1_000)
    spent = codes_of(issued)
    till, foreign = purse.till, (await open_purse(shop)).till
    at_one = [purse.pay(code, 600)[1] for code in spent]
    purse.till = foreign
    at_other = [purse.pay(code, 700)[1] for code in spent[attempt:]]
    purse.till = till
    issue, move = f"/api/wallets/issue-codes/{owner.id}", f"/api/wallets/transfer-to-offline/{owner.id}"
    withdraw = f"/api/wallets/withdraw-codes/{owner.id}"
    work: list[Any] = []
    for number in range(4):
        work.append(owner.post(issue, {"count": 2, "cap": 2_000}, key="issue-same"))
        work.append(owner.post(issue, {"count": 1, "cap": 2_000}, key=f"issue-{number}"))
        work.append(owner.post(move, {"amount": 1_500, "back": True}, key=f"move-{number}"))
        work.append(owner.post(move, {"amount": 100}, key="move-same"))
        work.append(owner.post(withdraw, {"series": issued["series"]}, key=f"withdraw-{number % 2}"))
    for upload in (till.upload(*at_one), foreign.upload(*at_other), one_round(services)):
        work.insert((attempt + 1) * 5, upload)
    done = await asyncio.gather(*work)
    answers = [one for one in done if isinstance(one, httpx.Response)]
    assert {outcome(answer) for answer in answers} <= {"OK", "INSUFFICIENT_BALANCE", "UNKNOWN_SERIES"}
    shown = [data(answer) for answer in answers if outcome(answer) == "OK" and str(answer.request.url).endswith(issue)]
    same = [one for one in shown if len(one["codes"]) == 2]
    assert len({one["series"] for one in same}) <= 1
    assert sum(not one["alreadyShown"] for one in same) <= 1
    statuses = [result.status for one in done if isinstance(one, Receipt) for result in one.results]
    assert len(statuses) == len(at_one) + len(at_other)
    assert set(statuses) <= {Status.SETTLED, Status.FLAGGED}
    balances = await purse.balances()
    theirs = await purse.vendor_has()
    at_foreign = await shop.services.pool.fetchval(
        "SELECT coalesce(sum(amount), 0)::bigint FROM transfer WHERE wallet = $1 AND credit = 'vendor'", purse.wallet
    )
    assert sum(balances) + at_foreign == 20_000
    assert theirs <= at_foreign
    top = (await purse.lines(limit="1"))["lines"][0]["balances"]
    assert tuple(one["minor"] for one in top.values()) == balances
    await shop.assert_reconciled()


async def test_one_key_for_several_requests_at_once_does_one_of_them(shop: Shop) -> None:
    purse = await open_purse(shop)
    path = f"/api/wallets/issue-codes/{purse.owner.id}"
    answers = await asyncio.gather(
        *(purse.owner.post(path, {"count": 1, "cap": cap}, key="one") for cap in (1, 2, 3, 4))
    )
    assert Counter(map(outcome, answers)) == {"OK": 1, "IDEMPOTENCY_KEY_REUSED": 3}
    (issued,) = [data(answer) for answer in answers if outcome(answer) == "OK"]
    assert issued["alreadyShown"] is False
    held = issued["codes"][0]["cap"]["minor"]
    assert await purse.balances() == (5_000, 15_000 - held, held, 0)
    await shop.assert_reconciled()

"""A rogue till names a book whose limits were looser than those of today."""

import pytest

from shared.lifecycles import Status
from syncserver.registry.vendors import change_policy
from tests.syncserver.kit import HOUR, SECOND, Shop

pytestmark = pytest.mark.anyio


async def test_limits_that_were_replaced_for_longer_than_a_book_is_good_flag(shop: Shop) -> None:
    wallet = await shop.customer()
    await change_policy(shop.services, shop.vendor, {"payment_limit": 50_000}, actor="admin")
    till = await shop.terminal()
    loose = (await till.pull()).version
    await change_policy(shop.services, shop.vendor, {"payment_limit": 1_000}, actor="admin")
    strict = (await till.pull()).version
    codes = await shop.codes(wallet, count=5, cap=2_000, hours=200)
    # A till that has not heard of it yet is judged by what it knew.
    shop.clock.forward(24 * HOUR + 299 * SECOND)
    await till.log_in()
    answer = await till.result(till.pay(codes[0], 2_000, book=loose)[1])
    assert (answer.status, answer.reasons) == (Status.SETTLED, ())
    answer = await till.result(till.pay(codes[1], 2_000, book=strict)[1])
    assert (answer.status, answer.reasons) == (Status.FAILED, ("PAYMENT_LIMIT",))
    # After a day no honest till goes by them any more; what was taken before that still counts as it was.
    shop.clock.forward(2 * SECOND)
    answer = await till.result(till.pay(codes[1], 2_000, book=loose)[1])
    assert (answer.status, answer.reasons) == (Status.FLAGGED, ("STALE_BOOK",))
    before = shop.clock.now - 3 * HOUR
    answer = await till.result(till.pay(codes[2], 2_000, book=loose, at=before)[1])
    assert "STALE_BOOK" not in answer.reasons
    answer = await till.result(till.pay(codes[3], 1_000, book=strict)[1])
    assert answer.status is Status.SETTLED
    await shop.assert_reconciled()

"""A shop sees online payments and refunds beside what its tills took."""

import pytest

from shared.ids import uuid_text
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import customer, data
from tests.syncserver.rest.paying import flagged, pay, seller

pytestmark = pytest.mark.anyio


async def test_online_payments_and_refunds_are_sales_too(shop: Shop) -> None:
    ada, wallet = await customer(shop)
    clerk, path = seller(shop), f"/api/vendors/{uuid_text(shop.vendor)}"
    kept, part, whole = [data(await pay(ada, amount))["id"] for amount in ("5.00", "6.00", "7.00")]
    shop.clock.forward(1)
    waiting = await flagged(shop, "8.00", ada)
    shop.clock.forward(1)
    data(await clerk.post(f"/api/transactions/refund/{part}", {"amount": "1.50", "reason": "came back"}))
    shop.clock.forward(1)
    data(await clerk.post(f"/api/transactions/refund/{whole}", {"reason": "came back"}))
    sales = data(await clerk.get(f"{path}/sales"))["sales"]
    assert {one["payment"]: one["state"] for one in sales} == {
        kept: "settled",
        part: "settled",
        whole: "voided",
        waiting: "flagged",
    }
    assert len(sales) == 4
    assert {(one["device"], one["wallet"]) for one in sales} == {(None, "******" + wallet[-4:])}
    page = data(await clerk.get(f"{path}/statement"))
    assert [(one["cause"], one["amount"]["minor"], one["balance"]["minor"]) for one in page["lines"][:2]] == [
        ("refund", -700, 950),
        ("refund", -150, 1_650),
    ]
    assert (len(page["lines"]), page["owed"]["minor"]) == (5, 950)
    assert data(await clerk.get(f"{path}/exposure"))["flagged"]["minor"] == 800
    await shop.assert_reconciled()

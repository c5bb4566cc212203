"""What an admin decides about a flagged payment, and where its money comes from."""

import asyncio
from typing import Any

import pytest

from shared.errors import DecodingError
from shared.lifecycles import Status
from syncserver.maintenance.rounds import one_round
from syncserver.payments import views
from syncserver.payments.errors import AmbiguousPaymentError, NotFlaggedError, ReasonRequiredError, UnknownPaymentError
from syncserver.payments.review import review
from syncserver.registry import vendors
from syncserver.wallets import accounts
from tests.syncserver.kit import HOUR, FakeTerminal, Shop
from tests.syncserver.protocol.admin import decide, status, updates_of

pytestmark = pytest.mark.anyio


async def test_review_moves_the_amount_to_the_vendor_or_back_to_the_customer(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    (good, one), (bad, two) = (till.pay(code, 600, flags=("DISTANCE",)) for code in codes)
    await till.upload(one, two)
    assert await shop.balances(wallet) == (5_000, 13_800, 0, 1_200)
    assert await shop.vendor_balance() == 0
    assert await decide(shop, good, approve=True) == "settled"
    assert await shop.balances(wallet) == (5_000, 13_800, 0, 600)
    assert await shop.vendor_balance() == 600
    assert await decide(shop, bad, approve=False) == "failed"
    assert await shop.balances(wallet) == (5_000, 14_400, 0, 0)
    assert await shop.vendor_balance() == 600
    assert await updates_of(till) == {good: ("settled", ("DISTANCE",)), bad: ("failed", ("DISTANCE",))}
    await shop.assert_reconciled()
    for payment in (good, bad):
        for approve in (True, False):
            with pytest.raises(NotFlaggedError):
                await decide(shop, payment, approve=approve)
    described = await views.describe(shop.services, await views.find(shop.services, good))
    assert (described["status"], described["cap"], described["decidedBy"]) == ("settled", 1_000, "admin")
    assert [event["to"] for event in described["events"]] == ["FLAGGED", "SUCCESSFUL"]
    await shop.assert_reconciled()


async def test_only_flagged_payments_are_reviewed_and_rejections_say_why(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till = await shop.terminal()
    (settled, one), (failed, two), (flagged, three) = (
        till.pay(codes[0], 600),
        till.pay(codes[1], 1_001),
        till.pay(codes[2], 600, flags=("LATE",)),
    )
    await till.upload(one, two, three)
    for payment in (settled, failed):
        with pytest.raises(NotFlaggedError):
            await decide(shop, payment, approve=True)
    view = await views.find(shop.services, flagged)
    for reason in (None, "", " "):
        with pytest.raises(ReasonRequiredError):
            await review(shop.services, view, approve=False, reason=reason, actor="admin")
    with pytest.raises(DecodingError):
        await review(shop.services, view, approve=False, reason="\x00", actor="admin")
    with pytest.raises(UnknownPaymentError):
        await views.find(shop.services, b"\x00" * 16)
    assert await status(shop, flagged) == "flagged"
    await till.upload(till.void(flagged))
    with pytest.raises(NotFlaggedError):
        await decide(shop, flagged, approve=True)
    await shop.assert_reconciled()


async def test_two_admins_at_once_decide_once(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(code, 600, flags=("LATE",))
    await till.upload(raw)
    tries = await asyncio.gather(
        *(decide(shop, payment, approve=number % 2 == 0) for number in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, NotFlaggedError) for one in tries) == 3
    assert await shop.vendor_balance() + (await shop.balances(wallet))[1] == 15_000
    await shop.assert_reconciled()


async def test_an_id_in_two_wallets_needs_its_wallet(shop: Shop) -> None:
    till = await shop.terminal()
    wallets, ids = [await shop.customer(), await shop.customer()], set()
    payment: bytes | None = None
    for wallet in wallets:
        code, *_ = await shop.codes(wallet, count=1, cap=1_000)
        payment, raw = till.pay(code, 600, flags=("LATE",), **({"id": payment} if payment else {}))
        ids.add(payment)
        await till.upload(raw)
    assert payment is not None
    assert len(ids) == 1
    with pytest.raises(AmbiguousPaymentError):
        await decide(shop, payment, approve=True)
    assert await decide(shop, payment, approve=True, wallet=wallets[1]) == "settled"
    assert await status(shop, payment, wallets[0]) == "flagged"
    await shop.assert_reconciled()


async def spent_twice(shop: Shop, bearer: str, left: str | None) -> tuple[FakeTerminal, str, bytes]:
    """A code of 10.00 that two tills took for 6.00 each; the customer then has `left` online and nothing offline."""
    await vendors.change_policy(shop.services, shop.vendor, {"loss_bearer": bearer}, actor="admin")
    wallet = await shop.customer(funds="10.00", offline="10.00")
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    one, two = await shop.terminal(), await shop.terminal(name="till 2")
    await one.upload(one.pay(code, 600)[1])
    payment, raw = two.pay(code, 600)
    result = await two.result(raw)
    assert (result.status, result.reasons) == (Status.FLAGGED, ("CODE_SPENT",))
    assert await shop.balances(wallet) == (0, 400, 0, 0)
    if left is not None:
        await accounts.fund(shop.services, wallet, left, "test")
    return two, wallet, payment


@pytest.mark.parametrize(
    ("bearer", "left", "balances", "paid"),
    [
        ("vendor", "5.00", (300, 0, 0, 0), 600),  # 4.00 offline, then 2.00 online
        ("vendor", "1.50", (0, 0, 0, 0), 550),  # the vendor bears 0.50: it is not paid
        ("house", "1.50", (0, 0, 0, 0), 600),  # the house bears 0.50
        ("vendor", None, (0, 0, 0, 0), 400),
        ("house", None, (0, 0, 0, 0), 600),
    ],
)
async def test_a_second_claim_is_paid_from_offline_then_online_then_by_the_bearer(
    shop: Shop, bearer: str, left: str | None, balances: Any, paid: int
) -> None:
    till, wallet, payment = await spent_twice(shop, bearer, left)
    assert await decide(shop, payment, approve=True) == "settled"
    assert await shop.balances(wallet) == balances
    assert await shop.vendor_balance() == 600 + paid
    await shop.assert_reconciled()
    # A void gives back to each what it paid, but to the customer offline.
    await till.upload(till.void(payment))
    house = max(0, 200 - int(float(left or 0) * 100)) if bearer == "house" else 0
    assert await shop.vendor_balance() == 600
    assert sum(await shop.balances(wallet)) == sum(balances) + paid - house
    await shop.assert_reconciled()


async def test_a_rejected_second_claim_moves_nothing(shop: Shop) -> None:
    _, wallet, payment = await spent_twice(shop, "house", "1.00")
    assert await decide(shop, payment, approve=False) == "failed"
    assert await shop.balances(wallet) == (100, 400, 0, 0)
    assert await shop.vendor_balance() == 600
    await shop.assert_reconciled()


@pytest.mark.parametrize("approve", [True, False])
async def test_a_payment_after_the_release_of_its_code_moves_nothing_until_it_is_approved(
    shop: Shop, approve: bool
) -> None:
    wallet = await shop.customer(funds="20.00", offline="15.00")
    codes = await shop.codes(wallet, count=2, cap=500)
    till = await shop.terminal()
    payment, raw = till.pay(codes[0], 300)
    in_time = till.pay(codes[1], 200)[1]
    shop.clock.forward(72 * HOUR + 72 * HOUR - 1)
    await till.log_in()
    await one_round(shop.services)
    assert await shop.balances(wallet) == (500, 500, 1_000, 0)
    assert (await till.result(in_time)).reasons == ("LATE",)
    shop.clock.forward(1)
    await one_round(shop.services)
    assert await shop.balances(wallet) == (500, 1_300, 0, 200)
    result = await till.result(raw)
    assert (result.status, result.reasons) == (Status.FLAGGED, ("LATE",))
    assert await shop.balances(wallet) == (500, 1_300, 0, 200)
    await shop.assert_reconciled()
    await decide(shop, payment, approve=approve)
    assert await shop.balances(wallet) == (500, 1_000 if approve else 1_300, 0, 200)
    assert await shop.vendor_balance() == (300 if approve else 0)
    await shop.assert_reconciled()


async def test_a_released_code_is_flagged_whatever_the_policy_says(shop: Shop) -> None:
    changes = {"actions": {"LATE": "settle", "CLOCK": "settle"}}
    await vendors.change_policy(shop.services, shop.vendor, changes, actor="admin")
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=500)
    till = await shop.terminal()
    await till.pull()
    raw = till.pay(code, 300)[1]
    shop.clock.forward(144 * HOUR)
    await till.log_in()
    await one_round(shop.services)
    result = await till.result(raw)
    assert (result.status, result.reasons) == (Status.FLAGGED, ("LATE",))
    assert await shop.balances(wallet) == (5_000, 15_000, 0, 0)
    await shop.assert_reconciled()

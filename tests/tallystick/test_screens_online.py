"""The till's screens over a real server: refunds, and a shift that is closed with a link."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from terminal.clock import Clock, Random
from terminal.sync import Pace
from tests.tallystick.test_settled_at_once import Till, till  # noqa: F401 - a fixture
from tests.terminal.sync.fake_server import fail, lose_answer, refuse_connection
from tests.terminal.ui.kit import Screen, till_app

pytestmark = pytest.mark.anyio

REFUNDS = "/api/sync/refunds"
# Syncs when a test says so, and never by itself.
_WHEN_ASKED = Pace(first_spread=10.0**9)


@dataclass(frozen=True)
class _Place:
    home: Path
    clock: Clock
    dice: Random = os.urandom


@asynccontextmanager
async def screens(till: Till, *, settle_seconds: float = 0.0) -> AsyncIterator[Screen]:  # noqa: F811 - the fixture's name
    place = _Place(till.home, till.clock)
    async with till_app(place, transport=till.wire, settle_seconds=settle_seconds, pace=_WHEN_ASKED) as screen:
        await screen.until(lambda: bool(screen.app.standing.link), "the link")
        yield screen


async def to_its_payment(screen: Screen) -> None:
    await screen.on("SaleScreen")
    await screen.type("f2")
    await screen.on("HistoryScreen")
    await screen.sees("12.50")
    await screen.type("enter")
    await screen.on("PaymentScreen")
    await screen.sees("SETTLED", "taken (owner)")


async def ask_for(screen: Screen, amount: str) -> None:
    await screen.type("r")
    await screen.on("RefundScreen")
    await screen.write(amount)
    await screen.type("enter")
    await screen.on("ReasonScreen")
    await screen.type("1")
    await screen.on("ApprovalScreen")
    await screen.type("plus")
    await screen.on("PaymentScreen")


async def test_a_payment_is_given_back_in_parts_on_the_screen(till: Till) -> None:  # noqa: F811 - the fixture
    payment = (await till.sell())["payment"]
    wallet = till.code.wallet
    before = (await till.shop.balances(wallet))[0]
    async with screens(till) as screen:
        await to_its_payment(screen)
        await ask_for(screen, "400")
        await screen.sees("Refunded 4.00 EUR; 4.00 EUR of this payment in all.", "refunded, 4.00 EUR (owner)")
        assert (await till.shop.balances(wallet))[0] == before + 4_00
        await screen.type("r")
        await screen.on("RefundScreen")
        await screen.sees("8.50 EUR can be given back")
        await screen.write("900")
        await screen.type("enter")
        await screen.sees("Only 8.50 EUR can be given back.")
        await screen.type("escape")
        await screen.sees("Nothing was refunded.")
        await ask_for(screen, "")
        await screen.sees("Refunded 8.50 EUR; 12.50 EUR of this payment in all.")
    assert await till.state_there(payment) == "REVERSED"
    assert await till.shop.vendor_balance() == 0
    await till.sync()


@pytest.mark.parametrize("made", [True, False])
async def test_a_refund_that_was_not_answered_is_asked_again_from_its_payment(
    till: Till,  # noqa: F811 - the fixture
    made: bool,
) -> None:
    await till.sell()
    till.wire.fault_on = REFUNDS
    wallet = till.code.wallet
    before = (await till.shop.balances(wallet))[0]
    async with screens(till) as screen:
        await to_its_payment(screen)
        till.wire.faults.append(lose_answer if made else fail)
        await ask_for(screen, "400")
        await screen.sees("it is made once", "refund asked for, not answered yet, 4.00 EUR")
        assert "Refund  " not in screen.text().splitlines()[-1]
        await screen.type("r")
        await screen.sees("so it can't be cancelled")  # and another is asked for once this one is known
        await screen.type("a")
        await screen.sees("Refunded 4.00 EUR; 4.00 EUR of this payment in all.", "refunded, 4.00 EUR (owner)")
        assert (await till.shop.balances(wallet))[0] == before + 4_00
    await till.sync()


async def test_the_queue_tells_of_it_and_asks_again(till: Till) -> None:  # noqa: F811 - the fixture
    await till.sell()
    till.wire.fault_on = REFUNDS
    async with screens(till) as screen:
        await to_its_payment(screen)
        till.wire.faults.append(lose_answer)
        await ask_for(screen, "")
        await screen.sees("it is made once")
        await screen.type("f3")
        await screen.on("QueueScreen")
        await screen.sees("Refund of 12.50 EUR to ******", "not answered.", "so it can't be cancelled", "Ask again")
        till.wire.faults.append(fail)
        await screen.type("a")
        await screen.sees("may have made this refund")
        await screen.type("a")
        await screen.sees("Refunded 12.50 EUR; 12.50 EUR of this payment in all.")
        await screen.until(lambda: "not answered." not in screen.text(), "it is gone from the queue")
        assert "Ask again" not in screen.text()
    assert await till.shop.vendor_balance() == 0
    await till.sync()


async def test_what_surely_never_left_the_till_waits_for_nothing(till: Till) -> None:  # noqa: F811 - the fixture
    await till.sell()
    till.wire.fault_on = REFUNDS
    async with screens(till) as screen:
        await to_its_payment(screen)
        till.wire.faults.append(refuse_connection)
        await ask_for(screen, "400")
        await screen.sees("Nothing was asked;")
        assert "not answered yet" not in screen.text()
        await ask_for(screen, "500")
        await screen.sees("Refunded 5.00 EUR; 5.00 EUR of this payment in all.")
    await till.sync()


async def test_with_a_link_a_shift_is_synced_before_it_closes_and_nothing_is_carried_forward(
    till: Till,  # noqa: F811 - the fixture
) -> None:
    async with screens(till) as screen:
        await screen.on("ShiftOpenScreen")
        await screen.write("10000")
        await screen.type("enter")
        await screen.on("SaleScreen")
        await screen.write("1250")
        await screen.type("enter")
        await screen.until(lambda: screen.field("wallet").display, "the wallet")
        await screen.write(till.code.wallet)
        await screen.type("enter")
        await screen.write(till.code.code)
        await screen.type("enter")
        await screen.on("VerdictScreen")
        await screen.sees("not yet settled")
        await screen.type("enter")
        await screen.on("SaleScreen")
        await screen.type("f4")
        await screen.on("ShiftScreen")
        await screen.sees("X REPORT")
        await screen.type("plus")
        await screen.on("ConfirmScreen")
        await screen.sees("1 payment, 12.50 EUR", "nothing is carried forward")
        assert await till.shop.vendor_balance() == 12_50
        await screen.type("plus")
        await screen.sees("Z REPORT", "12.50 EUR")
        await screen.until(
            lambda: screen.app.standing.status is not None and not screen.app.standing.status.queue.records,
            "the close is synced, too",
        )
        await screen.type("escape")
        await screen.on("ShiftOpenScreen")
    with anyio.fail_after(20):
        await till.sync()

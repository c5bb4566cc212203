"""A refund from a real terminal of a real server: the money moves once, and both halves know it."""

import pytest

from shared.ids import uuid_bytes
from shared.money import Money
from terminal.composition import Terminal
from terminal.sync import Refunded
from terminal.sync.errors import RefundRefusedError
from tests.tallystick.test_settled_at_once import Till, till  # noqa: F401 - a fixture
from tests.terminal.shop import NO_APPROVAL

pytestmark = pytest.mark.anyio


async def give_back(till: Till, payment: str, minor: int | None) -> Refunded:  # noqa: F811 - the fixture's name
    amount = None if minor is None else Money(minor, "EUR")

    def work(terminal: Terminal) -> Refunded:
        return terminal.refund(uuid_bytes(payment), amount, NO_APPROVAL, "one was broken")

    done = await till.do(work)
    assert isinstance(done, Refunded)
    return done


async def test_a_sale_is_given_back_at_its_till_in_parts(till: Till) -> None:  # noqa: F811 - the fixture
    payment = (await till.sell())["payment"]
    wallet = till.code.wallet
    before = (await till.shop.balances(wallet))[0]
    first = await give_back(till, payment, 4_00)
    assert (first.amount.minor, first.refunded.minor, first.whole) == (4_00, 4_00, False)
    assert (await till.shop.balances(wallet))[0] == before + 4_00
    with pytest.raises(RefundRefusedError):
        await give_back(till, payment, 8_51)
    rest = await give_back(till, payment, None)
    assert (rest.amount.minor, rest.refunded.minor, rest.whole) == (8_50, 12_50, True)
    assert await till.state_there(payment) == "REVERSED"
    assert await till.shop.vendor_balance() == 0
    report = await till.do(lambda terminal: terminal.till.reports.report())
    assert (report.refunds.count, report.refunds.total.minor) == (2, 12_50)
    await till.sync()

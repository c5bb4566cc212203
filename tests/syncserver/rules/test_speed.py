"""How fast a customer would have travelled, whatever else they paid meanwhile."""

import pytest

from shared.geo import Place
from syncserver.registry import vendors
from tests.syncserver.kit import HOUR, SECOND, TALLINN, Shop

pytestmark = pytest.mark.anyio

FAR = Place(TALLINN.lat - 100_000_000, TALLINN.lon + 100_000_000)
# So that no rate is exceeded.
APART = 65 * SECOND


@pytest.mark.parametrize("here_before", [4, 30, 31, 40])
async def test_a_distant_payment_is_seen_behind_any_number_of_nearer_ones(shop: Shop, here_before: int) -> None:
    await vendors.change_policy(shop.services, shop.vendor, {"radius_m": 30_000_000}, device=None, actor="admin")
    wallet = await shop.customer(funds="1000.00", offline="1000.00")
    codes = [code for _ in range(5) for code in await shop.codes(wallet, count=10, cap=100)]
    here, far = await shop.terminal(), await shop.terminal(place=FAR, name="far")
    far.book = (await here.pull()).version
    start = shop.clock.now
    shop.clock.forward(HOUR)
    for till in (here, far):
        await till.log_in()
    distant = await far.result(far.pay(codes[0], 1, at=start)[1])
    assert distant.reasons == ()
    first = start + 60 * SECOND
    before = [here.pay(code, 1, at=first + n * APART)[1] for n, code in enumerate(codes[1 : 1 + here_before])]
    assert {result.reasons for result in (await here.upload(*before)).results} == {("SPEED",)}
    last = await here.result(here.pay(codes[-1], 1, at=first + here_before * APART)[1])
    assert last.reasons == ("SPEED",)
    await shop.assert_reconciled()

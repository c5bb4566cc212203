"""What admins change reaches the tills before it costs an honest sale."""

import pytest

from shared.errors import MoneyError
from shared.policy import Policy
from syncserver.registry import vendors
from syncserver.registry.errors import UnknownCashierError, UnknownDeviceError
from syncserver.wallets import accounts
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio


async def test_a_blocked_vendors_tills_learn_to_refuse_with_their_next_book(shop: Shop) -> None:
    till = await shop.terminal()
    assert (await till.pull()).policy.payment_limit == Policy().payment_limit
    await vendors.block_vendor(shop.services, shop.vendor, blocked=True)
    assert (await till.pull(till.book)).policy.payment_limit == 0
    await vendors.block_vendor(shop.services, shop.vendor, blocked=False)
    assert (await till.pull(till.book)).policy.payment_limit == Policy().payment_limit


async def test_a_changed_radius_makes_the_terminals_begin_their_books_anew(shop: Shop) -> None:
    till = await shop.terminal()
    before = (await till.pull()).generation
    await vendors.change_policy(shop.services, shop.vendor, {"radius_m": 5_000}, actor="test")
    assert (await till.pull()).generation == before + 1


async def test_a_restored_server_makes_every_terminal_begin_anew(shop: Shop) -> None:
    till = await shop.terminal()
    before = (await till.pull()).generation
    await vendors.start_all_books_over(shop.services)
    assert (await till.pull()).generation == before + 1


async def test_looking_at_limits_changes_nothing(shop: Shop) -> None:
    before = await shop.services.pool.fetchval("SELECT version FROM book_clock")
    assert await vendors.change_policy(shop.services, shop.vendor, {}, actor="test") == Policy()
    assert await shop.services.pool.fetchval("SELECT version FROM book_clock") == before
    assert await shop.services.pool.fetchval("SELECT count(*) FROM policy") == 0


async def test_limits_of_another_vendors_terminal_are_refused(shop: Shop) -> None:
    other = await vendors.add_vendor(
        shop.services, name="Other", place=(await vendors.read_vendor(shop.services, shop.vendor)).place, currency="EUR"
    )
    till = await shop.terminal()
    with pytest.raises(UnknownDeviceError):
        await vendors.change_policy(shop.services, other, {"payment_limit": 1}, device=till.device, actor="test")


async def test_a_cashier_who_left_is_in_no_book(shop: Shop) -> None:
    till = await shop.terminal()
    await vendors.add_cashier(shop.services, shop.vendor, cashier="ada", name="Ada", role="cashier", pin="482915")
    assert [cashier.id for cashier in (await till.pull()).cashiers] == ["ada"]
    await vendors.remove_cashier(shop.services, shop.vendor, "ada")
    assert (await till.pull(till.book)).cashiers == ()
    with pytest.raises(UnknownCashierError):
        await vendors.remove_cashier(shop.services, shop.vendor, "ada")


async def test_a_wallet_holds_no_more_than_any_message_can_name(shop: Shop) -> None:
    wallet = await shop.customer(funds="90071992547409.91", offline="1.00")
    with pytest.raises(MoneyError):
        await accounts.fund(shop.services, wallet, "0.01", "test")
    await shop.assert_reconciled()

"""Reconciling finds every kind of damage, and nothing where there is none."""

import pytest

from shared.geo import Place
from shared.money import Money
from syncserver.database.connection import Connection
from syncserver.maintenance.rounds import one_round
from syncserver.payments import online, refunds, views
from syncserver.payments.review import review
from syncserver.reconcile.checks import MEANINGS, QUERIES, reconcile
from syncserver.shifts.deciding import Order, decide
from syncserver.shifts.decisions import Action
from syncserver.shifts.writing_off import write_off
from tests.syncserver.kit import Shop
from tests.syncserver.payouts.kit import back, open_office, out

pytestmark = pytest.mark.anyio

FAR_AWAY = Place.from_degrees("59.1", "24.7536")
PARIS = Place.from_degrees("48.8566", "2.3522")

# By check: what a hand in the database, a defect or a bad disk might do, each of it alone.
DAMAGE = {
    "wallet_balances": [
        "UPDATE wallet SET online = online + 1",
        "UPDATE wallet SET offline = offline + 1",
        "UPDATE transfer SET amount = amount + 1 WHERE cause = 'move'",
        "DELETE FROM transfer WHERE cause = 'funding'",
        "DELETE FROM wallet",
    ],
    "vendor_balances": [
        "UPDATE vendor_balance SET payable = payable + 1",
        "INSERT INTO pending_credit SELECT wallet, 99, vendor, 1, currency FROM payment LIMIT 1",
        "DELETE FROM vendor_balance",
    ],
    "currencies": ["UPDATE transfer SET currency = 'USD' WHERE cause = 'move'", "UPDATE vendor SET currency = 'USD'"],
    "double_spends": [
        "UPDATE payment_event SET before = 'PROCESSING' WHERE before = 'FLAGGED' AND after = 'SUCCESSFUL'",
    ],
    "codes": [
        "UPDATE code SET payment = gen_random_uuid() WHERE state = 'claimed'",
        "UPDATE code SET payment = NULL, state = 'issued' WHERE state = 'claimed'",
        "UPDATE payment SET claimed = false",
        "DELETE FROM code",
    ],
    "states": [
        "UPDATE payment SET state = 'FAILED' WHERE state = 'SUCCESSFUL'",
        "UPDATE payment SET state = 'SUCCESSFUL' WHERE state = 'REVERSED'",
        "DELETE FROM payment_event",
    ],
    "events": [
        "DELETE FROM payment_event WHERE number = 1",
        "UPDATE payment_event SET before = 'FAILED' WHERE number = 1",
        "UPDATE payment_event SET number = number + 100",
    ],
    "counters": [
        "UPDATE wallet SET events = events + 1",
        "UPDATE wallet SET transfers = transfers + 1",
        "UPDATE wallet SET last_paid_at = 1",
    ],
    "holds": [
        "UPDATE code SET cap = cap + 1 WHERE state = 'issued'",
        "UPDATE code SET state = 'released' WHERE state = 'issued'",
        "UPDATE wallet SET held = held + 1",
    ],
    "reviews": [
        "UPDATE payment SET amount = amount + 1 WHERE state = 'FLAGGED' AND claimed",
        "UPDATE payment SET amount = amount + 1 WHERE state = 'FLAGGED' AND channel = 'online'",
        "UPDATE wallet SET review = review + 1",
    ],
    "settlements": [
        "DELETE FROM transfer WHERE cause = 'claim' AND credit = 'vendor'",
        "UPDATE transfer SET amount = amount + 1 WHERE cause = 'approve'",
        "UPDATE payment SET amount = amount - 1 WHERE state = 'SUCCESSFUL'",
        "DELETE FROM transfer WHERE cause = 'void'",
        "DELETE FROM transfer WHERE cause = 'pay' AND credit = 'vendor'",
        "DELETE FROM transfer WHERE cause = 'refund' AND amount = 300",
        "UPDATE transfer SET amount = 500 WHERE cause = 'refund' AND amount = 100",
        "UPDATE transfer SET cause = 'void' WHERE cause = 'refund' AND amount = 100",
    ],
    "refunds": [
        "DELETE FROM refund WHERE number = 1",
        "DELETE FROM refund WHERE number = 2",
        "UPDATE refund SET number = 3 WHERE number = 2",
        "UPDATE refund SET to_customer = to_customer + 1",
        "UPDATE refund SET to_house = 1",
        "DELETE FROM transfer WHERE cause = 'refund'",
        "UPDATE transfer SET credit = 'offline' WHERE cause = 'refund'",
        "UPDATE payment SET amount = 299 WHERE channel = 'online' AND state = 'REVERSED'",
        "INSERT INTO refund SELECT wallet, payment, 1, 1, 0, 'none', 'nobody', 0 FROM payment WHERE state = 'FLAGGED'",
    ],
    "causes": ["DELETE FROM payment", "DELETE FROM series"],
    "fundings": [
        "UPDATE transfer SET actor = 'admin 1' WHERE cause = 'funding'",
        "INSERT INTO cash_receipt SELECT 'R-1', wallet, 99, 1, currency, gen_random_uuid(), 0 FROM wallet LIMIT 1",
        (
            "INSERT INTO cash_receipt SELECT 'R-1', wallet, number, amount + 1, currency, gen_random_uuid(), 0"
            "  FROM transfer WHERE cause = 'funding' LIMIT 1"
        ),
        (
            "INSERT INTO cash_receipt SELECT 'R-1', wallet, number, amount, currency, gen_random_uuid(), 0"
            "  FROM transfer WHERE cause = 'move' LIMIT 1"
        ),
    ],
    "payouts": [
        "UPDATE payout SET amount = amount + 1",
        "UPDATE payout SET state = 'paid' WHERE state = 'sent'",
        "UPDATE payout SET state = 'failed' WHERE state = 'paid'",
        "UPDATE payout SET state = 'sent' WHERE state = 'returned'",
        "UPDATE payout SET vendor = gen_random_uuid()",
        "DELETE FROM vendor_transfer WHERE cause = 'paid'",
        "UPDATE vendor_transfer SET amount = amount + 1 WHERE cause = 'payout_back'",
        "DELETE FROM payout WHERE state = 'paid'",
    ],
    "clearing": [
        "UPDATE vendor_transfer SET credit = 'clearing', cause = 'payout', debit = 'vendor' WHERE cause = 'paid'",
        "UPDATE payout SET state = 'returned' WHERE state = 'sent'",
    ],
    "payout_events": [
        "DELETE FROM payout_event WHERE after = 'sent'",
        "UPDATE payout_event SET before = 'failed' WHERE after = 'paid'",
        "UPDATE payout SET events = events + 1",
        "UPDATE payout SET state = 'cancelled' WHERE state = 'paid'",
    ],
    "payout_counters": [
        "UPDATE vendor_balance SET transfers = transfers + 1",
        "DELETE FROM vendor_transfer WHERE number = 1",
    ],
    "payout_entries": [
        "UPDATE payout SET end_to_end = 'TP' || payout",
        "UPDATE bank_entry SET amount = amount + 1 WHERE payout IS NOT NULL",
        "UPDATE payout SET state = 'sent' WHERE state = 'paid'",
        "UPDATE bank_entry SET payout = gen_random_uuid() WHERE payout IS NOT NULL AND credit",
        "DELETE FROM bank_entry WHERE payout IS NOT NULL",
    ],
    "payout_files": [
        "DELETE FROM payout_file",
        "UPDATE payout_file SET file = 'x', sha256 = sha256('x')",
        "UPDATE payout_run SET method = 'by_hand'",
        "UPDATE payout SET state = 'approved' WHERE state = 'sent'",
    ],
    "journals": ["UPDATE journal_record SET prev = link WHERE seq = 2"],
    "records": [
        "UPDATE journal_record SET raw = set_byte(raw, 70, get_byte(raw, 70) # 1)",
        "UPDATE fork_record SET raw = raw || '\\x00'",
        "UPDATE journal_record SET link = prev",
    ],
    "heads": [
        "UPDATE device_epoch SET head = public_key",
        "UPDATE device_epoch SET ranges = '[[1, 99]]'",
        "DELETE FROM journal_record WHERE seq = 2",
    ],
    "answers": [
        "DELETE FROM journal_record WHERE type = 'payment'",
        "DELETE FROM fork_record",
        "DELETE FROM payment WHERE state = 'FAILED'",
        "DELETE FROM payment WHERE EXISTS (SELECT FROM fork_record f WHERE f.link = payment.link)",
    ],
    "shifts": [
        "UPDATE shift SET total = total + 1 WHERE state = 'closed'",
        "UPDATE shift SET count = count + 1 WHERE state = 'closed'",
        "UPDATE shift SET total = total + 1 WHERE state = 'reconciled' AND total = 0",
    ],
    "write_offs": [
        "DELETE FROM write_off",
        "UPDATE write_off SET amount = amount + 1",
        "DELETE FROM vendor_transfer WHERE cause = 'write_off'",
        "UPDATE vendor_transfer SET amount = amount + 1 WHERE cause = 'write_off'",
        "UPDATE shift_decision SET done = false, after = before WHERE action = 'write_off'",
        "UPDATE shift SET total = 1 WHERE state = 'reconciled' AND total > 0",
    ],
    "decisions": [
        "DELETE FROM shift_decision",
        "UPDATE shift_decision SET number = 2",
        "UPDATE shift SET state = 'closed', reconciled_at = NULL WHERE state = 'reconciled'",
        "UPDATE shift SET state = 'reconciled', reconciled_at = 1 WHERE state = 'closed'",
        "DELETE FROM shift WHERE state = 'reconciled'",
    ],
}


async def a_day_in_the_shop(shop: Shop) -> None:
    """Payments of every fate, a code taken twice, a fork, and shifts, one of them reconciled."""
    near, far = await shop.customer(), await shop.customer(home=FAR_AWAY)
    codes, far_codes = await shop.codes(near), await shop.codes(far, 3)
    one, two, three = await shop.terminal(), await shop.terminal(), await shop.terminal()
    voided, voided_raw = one.pay(codes[1], 500)
    await one.upload(
        one.open_shift(),
        one.pay(codes[0], 1_000)[1],
        voided_raw,
        one.void(voided),
        one.pay(codes[2], codes[2].cap + 1)[1],
        one.close_shift(2, 1_000 + codes[2].cap + 1),
    )
    second, second_raw = two.pay(codes[0], 700)
    rejected, rejected_raw = two.pay(far_codes[1], 300)
    await two.upload(two.open_shift(), second_raw, two.pay(far_codes[0], 400)[1], rejected_raw)
    for payment, approve in ((second, True), (rejected, False)):
        await review(
            shop.services,
            await views.find(shop.services, payment),
            approve=approve,
            reason=None if approve else "denied",
            actor="test",
        )
    # Two records for one seq: the other half of a fork.
    fork = three.payment(codes[4], 200)
    await three.upload(three.pay(codes[3], 100)[1])
    await three.upload(three.add(fork))
    four = await shop.terminal()
    await four.upload(four.open_shift(), four.close_shift(0, 0))
    order = Order(action=Action.RECONCILE, device=four.device, shift=four.shift, actor="test")
    async with shop.services.pool.acquire() as connection, connection.transaction():
        await decide(connection, shop.services, order)
    five = await shop.terminal()
    opening = five.open_shift()
    five.add(five.payment(codes[4], 150))
    await five.upload(opening, five.close_shift(1, 150))
    lost = Order(action=Action.WRITE_OFF, device=five.device, shift=five.shift, reason="lost", actor="test")
    async with shop.services.pool.acquire() as connection, connection.transaction():
        await write_off(connection, shop.services, lost)
    await pay_online(shop, near)
    await one_round(shop.services)
    await pay_out(shop, near)


async def pay_out(shop: Shop, wallet: str) -> None:
    """Payouts: one that the bank paid, one that came back, and one that it has not answered yet."""
    async with open_office(shop, wallet) as office:
        paid, returned = await office.sent(), None
        await office.told(out(paid))
        for _ in range(2):
            await office.sell(250)
            one = await office.sent()
            if returned is None:
                returned = one
                await office.told(out(returned), back(returned))


async def pay_online(shop: Shop, wallet: str) -> None:
    """Online payments: one that is flagged, one of which a part is refunded, and one that is refunded in two parts."""
    async with shop.services.pool.acquire() as connection, connection.transaction():
        for amount, place, parts in ((200, PARIS, ()), (500, None, (100,)), (400, None, (300, None))):
            money = Money(amount, "EUR")
            order = online.Order(wallet, shop.vendor, money, place, "test")
            payment = await online.pay(connection, shop.services, order)
            for part in parts:
                refund = await refunds.prepare(connection, wallet, payment, part)
                await refunds.carry_out(connection, shop.services, refund, reason="test", actor="test")


async def found(connection: Connection) -> set[str]:
    """The checks that find something."""
    return {check for check, statement in QUERIES.items() if await connection.fetch(statement)}


async def test_every_check_finds_its_damage(shop: Shop, owner: Connection) -> None:
    await a_day_in_the_shop(shop)
    counts = await owner.fetch("SELECT state, count(*) FROM payment GROUP BY state ORDER BY state")
    assert [tuple(row) for row in counts] == [("FAILED", 2), ("FLAGGED", 3), ("REVERSED", 2), ("SUCCESSFUL", 6)]
    assert await owner.fetchval("SELECT count(*) FROM fork_record") == 1
    assert set(DAMAGE) == set(QUERIES) == set(MEANINGS)
    assert await found(owner) == set()
    for check, statements in DAMAGE.items():
        for statement in statements:
            damage = owner.transaction()
            await damage.start()
            tag = await owner.execute(statement)
            assert tag.split()[-1] != "0", f"damages nothing: {statement}"
            assert check in await found(owner), statement
            await damage.rollback()
    await shop.assert_reconciled()


async def test_a_finding_names_its_check_and_shows_the_row(shop: Shop, owner: Connection) -> None:
    wallet = await shop.customer()
    await owner.execute("UPDATE wallet SET online = online + 1")
    (finding,) = (await reconcile(shop.services)).findings
    assert (finding.check, finding.meaning) == ("wallet_balances", MEANINGS["wallet_balances"])
    assert finding.row == {"wallet": wallet, "account": "online", "balance": 5_001, "entries": 5_000}

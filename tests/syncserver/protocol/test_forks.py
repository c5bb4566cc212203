"""Two records for one place: both are kept, the device is quarantined, and no money goes to the vendor unseen."""

import os
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from shared import cbor, cose, journal
from shared.codes import KdfParameters
from shared.journal import ShiftOpen
from shared.keys import SigningKey
from shared.lifecycles import DeviceState, Status
from shared.messages.receipt import RecordResult
from syncserver.registry import quarantine
from tests.shared.samples import DEVICE, vector
from tests.syncserver.kit import Code, FakeTerminal, Shop
from tests.syncserver.protocol.admin import decide, listed, state_of
from tests.syncserver.protocol.signing import altered, damaged

pytestmark = pytest.mark.anyio

FORK = ("FORK",)


async def prepared(shop: Shop, count: int = 3) -> tuple[FakeTerminal, list[Code], str]:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=count, cap=1_000)
    return await shop.terminal(), codes, wallet


def branch(till: FakeTerminal) -> FakeTerminal:
    """The same terminal, going on from where it is apart from itself: what a copied disk does."""
    return replace(till)


async def pull_status(shop: Shop, till: FakeTerminal) -> int:
    return (await shop.http.get("/api/sync/book", headers=till.headers)).status_code


async def test_other_bytes_at_a_seq_are_both_kept_and_the_newcomers_money_waits(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy = branch(till)
    first = till.pay(codes[0], 500)[1]
    payment, newcomer = copy.pay(codes[1], 600)
    await till.upload(first)
    receipt = await copy.upload(newcomer)
    assert receipt.results == (RecordResult(1, payment, Status.FLAGGED, FORK),)
    assert (receipt.through, receipt.head) == (1, till.prev)
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.services.pool.fetchval("SELECT raw FROM journal_record") == first
    assert await shop.services.pool.fetchval("SELECT raw FROM fork_record") == newcomer
    assert await shop.balances(wallet) == (5_000, 12_900, 1_000, 600)
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()
    assert (await copy.upload(newcomer, first)).results == (
        RecordResult(1, payment, Status.FLAGGED, FORK),
        RecordResult(1, (await till.upload(first)).results[0].id, Status.SETTLED),
    )
    assert await decide(shop, payment, approve=True) == "settled"
    assert (await copy.result(newcomer)).status is Status.FLAGGED
    assert await shop.balances(wallet) == (5_000, 12_900, 1_000, 0)
    assert await shop.vendor_balance() == 1_100
    await shop.assert_reconciled()


async def test_a_fork_within_one_batch_is_one_too(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy = branch(till)
    first, newcomer = till.pay(codes[0], 500)[1], copy.pay(codes[1], 600)[1]
    after = till.pay(codes[2], 700)[1]
    receipt = await till.upload(first, newcomer, after)
    assert [result.status for result in receipt.results] == [Status.SETTLED, Status.FLAGGED, Status.FLAGGED]
    assert [result.reasons for result in receipt.results] == [(), FORK, FORK]
    assert receipt.through == 2
    assert await shop.balances(wallet) == (5_000, 12_000 + 1_200, 0, 1_300)
    await shop.assert_reconciled()


async def test_a_prev_that_contradicts_the_record_before_is_a_fork_in_its_place(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    await till.upload(till.open_shift())
    payment, raw = till.pay(codes[0], 500, prev=os.urandom(32))
    receipt = await till.upload(raw)
    assert receipt.results == (RecordResult(2, payment, Status.FLAGGED, FORK),)
    assert (receipt.through, receipt.head) == (2, journal.link_of(raw))
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert (await till.upload(raw)).results == receipt.results
    assert await shop.balances(wallet) == (5_000, 12_500, 2_000, 500)
    await shop.assert_reconciled()


async def test_another_genesis_is_a_fork(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    other = await shop.terminal(name="till 2")
    payment, raw = till.pay(codes[0], 500, prev=other.prev)
    assert await till.result(raw) == RecordResult(1, payment, Status.FLAGGED, FORK)
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.balances(wallet) == (5_000, 12_500, 2_000, 500)
    await shop.assert_reconciled()


async def test_a_link_that_contradicts_the_prev_of_a_later_record_is_a_fork(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy = branch(till)
    till.open_shift()
    await till.upload(till.pay(codes[0], 500)[1])
    assert await state_of(shop, till) is DeviceState.INCOMPLETE
    payment, newcomer = copy.pay(codes[1], 600)
    receipt = await copy.upload(newcomer)
    assert receipt.results == (RecordResult(1, payment, Status.FLAGGED, FORK),)
    assert (receipt.through, receipt.missing) == (2, ())
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.balances(wallet) == (5_000, 12_900, 1_000, 600)
    await shop.assert_reconciled()


async def test_a_newcomer_that_another_rule_fails_has_failed(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy = branch(till)
    await till.upload(till.open_shift())
    payment, raw = copy.pay(codes[0], 1_001)
    assert await copy.result(raw) == RecordResult(1, payment, Status.FAILED, ("FORK", "OVER_CAP"))
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.balances(wallet) == (5_000, 12_000, 3_000, 0)
    await shop.assert_reconciled()


async def test_a_newcomer_that_is_no_payment_is_recorded_without_effect(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    payment, raw = till.pay(codes[0], 500)
    copy = branch(till)
    await till.upload(raw, till.open_shift())
    void = copy.void(payment)
    recorded = RecordResult(2, None, Status.RECORDED, FORK)
    assert await copy.result(void) == recorded
    opening, closing = copy.open_shift(), copy.close_shift(9, 9)
    results = (await copy.upload(opening, closing, void)).results
    assert results[0] == RecordResult(3, None, Status.RECORDED, FORK)  # its prev is the newcomer
    assert results[2] == recorded
    assert await shop.services.pool.fetchval("SELECT count(*) FROM void") == 0
    assert await shop.services.pool.fetchval("SELECT count(*) FROM shift WHERE opened_seq = 3") == 0
    assert await shop.balances(wallet) == (5_000, 12_500, 2_000, 0)
    assert await shop.vendor_balance() == 500
    await quarantine.release(shop.services, till.device, "admin")
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()


async def test_a_refused_newcomer_quarantines_all_the_same(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    for bad in ("refused", "duplicate"):
        till = await shop.terminal(name=bad)
        payment, raw = till.pay(codes.pop(), 500)
        await till.upload(raw)
        copy = replace(till, seq=0, prev=os.urandom(32))
        newcomer = copy.payment(Code(wallet, os.urandom(16), 0, "00000000", 1, "", KdfParameters(1, 8)), 1, id=payment)
        if bad == "refused":
            other, reasons = altered(copy, newcomer, amount=0), ("BAD_RECORD",)
        else:
            other, reasons = copy.add(newcomer), ("DUPLICATE_ID",)
        result = await copy.result(other)
        assert result == RecordResult(1, payment, Status.REJECTED, reasons)
        assert await state_of(shop, till) is DeviceState.QUARANTINED
        assert await copy.result(other) == result
        assert await shop.services.pool.fetchval("SELECT count(*) FROM fork_record WHERE raw = $1", other) == 1
        await shop.assert_reconciled()
    assert await shop.vendor_balance() == 1_000


async def test_a_refused_fork_with_a_place_of_its_own_stays_marked_after_the_quarantine(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    for name, changes in {"by its prev": {}, "by its link": {"seq": 1}}.items():
        till = await shop.terminal(name=name)
        opening = till.open_shift()
        if name == "by its prev":
            await till.upload(opening)
        else:
            await till.upload(till.open_shift())
        strange = changed(till.payment(code, 1), seq=changes.get("seq", 2), prev=os.urandom(32))
        assert (await till.result(altered(till, strange, amount=0))).reasons == ("BAD_RECORD",)
        assert await state_of(shop, till) is DeviceState.QUARANTINED
        await shop.assert_reconciled()
        await quarantine.release(shop.services, till.device, "admin")
        await shop.assert_reconciled()


async def test_forged_bytes_are_no_fork(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    record = till.payment(codes[0], 500)
    raw = till.add(record)
    await till.upload(raw)
    forged = damaged(altered(till, record, amount=999))
    signed = cose.parse(raw)
    rewrapped = b"\xd2" + cbor.encode([signed.protected, {}, signed.payload, signed.signature[::-1]])
    receipt = await till.upload(damaged(raw), forged, rewrapped)
    assert {result.reasons for result in receipt.results} == {("BAD_SIGNATURE",)}
    assert await state_of(shop, till) is DeviceState.ENROLLED
    assert await shop.balances(wallet) == (5_000, 12_500, 2_000, 0)
    await shop.assert_reconciled()


async def test_another_signature_over_the_same_payload_is_a_fork_where_a_record_vouches_for_it(shop: Shop) -> None:
    # The link covers the signature: two of them are two records.
    till, codes, wallet = await prepared(shop)
    record = till.payment(codes[0], 500)
    raw = till.add(record)
    await till.upload(raw)
    till.prev = journal.link_of(damaged(raw))
    receipt = await till.upload(damaged(raw), till.open_shift())
    assert receipt.results[0] == RecordResult(1, record.id, Status.REJECTED, ("DUPLICATE_ID",))
    assert receipt.results[1] == RecordResult(2, None, Status.RECORDED, FORK)
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.balances(wallet) == (5_000, 12_500, 2_000, 0)
    await shop.assert_reconciled()


async def test_the_fork_of_the_vectors_is_a_fork_here(shop: Shop) -> None:
    till, _codes, wallet = await prepared(shop)
    # The vectors' device, in this server's books.
    pool, device = shop.services.pool, till.device
    key = SigningKey.from_seed(vector("device_seed"))
    connection = await shop.target.connect_owner()
    await connection.execute(
        "UPDATE device_epoch SET kid = $1, public_key = $2, head = $3", key.kid, key.public_key, vector("genesis")
    )
    for table in ("device", "device_epoch"):
        await connection.execute(f"UPDATE {table} SET device = encode($1, 'hex')::uuid", DEVICE)  # noqa: S608
    await connection.close()
    assert device != DEVICE
    till.device, till.key = DEVICE, key
    await till.log_in()
    opening = vector("records", 0, "cose")
    stored, newcomer = vector("fork", "stored"), vector("fork", "newcomer")
    await till.upload(opening)
    first = await till.result(stored)
    second = await till.result(newcomer)
    # Nobody has this wallet here, so both fail; what matters is where they stand.
    assert (first.status, first.reasons) == (Status.FAILED, ("CODE_INVALID",))
    assert second.reasons == ("DUPLICATE_ID",)
    assert await pool.fetchval("SELECT raw FROM fork_record") == newcomer
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.balances(wallet) == (5_000, 12_000, 3_000, 0)
    await shop.assert_reconciled()


async def test_a_quarantined_device_uploads_and_its_new_payments_wait_for_an_admin(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    settled, raw = till.pay(codes[0], 500)
    copy = branch(till)
    await till.upload(raw)
    assert await pull_status(shop, till) == 200
    till.open_shift()
    await copy.upload(copy.open_shift())
    await till.upload(till.add(ShiftOpen(**(till.common() | {"seq": 1}), opening_float=3)))
    till.seq, till.prev = copy.seq, copy.prev
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    answer = await shop.http.get("/api/sync/book", headers=till.headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "PULL_REFUSED")
    payment, raw = till.pay(codes[1], 600)
    assert await till.result(raw) == RecordResult(3, payment, Status.FLAGGED, FORK)
    assert await shop.balances(wallet) == (5_000, 12_900, 1_000, 600)
    # Its voids wait, whether their payment settled before or is flagged now.
    receipt = await till.upload(till.void(settled), till.void(payment))
    assert {result.status for result in receipt.results} == {Status.RECORDED}
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()
    assert await quarantine.release(shop.services, till.device, "admin") == 2
    assert await shop.vendor_balance() == 0
    assert await shop.balances(wallet) == (5_000, 14_000, 1_000, 0)
    await shop.assert_reconciled()
    assert (await listed(shop, till)).state is DeviceState.ENROLLED
    updates = {update.id: update.status for update in (await till.pull()).updates}
    assert updates == {settled: Status.VOIDED, payment: Status.VOIDED}
    assert (await till.result(till.pay(codes[2], 700)[1])).status is Status.SETTLED
    await shop.assert_reconciled()


async def test_a_void_that_waited_still_waits_where_its_payment_comes_in_quarantine(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy = branch(till)
    till.open_shift()
    payment, raw = till.pay(codes[0], 500)
    await till.upload(till.void(payment))
    await till.upload(copy.open_shift(1), copy.add(changed(copy.payment(codes[1], 1), seq=1, prev=os.urandom(32))))
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    held = await shop.balances(wallet)
    assert (await till.result(raw)).status is Status.FLAGGED
    assert (await shop.balances(wallet))[3] == held[3] + 500
    await shop.assert_reconciled()
    assert await quarantine.release(shop.services, till.device, "admin") == 1
    assert (await shop.balances(wallet))[3] == held[3]
    await shop.assert_reconciled()


async def test_a_void_of_what_never_came_waits_on_after_the_quarantine(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy = branch(till)
    await till.upload(till.open_shift())
    await copy.upload(copy.open_shift(1))
    payment, raw = till.pay(codes[0], 500)
    await till.upload(till.void(payment))
    assert await quarantine.release(shop.services, till.device, "admin") == 0
    assert (await till.result(raw)).status is Status.VOIDED
    assert await shop.balances(wallet) == (5_000, 13_000, 2_000, 0)
    await shop.assert_reconciled()


async def test_a_released_device_answers_its_fork_as_before_and_is_quarantined_by_a_new_one(shop: Shop) -> None:
    till, codes, wallet = await prepared(shop)
    copy, third = branch(till), branch(till)
    await till.upload(till.open_shift())
    newcomer = copy.pay(codes[0], 500)[1]
    first = await copy.upload(newcomer)
    await quarantine.release(shop.services, till.device, "admin")
    assert (await copy.upload(newcomer)).results == first.results
    assert await state_of(shop, till) is DeviceState.ENROLLED
    await third.upload(third.pay(codes[1], 600)[1])
    assert await state_of(shop, till) is DeviceState.QUARANTINED
    assert await shop.balances(wallet) == (5_000, 12_900, 1_000, 1_100)
    await shop.assert_reconciled()

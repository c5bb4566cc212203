"""What makes a code good for a payment: its wallet, series, index, proof, cap, currency and time."""

import os
from typing import Any

import pytest
from msgspec.structs import replace

from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from syncserver.maintenance.rounds import one_round
from syncserver.registry import vendors
from syncserver.wallets import releasing
from tests.syncserver.kit import HOUR, SECOND, TALLINN, Shop

pytestmark = pytest.mark.anyio

INVALID = ("CODE_INVALID",)


async def test_only_the_right_code_for_exactly_this_payment_is_good(shop: Shop) -> None:
    wallet, neighbour = await shop.customer(), await shop.customer()
    code, second = await shop.codes(wallet, count=2, cap=1_000)
    theirs, *_ = await shop.codes(neighbour, count=1, cap=1_000)
    till = await shop.terminal()
    payment = till.payment(code, 500)
    wrong: dict[str, dict[str, Any]] = {
        "unknown series": {"series": os.urandom(16)},
        "unknown index": {"index": 2},
        "the largest index": {"index": 2**53 - 1},
        "another index": {"index": 1},
        "another's wallet": {"wallet": neighbour},
        "another's series": {"series": theirs.series},
        "another's wallet and series": {"wallet": neighbour, "series": theirs.series},
        "a wallet that nobody has": {"wallet": "0000000000"},
        "no proof": {"proof": bytes(32)},
        "another amount": {"amount": 501},
        "a smaller amount": {"amount": 499},
        "another time": {"at": payment.at + 1},
        "another id": {"id": os.urandom(16)},
    }
    raws = [till.add(replace(till.payment(code, 500), **changes)) for changes in wrong.values() if "at" not in changes]
    later = till.payment(code, 500)
    raws.append(till.add(replace(later, at=later.at + 1)))
    raws.append(till.pay(code, 500, typed="00000000")[1])
    raws.append(till.pay(code, 500, typed=second.code)[1])
    receipt = await till.upload(*raws)
    for name, result in zip([*wrong, "typed wrong", "another code"], receipt.results, strict=True):
        assert (result.status, result.reasons) == (Status.FAILED, INVALID), name
    other = await shop.terminal(name="till 2")
    stolen = other.payment(code, 500)
    assert (await other.result(other.add(replace(stolen, proof=payment.proof, id=payment.id)))).reasons == INVALID
    assert await shop.balances(wallet) == (5_000, 13_000, 2_000, 0)
    assert await shop.balances(neighbour) == (5_000, 14_000, 1_000, 0)
    assert await shop.vendor_balance() == 0
    assert (await till.result(till.pay(code, 500)[1])).status is Status.SETTLED
    await shop.assert_reconciled()


async def test_an_invalid_code_is_not_held_against_its_cap_or_its_first_claim(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    await till.upload(till.pay(code, 500)[1])
    assert (await till.result(till.pay(code, 1_500, typed="00000000")[1])).reasons == INVALID
    assert (await till.result(till.pay(code, 1_500)[1])).reasons == ("CODE_SPENT", "OVER_CAP")
    assert await shop.balances(wallet) == (5_000, 14_500, 0, 0)
    await shop.assert_reconciled()


async def test_a_cap_holds_to_the_cent(shop: Shop) -> None:
    wallet = await shop.customer()
    one, two = await shop.codes(wallet, count=2, cap=1_000)
    till = await shop.terminal()
    payment, raw = till.pay(one, 1_000)
    assert await till.result(raw) == RecordResult(1, payment, Status.SETTLED)
    result = await till.result(till.pay(two, 1_001)[1])
    assert (result.status, result.reasons) == (Status.FAILED, ("OVER_CAP",))
    assert await shop.balances(wallet) == (5_000, 13_000, 1_000, 0)
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_payment_wallet_and_vendor_are_of_one_currency(shop: Shop) -> None:
    euros, crowns = await shop.customer(), await shop.customer(currency="SEK")
    code, *_ = await shop.codes(euros, count=1, cap=1_000)
    foreign, *_ = await shop.codes(crowns, count=1, cap=1_000)
    till = await shop.terminal()
    in_crowns = await till.result(till.pay(code, 500, currency="SEK")[1])  # the proof says EUR
    assert (in_crowns.status, in_crowns.reasons) == (Status.FAILED, ("CODE_INVALID", "CURRENCY"))
    of_crowns = await till.result(till.pay(foreign, 500)[1])
    assert (of_crowns.status, of_crowns.reasons) == (Status.FAILED, ("CURRENCY",))
    shop.vendor = await vendors.add_vendor(shop.services, name="Elsewhere", place=TALLINN, currency="SEK")
    abroad = await shop.terminal()
    assert (await abroad.result(abroad.pay(code, 500)[1])).reasons == ("CURRENCY",)
    assert await shop.balances(euros) == (5_000, 14_000, 1_000, 0)
    assert await shop.balances(crowns) == (5_000, 14_000, 1_000, 0)
    await shop.assert_reconciled()


async def test_codes_are_good_to_their_last_millisecond_by_when_they_were_taken(shop: Shop) -> None:
    wallet = await shop.customer()
    one, two, three = await shop.codes(wallet, count=3, cap=1_000, hours=1)
    till = await shop.terminal()
    end = shop.clock.now + HOUR
    shop.clock.forward(2 * HOUR)
    await till.log_in()
    last, late = till.pay(one, 500, at=end)[1], till.pay(two, 500, at=end + 1)[1]
    receipt = await till.upload(last, late)
    assert [result.reasons for result in receipt.results] == [(), INVALID]
    # By its own clock it is early enough; by the ticks since then it is not.
    turned = till.pay(three, 500, at=end, tick=till.tick(end + 1))[1]
    assert (await till.result(turned)).reasons == INVALID
    # In another boot there is nothing but its own clock.
    other_boot = till.pay(three, 500, at=end, tick=1, boot=os.urandom(16))[1]
    assert (await till.result(other_boot)).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 13_000, 1_000, 0)
    await one_round(shop.services)
    assert await shop.balances(wallet) == (5_000, 13_000, 1_000, 0)
    await shop.assert_reconciled()


async def test_expired_codes_are_claimed_by_what_was_taken_in_time(shop: Shop) -> None:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000, hours=1)
    till = await shop.terminal()
    raw = till.pay(code, 500)[1]
    shop.clock.forward(HOUR + SECOND)
    await one_round(shop.services)
    assert await shop.services.pool.fetchval("SELECT state FROM code") == "expired"
    await till.log_in()
    assert (await till.result(raw)).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 14_500, 0, 0)
    await shop.assert_reconciled()


async def test_when_is_never_before_the_issue_or_after_the_upload(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=4, cap=1_000)
    till = await shop.terminal()
    issued, now = shop.clock.now, shop.clock.now
    tolerance = 300 * SECOND
    times = {
        "long before its issue": (0, issued - tolerance),
        "just within the tolerance": (issued - tolerance + 1, issued - tolerance + 1),
        "after the upload": (now + 1, now),
    }
    for code, (at, when) in zip(codes, times.values(), strict=False):
        payment, raw = till.pay(code, 100, at=at, boot=os.urandom(16), tick=0)
        await till.upload(raw)
        taken = await shop.services.pool.fetchval(
            "SELECT taken_at FROM payment WHERE payment = encode($1, 'hex')::uuid", payment
        )
        assert taken == when
    await shop.assert_reconciled()


async def test_a_withdrawn_code_fails_where_the_till_could_know_and_is_flagged_where_not(shop: Shop) -> None:
    wallet = await shop.customer()
    till = await shop.terminal()
    before = (await till.pull()).version
    codes = await shop.codes(wallet, count=4, cap=1_000)
    await releasing.withdraw(shop.services, codes[0].series)
    after = (await till.pull()).version
    assert after > before
    withdrawn = await shop.services.pool.fetchval("SELECT withdrawn_version FROM series")
    cases = (
        (withdrawn - 1, "flagged", ("CODE_WITHDRAWN",)),
        (withdrawn, "failed", INVALID),
        (after, "failed", INVALID),
    )
    for code, (book, status, reasons) in zip(codes, cases, strict=False):
        result = await till.result(till.pay(code, 100, book=book)[1])
        assert (result.status.value, result.reasons) == (status, reasons), book
    # A voucher names no book.
    result = await till.result(till.pay(codes[3], 100, book=0)[1])
    assert (result.status.value, result.reasons) == ("flagged", ("CODE_WITHDRAWN",))
    assert await shop.balances(wallet) == (5_000, 11_000 + 1_800, 2_000, 200)
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()

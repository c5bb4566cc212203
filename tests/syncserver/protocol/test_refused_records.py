"""Records that sections 2 to 4 refuse, from a device that is really enrolled: each answered by itself, none settled."""

import itertools
import os
from typing import Any

import cbor2
import pytest
from msgspec.structs import replace

from shared import cbor, cose, journal
from shared.cose import Kind
from shared.journal import Payment, Record
from shared.keys import SigningKey
from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from tests.shared.samples import VECTORS
from tests.syncserver.kit import Code, FakeTerminal, Shop
from tests.syncserver.protocol.signing import TAG, altered, payload_of, sign, spliced, wrapped

pytestmark = pytest.mark.anyio

BIGNUM = cbor2.CBORTag(2, b"\x01\x00\x00\x00\x00\x00\x00\x00\x00")
NEVER_USED = SigningKey.from_seed(b"\x13" * 32)


async def prepared(shop: Shop) -> tuple[FakeTerminal, Code, str]:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=3_000)
    return await shop.terminal(), code, wallet


async def assert_untouched(shop: Shop, wallet: str) -> None:
    assert await shop.balances(wallet) == (5_000, 12_000, 3_000, 0)
    assert await shop.vendor_balance() == 0
    assert await shop.services.pool.fetchval("SELECT count(*) FROM payment") == 0
    await shop.assert_reconciled()


def test_every_refused_record_of_the_vectors_has_its_like_here() -> None:
    assert set(VECTORS["rejected"]) <= {*FIELDS, *UNREADABLE, "another device", "another epoch"} | OF_ANOTHER_SIGNATURE


NEEDED = (
    "type",
    "at",
    "tick",
    "boot",
    "shift",
    "cashier",
    "id",
    "wallet",
    "series",
    "index",
    "proof",
    "amount",
    "currency",
    "lat",
    "lon",
    "book",
    "flags",
)

# What is wrong with a payment's fields, while its place in the chain can be read.
FIELDS: dict[str, dict[str, Any]] = {
    "float amount": {"amount": 1_250.0},
    "amount 0": {"amount": 0},
    "amount 2^53": {"amount": 2**53},
    "amount beyond 64 bits": {"amount": 2**64},
    "negative amount": {"amount": -1},
    "amount as a bignum": {"amount": BIGNUM},
    "amount as a bool": {"amount": True},
    "amount as a text": {"amount": "1250"},
    "amount as null": {"amount": cbor2.undefined},
    "control character": {"cashier": "a\x07a"},
    "a control character of Latin-1": {"cashier": "a\x85a"},
    "a text of 129 bytes": {"cashier": "a" * 129},
    "cashier as bytes": {"cashier": b"ada"},
    "latitude": {"lat": 900_000_001},
    "latitude below": {"lat": -900_000_001},
    "longitude": {"lon": 1_800_000_001},
    "latitude as a float": {"lat": 59.437},
    "unknown type": {"type": "refund"},
    "type in capitals": {"type": "PAYMENT"},
    "type as bytes": {"type": b"payment"},
    "17 flags": {"flags": ["DISTANCE"] * 17},
    "flags as a text": {"flags": "DISTANCE"},
    "a flag that is no text": {"flags": [1]},
    "a flag with a control character": {"flags": ["A\x00"]},
    "negative time": {"at": -1},
    "time 2^53": {"at": 2**53},
    "negative tick": {"tick": -1},
    "a float tick": {"tick": 1.0},
    "a boot of 15 bytes": {"boot": b"\x00" * 15},
    "a shift of 17 bytes": {"shift": b"\x00" * 17},
    "a proof of 31 bytes": {"proof": b"\x00" * 31},
    "an id of 15 bytes": {"id": b"\x00" * 15},
    "a series as text": {"series": "0192f0c1-a000-7000-8000-00000000c001"},
    "negative index": {"index": -1},
    "index as a bool": {"index": False},
    "a wallet of 9 digits": {"wallet": "202611210"},
    "a wallet of other digits": {"wallet": "٢٠٢٦١١٢١٠٨"},
    "a currency in small letters": {"currency": "eur"},
    "a currency of four letters": {"currency": "EURO"},
    "negative book": {"book": -1},
    "a sale of 15 bytes": {"sale": b"\x00" * 15},
    "a date for a time": {"at": cbor2.CBORTag(0, "2026-11-21T12:00:00Z")},
    **{f"without {name}": {name: None} for name in NEEDED},
}


async def test_a_refused_field_leaves_a_record_its_place_in_the_chain(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    raws, ids = [], []
    for changes in FIELDS.values():
        record = till.payment(code, 1_250)
        raws.append(raw := altered(till, record, **changes))
        ids.append(record.id)
        till.seq, till.prev = record.seq, journal.link_of(raw)
    receipt = await till.upload(*raws)
    for (name, changes), raw, payment, result, seq in zip(
        FIELDS.items(), raws, ids, receipt.results, itertools.count(1), strict=False
    ):
        has_id = "id" not in changes and changes.get("type", "payment") == "payment" and "type" not in changes
        expected = RecordResult(seq, payment if has_id else None, Status.REJECTED, ("BAD_RECORD",))
        assert result == expected, name
        stored = await shop.services.pool.fetchval("SELECT raw FROM journal_record WHERE seq = $1", seq)
        assert stored == raw, name
    assert (receipt.through, receipt.head, receipt.missing) == (len(FIELDS), till.prev, ())
    again = await till.upload(*raws)
    assert again.results == receipt.results
    await assert_untouched(shop, wallet)


async def test_invalid_utf_8_leaves_a_record_its_place_in_the_chain(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    record = till.payment(code, 1_250)
    raw = sign(till, spliced(record, lambda data: data.replace(b"\x63ada", b"\x63a\xffa")))
    receipt = await till.upload(raw)
    assert receipt.results == (RecordResult(1, record.id, Status.REJECTED, ("BAD_RECORD",)),)
    assert (receipt.through, receipt.head) == (1, journal.link_of(raw))
    await assert_untouched(shop, wallet)


async def test_other_types_of_record_are_refused_by_their_own_fields(shop: Shop) -> None:
    till, _code, wallet = await prepared(shop)
    opening = journal.ShiftOpen(**till.common(), opening_float=1)
    closing = journal.ShiftClose(**till.common(), count=0, total=0, currency="EUR")
    void = journal.Void(**till.common(), payment=os.urandom(16), reason="r", approver="a")
    cases: list[tuple[Record, dict[str, Any]]] = [
        *((opening, {"float": value}) for value in (-1, 1.5, 2**53, None, BIGNUM)),
        *((closing, {"count": value}) for value in (-1, 0.0, 2**53, None, True)),
        *((closing, {"total": value}) for value in (-1, 2**53, None)),
        (closing, {"currency": "eur"}),
        *((void, {"payment": value}) for value in (b"\x00" * 15, None, "x")),
        *((void, {"reason": value}) for value in ("\n", "x" * 129, None, b"r")),
        (void, {"approver": None}),
    ]
    raws = []
    for record, changes in cases:
        raws.append(raw := altered(till, replace(record, seq=till.seq + 1, prev=till.prev), **changes))
        till.seq, till.prev = till.seq + 1, journal.link_of(raw)
    receipt = await till.upload(*raws)
    for seq, (case, result) in enumerate(zip(cases, receipt.results, strict=True), start=1):
        assert result == RecordResult(seq, None, Status.REJECTED, ("BAD_RECORD",)), case
    assert receipt.through == len(cases)
    assert await shop.services.pool.fetchval("SELECT count(*) FROM void") == 0
    assert await shop.services.pool.fetchval("SELECT count(*) FROM shift") == 0
    await assert_untouched(shop, wallet)


def unreadable(till: FakeTerminal, record: Payment) -> dict[str, bytes]:
    """Authentic records whose place in the chain can't be read."""
    payload = payload_of(record)
    data = journal.encode_record(record)
    as_list = [item for pair in payload.items() for item in pair]
    return {
        "trailing byte": sign(till, data + b"\x00"),
        "indefinite map": sign(till, b"\xbf" + data[1:] + b"\xff"),
        "duplicate key": sign(till, bytes([data[0] + 1]) + data[1:] + cbor.encode("amount") + b"\x01"),
        "duplicate seq": sign(till, bytes([data[0] + 1]) + data[1:] + cbor.encode("seq") + b"\x01"),
        "an indefinite text inside": sign(till, data.replace(b"\x63ada", b"\x7f\x63ada\xff")),
        "an array": sign(till, cbor.encode(as_list)),
        "an integer": sign(till, b"\x01"),
        "nothing": sign(till, b""),
        "a map in a tag": sign(till, b"\xc1" + data),
        "cut off": sign(till, data[:-1]),
        **{
            f"seq {value!r}": altered(till, record, seq=value)
            for value in (0, -1, 1.0, 2**53, BIGNUM, True, "1", None, cbor2.undefined)
        },
        **{f"prev {value!r}": altered(till, record, prev=value) for value in (b"\x00" * 31, "", None, 1)},
        **{f"device {value!r}": altered(till, record, device=value) for value in ("", None, 1)},
        **{f"epoch {value!r}": altered(till, record, epoch=value) for value in (1.0, True, "1", None, BIGNUM)},
    }


UNREADABLE = {"trailing byte", "indefinite map", "duplicate key"}


async def test_a_record_whose_place_cannot_be_read_leaves_its_seq_free(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    record = till.payment(code, 1_250)
    cases = unreadable(till, record)
    assert cases.keys() >= UNREADABLE
    receipt = await till.upload(*cases.values())
    for name, result in zip(cases, receipt.results, strict=True):
        assert result == RecordResult(None, None, Status.REJECTED, ("BAD_RECORD",)), name
    assert (receipt.through, receipt.head, receipt.missing) == (0, till.prev, ())
    kept = {row["raw"] for row in await shop.services.pool.fetch("SELECT raw FROM stray_record")}
    assert kept == set(cases.values())
    await assert_untouched(shop, wallet)
    assert (await till.result(till.add(record))).status is Status.SETTLED


async def test_a_payload_that_names_another_device_or_epoch_is_of_the_wrong_device(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    other = await shop.terminal(name="till 2")
    record = till.payment(code, 1_250)
    cases = [
        altered(till, record, device=other.device),
        altered(till, record, device=os.urandom(16)),
        altered(till, record, device=b"\x00" * 15),
        altered(till, record, epoch=2),
        altered(till, record, epoch=0),
        altered(till, record, epoch=2**53),
        altered(till, record, device=other.device, amount=0),
    ]
    receipt = await till.upload(*cases)
    assert set(receipt.results) == {RecordResult(None, None, Status.REJECTED, ("WRONG_DEVICE",))}
    assert receipt.through == 0
    await assert_untouched(shop, wallet)
    assert (await till.result(till.add(record))).status is Status.SETTLED


async def test_another_devices_record_is_of_the_wrong_device_and_still_its_own_devices(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    other = await shop.terminal(name="till 2")
    theirs = other.pay(code, 1_250)[1]
    broken = theirs[:-1] + bytes([theirs[-1] ^ 1])
    receipt = await till.upload(theirs, broken)
    assert receipt.results == (RecordResult(None, None, Status.REJECTED, ("WRONG_DEVICE",)),) * 2
    await assert_untouched(shop, wallet)
    assert (await other.result(theirs)).status is Status.SETTLED
    await shop.assert_reconciled()


OF_ANOTHER_SIGNATURE = {"flipped bit", "another kind", "another key", "not COSE"}


async def test_only_this_kind_this_key_and_this_header_make_a_record(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    record = till.payment(code, 1_250)
    data, good = journal.encode_record(record), journal.sign_record(record, till.key)
    signed = cose.parse(good)
    protected, signature = signed.protected, signed.signature
    server = shop.services.keys.active
    bad_signature = {
        **{f"signed as {kind.value}": sign(till, data, kind=kind) for kind in Kind if kind is not Kind.RECORD},
        "a key that nobody has": sign(till, data, key=NEVER_USED),
        "the server's own key": sign(till, data, key=server),
        "another's signature under this kid": wrapped(
            protected, {}, data, cose.parse(sign(till, data, key=NEVER_USED)).signature
        ),
        "unprotected header": wrapped(protected, {4: till.key.kid}, data, signature),
        "alg in the unprotected header": wrapped(cbor.encode({4: till.key.kid}), {1: -8}, data, signature),
        "another alg": wrapped(cbor.encode({1: -7, 4: till.key.kid}), {}, data, signature),
        "no alg": wrapped(cbor.encode({4: till.key.kid}), {}, data, signature),
        "no kid": wrapped(cbor.encode({1: -8}), {}, data, signature),
        "one header more": wrapped(cbor.encode({1: -8, 4: till.key.kid, 3: 0}), {}, data, signature),
        "a header in another order": wrapped(b"\xa2\x04\x48" + till.key.kid + b"\x01\x27", {}, data, signature),
        "no header": wrapped(b"", {}, data, signature),
        "no signature": wrapped(protected, {}, data, b""),
        "half a signature": wrapped(protected, {}, data, signature[:32]),
        "a signature of zeros": wrapped(protected, {}, data, bytes(64)),
        "a longer signature": wrapped(protected, {}, data, signature + b"\x00"),
        "flipped bit": good[:-1] + bytes([good[-1] ^ 1]),
    }
    bad_record = {
        "not COSE": b"\x01",
        "nothing": b"",
        "untagged": good[1:],
        "tagged twice": TAG + good,
        "another tag": b"\xd1" + good[1:],
        "the tag in two bytes": b"\xd8\x12" + good[1:],
        "a byte behind it": good + b"\x00",
        "cut off": good[:-1],
        "three parts": wrapped(protected, {}, data),
        "five parts": wrapped(protected, {}, data, signature, b""),
        "an indefinite array": TAG + b"\x9f" + good[2:] + b"\xff",
        "a longer length than needed": good.replace(b"\x58\x40" + signature, b"\x59\x00\x40" + signature),
        "detached payload": wrapped(protected, {}, None, signature),
        "a header that is a map": wrapped({1: -8, 4: till.key.kid}, {}, data, signature),
        "a payload that is a map": wrapped(protected, {}, payload_of(record), signature),
    }
    receipt = await till.upload(*bad_signature.values(), *bad_record.values())
    reasons = ["BAD_SIGNATURE"] * len(bad_signature) + ["BAD_RECORD"] * len(bad_record)
    for name, reason, result in zip([*bad_signature, *bad_record], reasons, receipt.results, strict=True):
        assert result == RecordResult(None, None, Status.REJECTED, (reason,)), name
    kept = await shop.services.pool.fetch("SELECT raw, reason FROM stray_record")
    expected = zip([*bad_signature.values(), *bad_record.values()], reasons, strict=True)
    assert {(row["raw"], row["reason"]) for row in kept} == set(expected)
    assert receipt.through == 0
    await assert_untouched(shop, wallet)
    # Never remembered against its seq: the good bytes settle.
    assert (await till.result(till.add(record))).status is Status.SETTLED
    await shop.assert_reconciled()


async def test_no_bit_of_a_record_can_be_flipped(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    record = till.payment(code, 1_250)
    good = journal.sign_record(record, till.key)
    flipped = [
        good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :]
        for place in range(len(good))
        for bit in range(8)
    ]
    for start in range(0, len(flipped), 1_000):
        receipt = await till.upload(*flipped[start : start + 1_000])
        for result in receipt.results:
            assert (result.seq, result.id, result.status) == (None, None, Status.REJECTED)
            assert result.reasons in {("BAD_RECORD",), ("BAD_SIGNATURE",)}
        assert receipt.through == 0
    await assert_untouched(shop, wallet)
    assert (await till.result(till.add(record))).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 13_750, 0, 0)
    await shop.assert_reconciled()


async def test_unknown_keys_are_ignored_and_kept(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    strange = {"tip": 1.5, "note": "\x07" * 300, 7: [{"a": -1}], "when": BIGNUM, "amounts": True, b"\x00": None}
    raw = altered(till, till.payment(code, 1_250), sale=os.urandom(16))
    payload = cbor.decode_map(cose.parse(raw).payload) | strange
    raw = sign(till, payload)
    assert (await till.result(raw)).status is Status.SETTLED
    assert await shop.services.pool.fetchval("SELECT raw FROM journal_record") == raw
    assert await shop.balances(wallet) == (5_000, 13_750, 0, 0)
    await shop.assert_reconciled()


async def test_a_payload_need_not_be_in_the_order_that_others_write(shop: Shop) -> None:
    till, code, wallet = await prepared(shop)
    payload = payload_of(till.payment(code, 1_250))
    raw = sign(till, cbor2.dumps(dict(reversed(payload.items()))))
    assert (await till.result(raw)).status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 13_750, 0, 0)
    await shop.assert_reconciled()


async def test_one_bad_record_never_blocks_the_rest(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=3, cap=1_000)
    till = await shop.terminal()
    good = [till.pay(codes[0], 500)[1], till.pay(codes[1], 500)[1]]
    refused = altered(till, third := till.payment(codes[2], 500), amount=0)
    till.seq, till.prev = third.seq, journal.link_of(refused)
    last = till.pay(codes[2], 700)[1]
    receipt = await till.upload(b"\x01", good[0], b"", good[1], refused, b"\xff" * 500, last)
    statuses = [result.status for result in receipt.results]
    bad, settled = Status.REJECTED, Status.SETTLED
    assert statuses == [bad, settled, bad, settled, bad, bad, settled]
    assert [result.seq for result in receipt.results] == [None, 1, None, 2, 3, None, 4]
    assert receipt.through == 4
    assert await shop.vendor_balance() == 1_700
    await shop.assert_reconciled()

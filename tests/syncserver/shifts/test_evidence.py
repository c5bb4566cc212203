"""A bundle of evidence is good offline as it was made, and whatever is changed in it is found."""

import os
from dataclasses import replace

import pytest

from shared import cose
from shared.cose import Kind
from shared.keys import SigningKey
from shared.messages.evidence import Evidence, decode_evidence, sign_evidence
from syncserver.shifts import evidence
from syncserver.shifts.decisions import Action
from syncserver.shifts.reading import look_up
from tallystick.verification.check import check
from tallystick.verification.report import Report
from tallystick.verification.trust import Origin, Trust
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.shifts.kit import Worked, operator, work

pytestmark = pytest.mark.anyio


async def bundle_of(shop: Shop, till: FakeTerminal) -> bytes:
    async with (
        shop.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await evidence.make(connection, shop.services, await look_up(connection, till.device, till.shift))


def trusting(shop: Shop) -> Trust:
    return Trust(shop.services.keys.by_kid(), origin=Origin.GIVEN)


async def made(shop: Shop, *, gap: bool = False) -> tuple[Worked, bytes]:
    worked = await work(shop, await shop.codes(await shop.customer(), 2, 1_000))
    await worked.till.upload(*(raw for raw in worked.raws if not gap or raw != worked.raws[2]))
    return worked, await bundle_of(shop, worked.till)


async def test_a_bundle_is_good_offline_and_says_what_it_is_evidence_of(shop: Shop) -> None:
    worked, bundle = await made(shop, gap=True)
    await operator(shop, worked, Action.ACCEPT, "the till burnt")
    bundle = await bundle_of(shop, worked.till)
    for trust in (trusting(shop), Trust()):
        report = check(bundle, trust)
        assert (report.problems, report.kind, report.entries) == ((), "evidence", 3)
        said = "\n".join(report.summary)
        assert "the till's close says 2 payments, 3.00 EUR" in said
        assert "the server has 1 payments, 1.00 EUR" in said
        assert "which is reconciled" in said
        assert "missing: seq 3" in said
        assert "cli test: accept, closed to reconciled, because the till burnt" in said
    assert "the file itself brought it" in check(bundle, Trust()).notes[0]
    stranger = SigningKey.from_seed(os.urandom(32))
    assert not check(bundle, Trust({stranger.kid: stranger.public_key}, origin=Origin.GIVEN)).ok


async def test_each_byte_of_it_counts(shop: Shop) -> None:
    _, bundle = await made(shop)
    assert check(bundle, trusting(shop)).ok
    for place in range(0, len(bundle), 7):
        changed = bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :]
        assert not check(changed, trusting(shop)).ok, place
        assert not check(changed, Trust()).ok, place


def altered(bundle: bytes, key: SigningKey, **changes: object) -> bytes:
    """A bundle that the server itself signed, with something else in it."""
    return sign_evidence(replace(decode_evidence(cose.parse(bundle).payload), **changes), key)  # type: ignore[arg-type] # fields by name


def problem(report: Report) -> str:
    assert not report.ok
    return " ".join(str(one) for one in report.problems)


async def test_not_even_the_server_can_put_other_things_into_it(shop: Shop) -> None:
    _, bundle = await made(shop)
    key, trust = shop.services.keys.active, trusting(shop)
    whole: Evidence = decode_evidence(cose.parse(bundle).payload)
    assert check(altered(bundle, key), trust).ok
    forged = cose.sign(Kind.RECORD, cose.parse(whole.records[1]).payload, SigningKey.from_seed(bytes(32)))
    cases: list[tuple[str, dict[str, object]]] = [
        ("another key", {"records": (whole.records[0], forged, *whole.records[2:])}),
        ("missing", {"records": (whole.records[0], *whole.records[2:])}),
        ("out of order", {"records": whole.records[::-1]}),
        ("says 1 payments of 300", {"count": 1}),
        ("says 2 payments of 301", {"total": 301}),
        ("epoch 2", {"epoch": 2}),
        ("another device", {"device": bytes(16)}),
        ("receipt", {"receipts": (whole.receipts[0][:-1] + bytes([whole.receipts[0][-1] ^ 1]),)}),
        ("missing", {"missing": ((1, 1),)}),
        ("not trusted", {"certificate": cose.sign(Kind.DEVICE, b"\xa0", SigningKey.from_seed(bytes(32)))}),
    ]
    for said, changes in cases:
        assert said in problem(check(altered(bundle, key, **changes), trust)), said


async def test_forks_voids_and_refused_records_are_in_it(shop: Shop) -> None:
    codes = await shop.codes(await shop.customer(), 4, 1_000)
    till = await shop.terminal()
    opening = till.open_shift()
    voided, raw = till.pay(codes[0], 100)
    await till.upload(opening, raw, till.void(voided))
    twin = till.payment(codes[1], 200)
    await till.upload(till.add(twin))
    seq, prev = till.seq, till.prev
    till.seq, till.prev = twin.seq - 1, twin.prev
    await till.upload(till.pay(codes[2], 300)[1])
    till.seq, till.prev = seq, prev
    await till.upload(till.pay(codes[3], 50)[1], till.close_shift(2, 250))
    report = check(await bundle_of(shop, till), trusting(shop))
    assert report.problems == ()
    assert "a fork: two records at seq 4" in report.summary
    assert "the server has 2 payments, 2.50 EUR" in report.summary


async def test_an_open_shift_has_its_evidence_too(shop: Shop) -> None:
    till = await shop.terminal()
    (code, *_) = await shop.codes(await shop.customer(), 1, 1_000)
    await till.upload(till.open_shift(), till.pay(code, 100)[1])
    report = check(await bundle_of(shop, till), trusting(shop))
    assert report.problems == ()
    assert "the till's close is not here; the server has 1 payments" in report.summary

"""A rogue till sends bodies of two million items: one byte each on the wire, and hundreds of MiB in memory."""

import os
import tracemalloc

import pytest
import zstandard

from shared import cbor, cose
from shared.lifecycles import Status
from shared.messages.batch import MAX_BODY_BYTES
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio

MOST_BYTES = 32 * 1024 * 1024


def crumbs(item: bytes) -> bytes:
    """A map with nearly as many of these as a body may hold."""
    number = (MAX_BODY_BYTES - 1_000) // len(item)
    return b"\xa1" + cbor.encode("records") + b"\x9a" + number.to_bytes(4) + item * number


@pytest.mark.parametrize("item", [b"\x80", b"\xa0", b"\x81\x00", b"\xd9\xff\xff\x00", b"\x40"])
async def test_an_upload_of_crumbs_is_refused_before_it_is_built(shop: Shop, item: bytes) -> None:
    till = await shop.terminal()
    body = zstandard.ZstdCompressor().compress(crumbs(item))
    tracemalloc.start()
    try:
        answer = await till.send(body, **{"Content-Encoding": "zstd"})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.json()["errorCode"]) == (422, "MALFORMED")
    assert peak < MOST_BYTES


async def test_a_signed_record_of_crumbs_is_rejected_and_stops_nobody(shop: Shop) -> None:
    till = await shop.terminal()
    raw = cose.sign(cose.Kind.RECORD, crumbs(b"\xa0"), till.key)
    unsigned = b"\xd2\x84\x40\xa0" + crumbs(b"\xa0")[:-300] + b"\x40"
    for hostile in (raw, unsigned):
        [answer] = (await till.upload(hostile)).results
        assert (answer.seq, answer.status, answer.reasons) == (None, Status.REJECTED, ("BAD_RECORD",))
    assert (await till.result(till.open_shift())).status is Status.RECORDED


async def test_as_many_unknown_keys_as_anybody_could_want_are_still_ignored(shop: Shop) -> None:
    till = await shop.terminal()
    raw = till.open_shift()
    values = cbor.decode_map(cose.parse(raw).payload) | {"note": [os.urandom(2) for _ in range(20_000)]}
    assert (await till.result(cose.sign(cose.Kind.RECORD, cbor.encode(values), till.key))).status is Status.RECORDED

"""Uploads as bytes over HTTP: what is malformed, compressed, too large or of another type, and how it is answered."""

import os
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import cbor2
import httpx
import pytest
import zstandard

from shared import cbor
from shared.lifecycles import Status
from shared.messages.receipt import open_receipt
from syncserver.api.app import make_app
from tests.syncserver.kit import FakeTerminal, Shop

pytestmark = pytest.mark.anyio

ENVELOPE = {"success", "message", "errorCode", "data", "timestamp", "requestId"}
MIB = 1024 * 1024


def assert_refused(answer: httpx.Response, status: int, code: str | None = None) -> None:
    """An error in the protocol's envelope, that tells nothing of what is inside."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == ENVELOPE
    assert (body["success"], body["data"]) == (False, None)
    assert code is None or body["errorCode"] == code, body
    assert body["errorCode"].isascii()
    assert body["message"]
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert ("allow" in answer.headers) == (status == 405)
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text


async def good_batch(shop: Shop) -> tuple[FakeTerminal, bytes, dict[str, Any], str]:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, count=1, cap=1_000)
    till = await shop.terminal()
    body = till.batch([till.pay(code, 500)[1]])
    return till, body, cbor.decode_map(body), wallet


async def assert_nothing_arrived(shop: Shop) -> None:
    for table in ("batch", "journal_record", "stray_record", "payment"):
        assert await shop.services.pool.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - a name of ours
    await shop.assert_reconciled()


async def test_a_malformed_body_is_refused_as_a_whole(shop: Shop) -> None:
    till, body, values, wallet = await good_batch(shop)
    bignum = cbor2.CBORTag(2, b"\x01" * 9)
    broken = {
        "nothing": b"",
        "truncated": body[:-1],
        "half": body[: len(body) // 2],
        "trailing byte": body + b"\x00",
        "two of them": body + body,
        "an indefinite map": b"\xbf" + body[1:] + b"\xff",
        "a duplicate key": bytes([body[0] + 1]) + body[1:] + cbor.encode("tick") + b"\x00",
        "a list": cbor.encode(list(values.values())),
        "a text": cbor.encode("batch"),
        "JSON": b'{"batch": 1}',
        "deep": b"\x81" * 100_000 + b"\x00",
        "a claim of many": b"\x9b" + b"\xff" * 8,
        "a claim of a long text": b"\x7b" + b"\xff" * 8,
    }
    for name, data in broken.items():
        answer = await till.send(data)
        assert_refused(answer, 422, "MALFORMED")
        assert answer.headers["content-type"] == "application/json", name
    wrong: dict[str, tuple[Any, ...]] = {
        "batch": (None, b"\x00" * 15, b"\x00" * 17, "x" * 16, 1),
        "records": (None, b"", {}, 1, ["x"], [1], [None], [[b""]], [cbor2.CBORTag(24, b"")]),
        "sent_at": (None, 1.5, -1, 2**53, True, bignum, "1", cbor2.CBORTag(1, 1)),
        "tick": (None, 1.0, -1, 2**53, False),
        "boot": (None, b"\x00" * 15, "boot"),
    }
    for key, value in ((key, value) for key, values_of in wrong.items() for value in values_of):
        changed = {name: field for name, field in (values | {key: value}).items() if field is not None}
        assert_refused(await till.send(cbor.encode(changed)), 422, "MALFORMED")
    await assert_nothing_arrived(shop)
    answer = await till.send(cbor.encode(values | {"unknown": [1.5, None]}))
    receipt = open_receipt(answer.content, till.server_keys)
    assert receipt.results[0].status is Status.SETTLED
    assert (answer.headers["content-type"], receipt.batch) == ("application/cbor", values["batch"])
    assert await shop.balances(wallet) == (5_000, 14_500, 0, 0)
    await shop.assert_reconciled()


async def test_a_thousand_records_and_two_mebibytes_are_the_most(shop: Shop) -> None:
    till = await shop.terminal()
    assert_refused(await till.send(till.batch([b"\x01"] * 1_001)), 413, "TOO_MANY_RECORDS")
    empty = len(till.batch([b"\x00" * 70_000]))
    most = till.batch([b"\x00" * (70_000 + 2 * MIB - empty)])
    assert len(most) == 2 * MIB
    assert_refused(await till.send(most + b"\x00"), 413, "TOO_LARGE")
    await assert_nothing_arrived(shop)
    receipt = await till.upload(*(os.urandom(8) for _ in range(1_000)))
    assert len(receipt.results) == 1_000
    assert (await till.send(most)).status_code == 200
    await shop.assert_reconciled()


async def test_what_is_too_large_is_refused_whatever_it_declares(shop: Shop) -> None:
    till, body, _, _ = await good_batch(shop)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 65_536
            yield b"\x00" * 65_536

    answer = await shop.http.post("/api/sync/batches", content=endless(), headers=till.headers)
    assert_refused(answer, 413, "TOO_LARGE")
    assert read <= 3 * MIB
    for declared in (str(2 * MIB + 1), "9" * 30, "9" * 5_000):
        assert_refused(await till.send(body, **{"Content-Length": declared}), 413, "TOO_LARGE")
    await assert_nothing_arrived(shop)
    # A length that is none is not believed; the body itself is looked at.
    assert (await till.send(body, **{"Content-Length": "many"})).status_code == 200


async def test_compressed_uploads_are_the_same_uploads(shop: Shop) -> None:
    till, body, _, wallet = await good_batch(shop)
    compressor = zstandard.ZstdCompressor()
    packed = compressor.compress(body)
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(body)
    zstd = {"Content-Encoding": "zstd"}
    without_size = zstandard.ZstdCompressor(write_content_size=False).compress(body)
    broken = {
        "truncated": packed[:-1],
        "half": packed[: len(packed) // 2],
        "nothing": b"",
        "not compressed at all": body,
        "two frames": packed + packed,
        "bytes behind it": packed + b"\x00",
        "an empty frame and a full one": compressor.compress(b"") + packed,
        "a damaged frame": checked[:-1] + bytes([checked[-1] ^ 0xFF]),
        "an empty frame": compressor.compress(b""),
        "truncated without a size": without_size[:-1],
    }
    for name, data in broken.items():
        answer = await till.send(data, **zstd)
        assert_refused(answer, 422, "MALFORMED")
        assert answer.status_code == 422, name
    await assert_nothing_arrived(shop)
    for data, headers in ((packed, zstd), (checked, zstd), (without_size, {"Content-Encoding": "ZSTD"}), (body, {})):
        answer = await till.send(data, **headers)
        assert answer.status_code == 200
        assert open_receipt(answer.content, till.server_keys).results[0].status is Status.SETTLED
    assert await shop.balances(wallet) == (5_000, 14_500, 0, 0)
    await shop.assert_reconciled()


async def test_a_bomb_goes_off_in_two_mebibytes(shop: Shop) -> None:
    till = await shop.terminal()
    compressor = zstandard.ZstdCompressor(level=3).compressobj()
    zeros = b"\x00" * (16 * MIB)
    bomb = b"".join(compressor.compress(zeros) for _ in range(64)) + compressor.flush()
    # A header that claims gigabytes in one segment, with hardly anything behind it.
    claim = b"\x28\xb5\x2f\xfd\xe0" + (8 << 30).to_bytes(8, "little") + b"\x03\x00\x00\x00"
    wide = b"\x28\xb5\x2f\xfd\x00\xa0" + b"\x02\x00\x00" + b"\x00"  # a window of a gibibyte
    assert len(bomb) < MIB // 4
    zstd = {"Content-Encoding": "zstd"}
    tracemalloc.start()
    try:
        assert_refused(await till.send(bomb, **zstd), 413, "TOO_LARGE")
        for data in (claim, wide):
            assert (await till.send(data, **zstd)).status_code in {413, 422}
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()
    await assert_nothing_arrived(shop)


async def test_another_type_or_encoding_is_not_taken(shop: Shop) -> None:
    till, body, _, _ = await good_batch(shop)
    for content_type in (
        "application/json",
        "application/cbor-seq",
        "text/plain",
        "",
        "cbor",
        "application/octet-stream",
    ):
        answer = await till.send(body, **{"Content-Type": content_type})
        assert_refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    for encoding in ("gzip", "br", "deflate", "zstd, zstd", "identity, zstd", "x"):
        assert_refused(await till.send(body, **{"Content-Encoding": encoding}), 415, "UNSUPPORTED_MEDIA_TYPE")
    await assert_nothing_arrived(shop)
    for content_type in ("application/cbor; charset=utf-8", "Application/CBOR"):
        assert (await till.send(body, **{"Content-Type": content_type})).status_code == 200
    assert (await till.send(body, **{"Content-Encoding": "identity"})).status_code == 200


async def test_a_body_that_breaks_off_leaves_nothing_behind(shop: Shop) -> None:
    till, body, _, _ = await good_batch(shop)
    arriving = [{"type": "http.request", "body": body[:-1], "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return arriving.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in till.headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/sync/batches", "query_string": b"", "headers": headers}
    await make_app(shop.services)(
        scope | {"headers": [*headers, (b"content-length", b"%d" % len(body))]}, receive, send
    )
    assert sent[0]["status"] == 400
    await assert_nothing_arrived(shop)
    assert (await till.send(body)).status_code == 200
    await shop.assert_reconciled()


async def test_unknown_paths_and_methods_are_answered_in_the_envelope(shop: Shop) -> None:
    till = await shop.terminal()
    for method, path, status, code in (
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/api", 404, "NOT_FOUND"),
        ("POST", "/api/sync/batches/1", 404, "NOT_FOUND"),
        ("GET", "/api/sync/../../etc/passwd", 404, "NOT_FOUND"),
        ("GET", "/%00%ff", 404, "NOT_FOUND"),
        ("GET", "/api/sync/batches", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/api/sync/book", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/api/sync/batches", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/auth/token", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/healthz", 405, "METHOD_NOT_ALLOWED"),
    ):
        assert_refused(await shop.http.request(method, path, headers=till.headers), status, code)
    for path in ("/healthz", "/readyz"):
        body = (await shop.http.get(path)).json()
        assert body.keys() == ENVELOPE
        assert body["success"] is True
        assert body["timestamp"] == "2026-11-21T12:00:00.000Z"
    first, second = [(await shop.http.get("/nowhere")).json()["requestId"] for _ in range(2)]
    assert first != second
    assert len(first) == 36


async def test_a_defect_of_ours_shows_nothing_of_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    till, body, _, _ = await good_batch(shop)

    async def fail(*_: object) -> bytes:
        raise RuntimeError("secret " + body.hex())

    with monkeypatch.context() as patched:
        patched.setattr("syncserver.sync.intake.enter", fail)
        answer = await till.send(body)
    assert_refused(answer, 500, "INTERNAL")
    assert "secret" not in answer.text
    assert (await till.send(body)).status_code == 200
    await shop.assert_reconciled()


async def test_since_is_a_version(shop: Shop) -> None:
    till = await shop.terminal()
    for since in (
        "-1",
        "1.0",
        "x",
        "",
        "+1",
        "1e3",
        "2" * 17,
        "9007199254740992",
        "٣",
        " 1",
        "0x1",
        "9" * 5_000,
        "1_0",
    ):
        answer = await shop.http.get("/api/sync/book", params={"since": since}, headers=till.headers)
        assert_refused(answer, 422, "MALFORMED")
    for known in ("0", "1", "00", "9007199254740991"):
        answer = await shop.http.get("/api/sync/book", params={"since": known}, headers=till.headers)
        assert answer.status_code == 200, known

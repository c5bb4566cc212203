"""Batches in, books out (docs/protocol.md, sections 8 and 9)."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from shared import cose
from shared.errors import DecodingError
from shared.fields import MAX_INTEGER, Uint
from shared.ids import uuid_bytes, uuid_text_or_none
from shared.messages.batch import MAX_BODY_BYTES, Batch, decode_batch
from shared.messages.enrolment import from_base64url, to_base64url
from shared.messages.receipt import RecordResult, decode_receipt
from syncserver.api.body import MAX_JSON_BYTES, announced_size, encoding_of, inflate, read_body, read_json, require_type
from syncserver.api.devices import device_of
from syncserver.api.envelope import success
from syncserver.api.pages import PageResponse
from syncserver.registry import reports
from syncserver.services import Services
from syncserver.sync import books, intake
from syncserver.sync.allowance import require_allowance
from syncserver.sync.bounds import Bounds

CBOR = "application/cbor"
MOST_RECORDS_OF_JSON = 20


class OfflinePaymentRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Signed records (unpadded base64url of their COSE bytes) in their order, and the terminal's clocks as it sends."""

    records: Annotated[list[str], Meta(min_length=1, max_length=MOST_RECORDS_OF_JSON)]
    batch: str
    sent_at: Uint
    tick: Uint
    boot: str

    def batch_of_it(self) -> Batch:
        """The batch that an upload would have been.

        Raises:
            DecodingError: an id is none, or a record no base64url.
        """
        return Batch(
            batch=uuid_bytes(self.batch),
            records=tuple(from_base64url(record) for record in self.records),
            sent_at=self.sent_at,
            tick=self.tick,
            boot=uuid_bytes(self.boot),
        )


async def upload(request: Request) -> Response:
    """`POST /api/sync/batches`: judge and settle a batch; the signed receipt."""
    bounds: Bounds = request.app.state.bounds
    bounds.uploads.require_room()
    device = device_of(request)
    require_type(request, CBOR)
    encoding = encoding_of(request)
    with ExitStack() as place:
        place.enter_context(bounds.uploads.enter(device, announced_size(request, MAX_BODY_BYTES)))
        body = await read_body(request, MAX_BODY_BYTES)
        receipt = await _settle(request, device, lambda: decode_batch(inflate(body, encoding, MAX_BODY_BYTES)))
        return PageResponse(receipt, place.pop_all(), media_type=CBOR)


async def _settle(request: Request, device: bytes, unpack: Callable[[], Batch]) -> bytes:
    """Unpack, judge and settle a batch; its receipt."""
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    # Unpacked in its turn alone: what waits is no more than what arrived.
    async with bounds.settling.turn():
        await require_allowance(services, device)
        batch = await asyncio.to_thread(unpack)
        settling = await intake.enter(services, device, batch, seconds=bounds.settling.seconds)
    receipt = await settling
    bounds.crowd.serve(services.clock())
    return receipt


async def make_payment_offline(request: Request) -> Response:
    """`POST /api/transactions/make-payment-offline`: an upload of a few records as JSON, for a connected terminal.

    They go the way of every upload, so a record that was sent here and there is settled once.
    """
    bounds: Bounds = request.app.state.bounds
    bounds.uploads.require_room()
    device = device_of(request)
    with bounds.uploads.enter(device, announced_size(request, MAX_JSON_BYTES)):
        body = await read_json(request, OfflinePaymentRequest)
        raw = await _settle(request, device, body.batch_of_it)
    receipt = decode_receipt(cose.parse(raw).payload)
    return success(request, {"results": [_result(one) for one in receipt.results], "receipt": to_base64url(raw)})


def _result(result: RecordResult) -> dict[str, object]:
    """What became of a record, in the receipt's words."""
    return {
        "seq": result.seq,
        "id": uuid_text_or_none(result.id),
        "status": result.status.value,
        "reasons": list(result.reasons),
        "score": result.score,
    }


async def book(request: Request) -> Response:
    """`GET /api/sync/book?since=VERSION`: the next page of the device's book."""
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    bounds.pulls.require_room()
    device = device_of(request)
    text = request.query_params.get("since", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_INTEGER)) and int(text) <= MAX_INTEGER):
        raise DecodingError("since: not a version")
    with ExitStack() as place:
        place.enter_context(bounds.pulls.enter(device))
        async with bounds.books.turn():
            page = await books.make_page(services, device, int(text))
        await reports.keep(services, device, int(text), request.headers.get(reports.HEADER))
        return PageResponse(page, place.pop_all(), media_type=CBOR)

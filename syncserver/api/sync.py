"""Batches in, books out (docs/protocol.md, sections 8 and 9)."""

import asyncio
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.messages.batch import MAX_BODY_BYTES, decode_batch
from syncserver.api.body import announced_size, encoding_of, inflate, read_body, require_type
from syncserver.api.devices import device_of
from syncserver.api.pages import PageResponse
from syncserver.services import Services
from syncserver.sync import books, intake
from syncserver.sync.bounds import Bounds

CBOR = "application/cbor"


async def upload(request: Request) -> Response:
    """`POST /api/sync/batches`: judge and settle a batch; the signed receipt."""
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    bounds.uploads.require_room()
    device = device_of(request)
    require_type(request, CBOR)
    encoding = encoding_of(request)
    with ExitStack() as place:
        place.enter_context(bounds.uploads.enter(device, announced_size(request, MAX_BODY_BYTES)))
        body = await read_body(request, MAX_BODY_BYTES)
        # Unpacked in its turn alone: what waits is no more than what arrived.
        async with bounds.settling.turn():
            batch = await asyncio.to_thread(lambda: decode_batch(inflate(body, encoding, MAX_BODY_BYTES)))
            settling = await intake.enter(services, device, batch, seconds=bounds.settling.seconds)
        receipt = await settling
        bounds.crowd.serve(services.clock())
        return PageResponse(receipt, place.pop_all(), media_type=CBOR)


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
        return PageResponse(page, place.pop_all(), media_type=CBOR)

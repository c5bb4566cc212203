"""Batches in, books out (docs/protocol.md, sections 8 and 9)."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.messages.batch import MAX_BODY_BYTES, decode_batch
from syncserver.api.body import read_compressed, require_type
from syncserver.api.devices import device_of
from syncserver.services import Services
from syncserver.sync import books, intake

CBOR = "application/cbor"


async def upload(request: Request) -> Response:
    """`POST /api/sync/batches`: judge and settle a batch; the signed receipt."""
    services: Services = request.app.state.services
    device = device_of(request)
    require_type(request, CBOR)
    with request.app.state.admission.enter(device):
        body = await read_compressed(request, MAX_BODY_BYTES)
        batch = await asyncio.to_thread(decode_batch, body)
        receipt = await intake.ingest(services, device, batch)
    return Response(receipt, media_type=CBOR)


async def book(request: Request) -> Response:
    """`GET /api/sync/book?since=VERSION`: the next page of the device's book."""
    services: Services = request.app.state.services
    device = device_of(request)
    text = request.query_params.get("since", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_INTEGER)) and int(text) <= MAX_INTEGER):
        raise DecodingError("since: not a version")
    return Response(await books.make_page(services, device, int(text)), media_type=CBOR)

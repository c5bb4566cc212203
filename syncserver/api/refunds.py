"""What a supervisor gives back at a till (docs/protocol.md, appendix A)."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import CurrencyCode, FromOne
from shared.ids import uuid_bytes, uuid_text
from shared.money import Money
from syncserver.api.body import MAX_JSON_BYTES, announced_size, read_body, require_type
from syncserver.api.devices import device_of
from syncserver.api.envelope import success
from syncserver.database.connection import Connection
from syncserver.payments import till_refunds
from syncserver.payments.till_refunds import TillRefund
from syncserver.people.once import OnceKey, once
from syncserver.services import Services
from syncserver.sync.bounds import Bounds

PATH = "/api/sync/refunds"
_KEY = "idempotency-key"


class TillRefundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /api/sync/refunds`: minor units of a payment (an id as text), who approved it, and why."""

    payment: str
    amount: FromOne
    currency: CurrencyCode
    approver: str
    reason: str


async def refund(request: Request) -> Response:
    """`POST /api/sync/refunds`: give a payment of this terminal back, whole or in part, once for each key."""
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    bounds.uploads.require_room()
    device = device_of(request)
    require_type(request, "application/json")
    with bounds.uploads.enter(device, announced_size(request, MAX_JSON_BYTES)):
        raw = await read_body(request, MAX_JSON_BYTES)
        wanted = _read(device, raw)
        key = OnceKey.of(device, request.headers.get(_KEY), f"POST {PATH}", raw)

        async def work(connection: Connection) -> tuple[Any, int]:
            done = await till_refunds.refund(connection, services, wanted)
            return {
                "payment": uuid_text(done.payment),
                "amount": done.amount.minor,
                "refunded": done.refunded.minor,
                "currency": done.refunded.currency,
                "whole": done.whole,
            }, 200

        async with bounds.tokens.turn():
            stored = await once(services, key, work)
    return success(request, stored.data)


def _read(device: bytes, raw: bytes) -> TillRefund:
    try:
        body = msgspec.json.decode(raw, type=TillRefundRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodingError(str(error)[:200]) from error
    wanted = TillRefund(device, uuid_bytes(body.payment), Money(body.amount, body.currency), body.approver, body.reason)
    wanted.check()
    return wanted

"""Enrolment and tokens of terminals (docs/protocol.md, section 7)."""

from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.errors import DecodingError, TokenError
from shared.ids import uuid_text
from shared.keys import PUBLIC_KEY_BYTES, SIGNATURE_BYTES
from shared.messages.enrolment import from_base64url, to_base64url
from shared.tokens import ASSERTION_TYPE
from syncserver.api.body import TooLargeError, WrongTypeError, read_body, read_json, require_type
from syncserver.api.envelope import success
from syncserver.registry import devices, enrolment
from syncserver.registry.errors import ClientAssertionError
from syncserver.services import Services
from syncserver.sync.bounds import Bounds

MAX_FORM_BYTES = 8 * 1024
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class EnrolmentRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The body of `POST /api/devices/enrol`; key and proof are unpadded base64url."""

    token: str
    public_key: str
    proof: str
    name: str
    model: str


async def enrol(request: Request) -> Response:
    """`POST /api/devices/enrol`: exchange a one-time token for a device."""
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    body = await read_json(request, EnrolmentRequest)
    async with bounds.tokens.turn():
        enrolled = await enrolment.enrol(
            services,
            token=body.token,
            public_key=from_base64url(body.public_key, PUBLIC_KEY_BYTES),
            proof=from_base64url(body.proof, SIGNATURE_BYTES),
            name=body.name,
            model=body.model,
        )
    vendor = enrolled.vendor
    return success(
        request,
        {
            "deviceId": uuid_text(enrolled.device),
            "epoch": enrolled.epoch,
            "serverId": uuid_text(services.server_id),
            "vendor": {
                "id": uuid_text(vendor.id),
                "name": vendor.name,
                "lat": vendor.place.lat,
                "lon": vendor.place.lon,
                "currency": vendor.currency,
            },
            "serverKeys": [
                {"kid": key.kid.hex(), "publicKey": to_base64url(key.public_key)} for key in services.keys.published
            ],
            "certificate": to_base64url(enrolled.certificate),
            "serverTime": services.clock(),
        },
    )


async def token(request: Request) -> Response:
    """`POST /auth/token`: an access token for a client assertion (RFC 7523, answers as RFC 6749 says)."""
    services: Services = request.app.state.services
    bounds: Bounds = request.app.state.bounds
    try:
        require_type(request, "application/x-www-form-urlencoded")
        body = await read_body(request, MAX_FORM_BYTES)
    except (WrongTypeError, TooLargeError) as error:
        return _oauth_error(415 if isinstance(error, WrongTypeError) else 413, "invalid_request", error.message)
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=16)
    except ValueError:
        return _oauth_error(400, "invalid_request", "the body is no form")
    if any(len(values) != 1 for values in form.values()):
        return _oauth_error(400, "invalid_request", "a field comes twice")
    if "grant_type" not in form:
        return _oauth_error(400, "invalid_request", "there is no grant_type")
    if form["grant_type"] != ["client_credentials"]:
        return _oauth_error(400, "unsupported_grant_type", "grant_type is client_credentials")
    if form.get("client_assertion_type") != [ASSERTION_TYPE] or "client_assertion" not in form:
        return _oauth_error(400, "invalid_request", "a client assertion by JWT is needed")
    try:
        async with bounds.tokens.turn():
            access = await devices.grant(services, form["client_assertion"][0])
    except ClientAssertionError as error:
        return _oauth_error(401, error.code, error.message)
    answer = {"access_token": access, "token_type": "Bearer", "expires_in": devices.ACCESS_SECONDS}
    return JSONResponse(answer, headers=_NO_STORE)


def _oauth_error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status, headers=_NO_STORE)


def device_of(request: Request) -> bytes:
    """The device whose access token the request bears.

    Raises:
        TokenError: there is none, or it is not valid.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer:
        raise TokenError("a bearer token is needed")
    try:
        return devices.authenticate(request.app.state.services, bearer.strip())
    except DecodingError as error:
        raise TokenError from error

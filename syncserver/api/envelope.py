"""Every answer but CBOR and OAuth's has one envelope (docs/protocol.md, section 10)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def _answer(request: Request, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    now = datetime.fromtimestamp(request.app.state.services.clock() / 1_000, UTC)
    body["timestamp"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body["requestId"] = request.scope.get("tallystick.request_id", "")
    return Response(msgspec.json.encode(body), status_code=status, media_type=JSON, headers=headers)


def success(request: Request, data: Any, *, status: int = 200, message: str = "OK") -> Response:
    """A success with its data."""
    return _answer(request, status, {"success": True, "message": message, "errorCode": None, "data": data})


def failure(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    retry_after: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in words, with a stable code; `retry_after` in seconds."""
    answered = dict(headers or {})
    if retry_after is not None:
        answered["Retry-After"] = str(retry_after)
    body = {"success": False, "message": message, "errorCode": code, "data": None}
    return _answer(request, status, body, answered)

"""`/openapi.json`, and the page that shows it: everything comes from here, and nothing else may run on it."""

import gzip
from functools import cache
from pathlib import Path

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.openapi import document
from syncserver.api.unchanging import Document

FOLDER = Path(__file__).parent / "swagger"
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tallystick: the REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_HTML = "text/html; charset=utf-8"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_PACKED = ("swagger-ui-bundle.js", "swagger-ui.css")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Kept, but asked about each time: a new version of the server has new ones under the same names.
    "Cache-Control": "public, no-cache",
}


@cache
def _openapi() -> Document:
    return Document.of("application/json", msgspec.json.encode(document(ENDPOINTS)))


@cache
def _page() -> Document:
    return Document.of(_HTML, _PAGE.encode())


@cache
def _asset(name: str) -> Document:
    media_type = _TYPES[Path(name).suffix]
    if name not in _PACKED:
        return Document.of(media_type, (FOLDER / name).read_bytes())
    packed = (FOLDER / f"{name}.gz").read_bytes()
    return Document.of(media_type, gzip.decompress(packed), packed)


async def openapi(request: Request) -> Response:
    """`GET /openapi.json`."""
    return _openapi().answer(request, _SAFE)


async def page(request: Request) -> Response:
    """`GET /docs`."""
    return _page().answer(request, _SAFE)


async def asset(request: Request) -> Response:
    """`GET /docs/{name}`: what the page loads, and no other file."""
    name = request.path_params["name"]
    if name not in (*_PACKED, "start.js"):
        raise HTTPException(404)
    return _asset(name).answer(request, _SAFE)


ROUTES = (
    Route("/openapi.json", openapi, methods=["GET"]),
    Route("/docs", page, methods=["GET"]),
    Route("/docs/{name}", asset, methods=["GET"]),
)

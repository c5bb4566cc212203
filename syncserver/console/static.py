"""What pages load: a few files beside the code, and no other."""

from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syncserver.api.unchanging import Document
from syncserver.console.gate import SAFE

FOLDER = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
NAMES = frozenset(path.name for path in FOLDER.iterdir() if path.suffix in _TYPES)
# Kept, but asked about each time: a new version of the server has new ones under the same names.
_HEADERS = {**SAFE, "Cache-Control": "public, no-cache"}


@cache
def _asset(name: str) -> Document:
    return Document.of(_TYPES[Path(name).suffix], (FOLDER / name).read_bytes())


async def asset(request: Request) -> Response:
    """`GET /console/static/{name}`."""
    name = request.path_params["name"]
    if name not in NAMES:
        raise HTTPException(404)
    return _asset(name).answer(request, _HEADERS)


ROUTE = Route("/console/static/{name}", asset, methods=["GET"])

"""Whether the process is alive, and whether its database is there."""

from starlette.requests import Request
from starlette.responses import Response

from syncserver.api.envelope import success


async def alive(request: Request) -> Response:
    """`GET /healthz`: the process answers."""
    return success(request, {"status": "alive"})


async def ready(request: Request) -> Response:
    """`GET /readyz`: the database answers too."""
    await request.app.state.services.pool.fetchval("SELECT 1", timeout=5)
    return success(request, {"status": "ready"})

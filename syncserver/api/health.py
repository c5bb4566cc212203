"""Whether the process is alive, and whether its database is there."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from syncserver.api.envelope import success

READY_SECONDS = 2.0


async def alive(request: Request) -> Response:
    """`GET /healthz`: the process answers."""
    return success(request, {"status": "alive"})


async def ready(request: Request) -> Response:
    """`GET /readyz`: the database answers too, within two seconds."""
    state = request.app.state
    # One question at a time: a database that hangs must not be asked by every probe on a connection of its own.
    question: asyncio.Task[int] | None = getattr(state, "question", None)
    if question is None or question.done():
        question = state.question = asyncio.create_task(state.services.pool.fetchval("SELECT 1", timeout=READY_SECONDS))
        question.add_done_callback(_heard)
    # Not cancelled: that would wait for the database to hear of it.
    done, _ = await asyncio.wait({question}, timeout=READY_SECONDS)
    if not done:
        raise TimeoutError
    question.result()
    return success(request, {"status": "ready"})


def _heard(question: asyncio.Task[int]) -> None:
    """Nobody may be waiting for the answer any more."""
    if not question.cancelled():
        question.exception()

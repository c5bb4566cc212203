"""Large answers, sent piece by piece: what a slow reader has not taken yet stays countable, and ends."""

import asyncio
from contextlib import ExitStack

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# As long as a body may take on its way in.
SEND_SECONDS = 60
_PIECE_BYTES = 64 * 1024


class PageResponse(Response):
    """An answer that has a place among those under way, until its reader has all of it or has had time enough."""

    def __init__(self, content: bytes, place: ExitStack, media_type: str) -> None:
        super().__init__(content, media_type=media_type)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it; each piece waits until the one before it has gone out."""
        with self._place:
            try:
                # Also the start waits, for whatever was sent on this connection before.
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                    await self._send_pieces(send)
            except TimeoutError:
                return  # uvicorn ends a connection whose answer is not whole

    async def _send_pieces(self, send: Send) -> None:
        if len(self.body) <= _PIECE_BYTES:
            await send({"type": "http.response.body", "body": self.body, "more_body": False})
            return
        body = memoryview(self.body)
        for start in range(0, len(body), _PIECE_BYTES):
            piece = bytes(body[start : start + _PIECE_BYTES])
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

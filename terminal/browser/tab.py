"""One tab: a till's program, and the connection that shows it."""

import asyncio
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

_SMALLEST, _LARGEST = 10, 500
_STOP_SECONDS = 10.0


class TillProgram(AppService):
    """The program behind a tab; when it ends, however it does, the tab hears of it."""

    def __init__(self, environment: Mapping[str, str], command: str, **options: Any) -> None:
        super().__init__(command, **options)
        self._around = environment

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        """What the app is told of its page, in the environment that its program was given."""
        ours = super()._build_environment(width, height)
        return dict(self._around) | {name: value for name, value in ours.items() if value != os.environ.get(name)}

    async def run(self) -> None:
        """Carry what it draws to the tab, until it ends."""
        try:
            await super().run()
        finally:
            await self.remote_close()

    async def end(self) -> None:
        """Ask it to end; it is killed where it does not."""
        try:
            await asyncio.wait_for(self.stop(), _STOP_SECONDS)
        except TimeoutError:
            pass
        finally:
            if self._process is not None and self._process.returncode is None:
                try:
                    await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
                except TimeoutError:
                    self._process.kill()
                    await self._process.wait()


async def show(request: web.Request, command: Sequence[str], environment: Mapping[str, str]) -> web.WebSocketResponse:
    """Run a program for a tab, for as long as the tab is open."""
    socket = web.WebSocketResponse(heartbeat=15)
    await socket.prepare(request)

    async def close() -> None:
        await socket.close()

    # `exec`: the shell that it is started by gives way to it, so that it is the program that is ended.
    program = TillProgram(
        environment,
        f"exec {shlex.join(command)}",
        write_bytes=socket.send_bytes,
        write_str=socket.send_str,
        close=close,
        download_manager=DownloadManager(),
    )
    await program.start(_side(request.query.get("width"), 80), _side(request.query.get("height"), 24))
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT and not await _heard(program, socket, message.data):
                break
    finally:
        await program.end()
    await socket.close()
    return socket


async def _heard(program: TillProgram, socket: web.WebSocketResponse, text: str) -> bool:
    """Pass on what the tab says; False where it says what no tab does."""
    match _read(text):
        case ["stdin", str(typed)]:
            await program.send_bytes(typed.encode())
        case ["resize", {"width": int(width), "height": int(height)}]:
            await program.set_terminal_size(_within(width), _within(height))
        case ["ping", said]:
            await socket.send_json(["pong", said])
        case ["focus", *_]:
            await program.focus()
        case ["blur", *_]:
            await program.blur()
        case _:
            return False
    return True


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _side(text: str | None, usual: int) -> int:
    return _within(int(text)) if text and text.isascii() and text.isdigit() and len(text) <= len("500") else usual


def _within(cells: int) -> int:
    return max(_SMALLEST, min(cells, _LARGEST))

"""The page's server: textual-serve brings the terminal in the browser, but checks no Host and no Origin; this does."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import web

from terminal.browser.address import Address
from terminal.browser.tab import show
from terminal.errors import InputError
from terminal.texts import _, spoken, system_words

_STATIC = Path(textual_serve.__file__).parent / "static"
_FONT_SIZES = range(8, 65)
_FONT_SIZE = 18
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page_app(command: Sequence[str], address: Address, environment: Mapping[str, str]) -> web.Application:
    """The page and what it loads; each tab runs `command` in that environment."""
    page = Template(Template(_text("page.html")).safe_substitute(_words()))

    async def index(request: web.Request) -> web.Response:
        asked = request.query.get("fontsize", "")
        size = int(asked) if asked.isascii() and asked.isdigit() and int(asked[:3]) in _FONT_SIZES else _FONT_SIZE
        text = page.substitute(socket=f"{_socket_scheme(request)}://{request.host}/ws", font_size=size)
        return web.Response(text=text, content_type="text/html")

    async def socket(request: web.Request) -> web.StreamResponse:
        if not address.comes_from_here(request.headers.get("Origin"), request.headers.get("Host")):
            raise web.HTTPForbidden(text="Only this till's own page may open it.\n")
        return await show(request, command, environment)

    @web.middleware
    async def guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not address.answers_to(request.headers.get("Host")):
            raise web.HTTPForbidden(text="This till is not served by that name.\n")
        return await handler(request)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_headers(request))

    app = web.Application(middlewares=[guarded])
    app.on_response_prepare.append(add_headers)
    app.add_routes(
        [
            web.get("/", index),
            web.get("/page.css", _beside("page.css", "text/css")),
            web.get("/page.js", _beside("page.js", "text/javascript")),
            web.get("/ws", socket),
            web.static("/static", _STATIC),
        ]
    )
    return app


def _words() -> dict[str, str]:
    """What the page says by itself, in the language that is spoken."""
    said = {
        "opening": _("Opening the till …"),
        "closed": _("The till is closed here."),
        "again": _("Open it again"),
        "needs_script": _("This page needs JavaScript."),
    }
    # A dollar is the template's own.
    return {"language": spoken(), **{name: escape(text).replace("$", "$$") for name, text in said.items()}}


def _beside(name: str, content_type: str) -> _Handler:
    text = _text(name)

    async def send(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return send


def serve(
    command: Sequence[str],
    address: Address,
    told: Callable[[str], None],
    *,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `told` hears the page's address once it is there.

    Raises:
        InputError: nothing can listen there.
    """
    asyncio.run(_serve(command, address, told, environment))


async def _serve(
    command: Sequence[str], address: Address, told: Callable[[str], None], environment: Mapping[str, str]
) -> None:
    enough = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, enough.set)
    runner = web.AppRunner(page_app(command, address, environment), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address.host, address.port)
        try:
            await site.start()
        except OSError as error:
            raise InputError(
                "nothing can be served on {host}, port {port}: {why}",
                host=address.host,
                port=address.port,
                why=system_words(error),
            ) from error
        told(Address(address.host, runner.addresses[0][1]).url)
        await enough.wait()
    finally:
        await runner.cleanup()


def _headers(request: web.Request) -> dict[str, str]:
    """What the browser is told: nothing from elsewhere, and nobody may frame the till."""
    socket = f"{_socket_scheme(request)}://{request.host}"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self';"
            f" img-src 'self' data:; connect-src 'self' {socket}; base-uri 'none'; form-action 'none';"
            " frame-ancestors 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _socket_scheme(request: web.Request) -> str:
    return "wss" if request.secure else "ws"


def _text(name: str) -> str:
    return (files("terminal.browser") / name).read_text(encoding="utf-8")

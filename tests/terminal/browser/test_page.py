"""The till in a browser: its page, who may open it, and one till for however many tabs."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from terminal.browser import serving as serving_module
from terminal.browser.address import Address, is_own_machine
from terminal.texts import speak
from tests.terminal.shop import Shop

_HERE = Address("127.0.0.1", 8100)
_PATIENCE_S = 90.0
# Fingers, not a wait for anything: a key that acts is not let through right behind another, as scanners type it.
APART_S = 0.4
BETWEEN_TRIES_S = 20.0
_MORE_KEYS = 3


@pytest.mark.parametrize("host", ["127.0.0.1:8100", "localhost:8100", "[::1]:8100", "192.168.1.5", "LOCALHOST"])
def test_it_answers_to_addresses_in_digits_and_to_localhost(host: str) -> None:
    assert _HERE.answers_to(host)


@pytest.mark.parametrize(
    "host", [None, "", "evil.example:8100", "localhost.evil.example", "localhost:x", '127.0.0.1:"><script>', "[::1"]
)
def test_it_answers_to_no_name_that_somebody_else_can_point_here(host: str | None) -> None:
    assert not _HERE.answers_to(host)


def test_it_answers_to_the_name_that_it_is_served_by() -> None:
    assert Address("till.shop", 8100).answers_to("till.shop:8100")


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost:8100", "http://127.0.0.1:9999", "file://"]
)
def test_no_other_site_opens_the_till(origin: str | None) -> None:
    assert not _HERE.comes_from_here(origin, "127.0.0.1:8100")
    assert _HERE.comes_from_here("http://127.0.0.1:8100", "127.0.0.1:8100")


def test_a_name_that_is_pointed_here_opens_nothing_even_from_its_own_page() -> None:
    assert not _HERE.comes_from_here("http://evil.example:8100", "evil.example:8100")


def test_loopback_alone_is_this_machine() -> None:
    assert [is_own_machine(host) for host in ("127.0.0.1", "::1", "localhost")] == [True] * 3
    assert [is_own_machine(host) for host in ("0.0.0.0", "::", "192.168.1.5", "till.shop")] == [False] * 4  # noqa: S104


def test_the_page_loads_nothing_from_another_host() -> None:
    for name in ("page.html", "page.css", "page.js"):
        text = (files("terminal.browser") / name).read_text(encoding="utf-8")
        assert not re.search(r"(https?:)?//[a-z]", text), name


def test_the_page_speaks_the_tills_language() -> None:
    async def read() -> str:
        app = serving_module.page_app(("true",), _HERE, {})
        async with TestClient(TestServer(app)) as client, client.get("/") as answer:
            assert answer.status == 200
            return await answer.text()

    speak("de")
    page = asyncio.run(read())
    assert '<html lang="de">' in page
    assert "Die Kasse wird geöffnet …" in page
    assert "$" not in page


def test_other_machines_are_let_in_only_when_told_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "terminal", "--serve", "--host", "0.0.0.0"],  # noqa: S104 - it is refused
        env={**os.environ, "TALLYSTICK_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "whoever opens the page is at the till" in done.stderr


def test_foreign_hosts_and_origins_are_refused(live_shop: Shop) -> None:
    async def story(url: str, client: ClientSession) -> None:
        async with client.get(url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with client.get(url) as answer:
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for headers in ({}, {"Origin": "http://evil.example"}):
            async with client.get(f"{url}ws", headers=headers) as answer:
                assert answer.status == 403

    with serving(live_shop) as url:
        run(url, story)


def test_a_second_tab_is_told_that_the_till_is_open_and_gets_it_once_the_first_is_closed(live_shop: Shop) -> None:
    async def story(url: str, client: ClientSession) -> None:
        async with tab(client, url) as first:
            await sees(first, b"Open a shift")
            async with tab(client, url) as second:
                await sees(second, b"open already")
        async with tab(client, url) as third:
            await sees(third, b"Open a shift")
            await leaves(third)
        async with tab(client, url) as fourth:
            await sees(fourth, b"Open a shift")
            await fourth.send_str("{")  # no tab says that
            await ends(fourth)

    with serving(live_shop) as url:
        run(url, story)


@contextmanager
def serving(shop: Shop) -> Iterator[str]:
    """`tallystick terminal --serve` on an enrolled shop; the page's address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "terminal", "--serve", "--port", "0"],
        env={**os.environ, "TALLYSTICK_HOME": str(shop.home), "LANGUAGE": "en"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        found = re.search(r"http://\S+/", server.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        server.terminate()
        server.communicate(timeout=_PATIENCE_S)
    assert server.returncode == 0


def run(url: str, story: Callable[[str, ClientSession], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        async with ClientSession() as client:
            await story(url, client)

    asyncio.run(told())


@asynccontextmanager
async def tab(client: ClientSession, url: str) -> AsyncIterator[ClientWebSocketResponse]:
    async with client.ws_connect(f"{url}ws?width=80&height=24", origin=url.rstrip("/")) as socket:
        yield socket


async def ends(socket: ClientWebSocketResponse, patience: float = _PATIENCE_S) -> None:
    """Wait until a tab is told that the till has ended, whatever else it is sent before."""
    async with asyncio.timeout(patience):
        while not socket.closed:
            await socket.receive()


async def leaves(socket: ClientWebSocketResponse) -> None:
    """Press Ctrl-Q until the till ends: a key right behind another, or one for a screen that is going, is dropped."""
    for _ in range(_MORE_KEYS):
        await asyncio.sleep(APART_S)
        await socket.send_json(["stdin", "\x11"])
        with suppress(TimeoutError):
            await ends(socket, BETWEEN_TRIES_S)
            return
    await ends(socket)


async def sees(socket: ClientWebSocketResponse, *texts: bytes, patience: float = _PATIENCE_S) -> None:
    """Wait until what a tab was sent holds one of some texts; a till always has something to say, if not that."""
    seen = b""
    try:
        async with asyncio.timeout(patience):
            while not any(text in seen for text in texts):
                message = await socket.receive()
                assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), seen
                seen += message.data if message.type is WSMsgType.BINARY else b""
    except TimeoutError:
        raise AssertionError(f"never came: {texts!r}; but {seen[-4_000:]!r}") from None

"""Pages that are told of changes: nobody takes them from others, and none outlives its session."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from syncserver.api.app import make_app
from syncserver.api.rest.limits import Limits
from syncserver.console import live, streams
from syncserver.console.routes import ROUTES
from syncserver.overview.needs import read_needs
from syncserver.people import approving, second_factor
from syncserver.people.access import Caller, Role
from tests.syncserver.console.kit import HOST, Browser, open_browser
from tests.syncserver.kit import Shop
from tests.syncserver.processes import eventually

pytestmark = pytest.mark.anyio
LIVE = "/console/live"
OPERATOR = Caller(bytes(16), Role.SUPERADMIN)
TOLD_NO_MORE = "This page is told of changes no more"


class Server:
    """One process's console, and the pages that are open at it."""

    def __init__(self, shop: Shop, limits: Limits | None = None) -> None:
        self.app = make_app(shop.services, limits=limits, pages=ROUTES)
        self._tasks: list[asyncio.Task[httpx.Response]] = []
        self._clients: list[httpx.AsyncClient] = []

    def client(self, browser: Browser) -> httpx.AsyncClient:
        """A tab of a browser."""
        transport = httpx.ASGITransport(app=self.app)
        made = httpx.AsyncClient(transport=transport, base_url=HOST, cookies=browser.http.cookies)
        self._clients.append(made)
        return made

    async def open(self, browser: Browser) -> asyncio.Task[httpx.Response]:
        """A page that stays open; its place is taken when this returns."""
        before = self.taken()
        task = asyncio.create_task(self.client(browser).get(LIVE))
        self._tasks.append(task)

        async def is_open() -> bool:
            return task.done() or self.taken() != before

        await eventually(is_open)
        return task

    def taken(self) -> list[streams.Stream]:
        return list(self.app.state.streams._open) if hasattr(self.app.state, "streams") else []

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def opened(shop: Shop, limits: Limits | None = None) -> AsyncIterator[Server]:
    server = Server(shop, limits)
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
async def server(shop: Shop) -> AsyncIterator[Server]:
    async with opened(shop) as made:
        yield made


async def test_a_new_page_of_a_session_ends_its_oldest(server: Server, admin: Browser) -> None:
    pages = [await server.open(admin) for _ in range(streams.MOST_OF_SESSION + 1)]
    oldest = await pages[0]
    assert oldest.text.endswith("event: over\ndata: over\n\n")
    assert TOLD_NO_MORE in oldest.text
    assert "flagged payments" in oldest.text, "what it showed stays there"
    assert not any(page.done() for page in pages[1:])
    assert len(server.taken()) == streams.MOST_OF_SESSION


async def test_one_admin_takes_no_page_from_another(
    shop: Shop, server: Server, admin: Browser, second_admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST", streams.MOST_OF_PERSON + 1)
    bobs = await server.open(second_admin)
    async with open_browser(shop) as another, open_browser(shop) as third:
        for one in (another, third):
            one.generator = admin.generator
            await one.sign_in("ada")
        pages = [await server.open(one) for one in (admin, another, third) for _ in range(streams.MOST_OF_SESSION)]
        await asyncio.wait(pages[: streams.MOST_OF_SESSION])
        assert [page.done() for page in pages] == [True] * 3 + [False] * 6
        assert all(TOLD_NO_MORE in page.result().text for page in pages[:3])
        assert not bobs.done()


async def test_where_there_are_too_many_of_others_it_is_said_when_to_ask_again(
    server: Server, admin: Browser, second_admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST", 1)
    first = await server.open(admin)
    answer = await server.client(second_admin).get(LIVE)
    assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (503, True)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert not (await server.open(second_admin)).done(), "a place is free as soon as a page is closed"


async def ends_by_signing_out(_: Shop, admin: Browser) -> None:
    await admin.do("/console/account", "/console/sign-out")


async def ends_by_a_block(shop: Shop, admin: Browser) -> None:
    await approving.block(shop.services, OPERATOR, admin.user_id, "gone")


async def ends_by_time(shop: Shop, _: Browser) -> None:
    shop.clock.forward(16 * 60_000)


async def ends_by_a_reset(shop: Shop, admin: Browser) -> None:
    await second_factor.reset(shop.services, admin.user_id)


@pytest.mark.parametrize("ends", [ends_by_signing_out, ends_by_a_block, ends_by_time, ends_by_a_reset])
async def test_a_page_is_told_nothing_more_when_its_session_ends(
    shop: Shop, server: Server, admin: Browser, ends: Callable[[Shop, Browser], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(live, "LOOKS", 100_000)
    page = await server.open(admin)
    assert not page.done()
    await ends(shop, admin)
    told = (await page).text
    assert "You are signed in no more" in told.rpartition("event: needs")[2]
    assert told.endswith("event: over\ndata: over\n\n")
    assert server.taken() == []


async def test_whoever_asks_too_often_to_be_told_still_has_the_pages(shop: Shop, admin: Browser) -> None:
    now = 0
    async with opened(shop, Limits(clock=lambda: now)) as server:
        server.app.state.streams = streams.Streams([streams.Stream(OPERATOR)] * streams.MOST)  # nobody gets in
        tab = server.client(admin)
        asked = [await tab.get(LIVE) for _ in range(61)]
        assert [answer.status_code for answer in asked] == [503] * 60 + [429]
        assert asked[-1].headers["Retry-After"] == "60"
        assert (await tab.get("/console/account")).status_code == 200


async def test_nothing_is_made_for_a_reader_who_has_not_read_what_there_is(
    shop: Shop, server: Server, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    looks = 0

    async def counted(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return await read_needs(*arguments)

    monkeypatch.setattr(live, "read_needs", counted)
    stuck, gone = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            stuck.set()
            await gone.wait()  # as a full socket does

    asked = False

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await gone.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    cookies = "; ".join(f"{name}={value}" for name, value in admin.http.cookies.items())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": LIVE,
        "raw_path": LIVE.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"console.example"), (b"cookie", cookies.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("console.example", 443),
    }
    reading = asyncio.create_task(server.app(scope, receive, send))
    await stuck.wait()
    for _ in range(20):
        await shop.services.pool.fetchval("SELECT 1")
    assert looks == 1
    gone.set()
    await reading
    assert server.taken() == []

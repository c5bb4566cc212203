"""A real browser before a real server: Debian's Chromium, driven by Playwright, over loopback."""

import asyncio
import gzip
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyotp
import uvicorn
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright

from syncserver.api.app import make_app
from syncserver.console.routes import ROUTES
from syncserver.people.access import Role
from tests.syncserver.kit import Shop, Unlimited
from tests.syncserver.rest.people import PASSWORD, admin_with_password

# Where somebody wants to look at the pages: each is kept there as a picture.
PICTURES = "TALLYSTICK_PICTURES"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDE = {"width": 1280, "height": 900}


@cache
def axe() -> str:
    """The rules of accessibility, as a script."""
    return gzip.decompress((Path(__file__).parent / "axe" / "axe.min.js.gz").read_bytes()).decode()


@dataclass(slots=True)
class Seat:
    """Somebody before a browser of their own, signed in or not.

    Attributes:
        said: what the browser complained of: scripts that a policy stopped, dialogs, errors.
    """

    shop: Shop
    url: str
    context: BrowserContext
    page: Page
    login: str = ""
    generator: pyotp.TOTP | None = None
    said: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        """Open a page of the console."""
        await self.page.goto(self.url + path)

    def one_time_password(self) -> str:
        """What the generator shows; the clock goes on to the next, since each is good once."""
        assert self.generator is not None
        self.shop.clock.forward(30_000)
        return self.generator.generate_otp(self.shop.clock.now // 30_000)

    async def sign_in(self, login: str) -> None:
        """As people do, by the keyboard alone; the second factor is set up where there is none."""
        self.login, keys = login, self.page.keyboard
        await self.go("/console/sign-in")
        await self.page.locator("#f-login:focus").wait_for()
        await keys.type(login)
        await keys.press("Tab")
        await keys.type(PASSWORD)
        await keys.press("Enter")
        await self.page.wait_for_url("**/second-factor*/**" if self.generator is None else "**/second-factor*")
        if self.generator is None:
            secret = await self.page.inner_text(".secret")
            self.generator = pyotp.TOTP(secret.replace(" ", ""))
        await self.page.locator("#f-password:focus").wait_for()
        await keys.type(self.one_time_password())
        async with self.page.expect_navigation():
            await keys.press("Enter")
        if await self.page.locator("ul.codes").count():
            await self.page.get_by_role("link", name="I have them").click()
        await self.page.wait_for_url("**/console/")

    async def text(self) -> str:
        """What the page says."""
        return " ".join((await self.page.inner_text("body")).split())

    async def findings(self) -> list[str]:
        """What is serious of what the rules of accessibility find on this page."""
        await self.page.evaluate(axe())
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]} ({one['nodes'][0].get('failureSummary', '')[:200]})"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    async def keep_picture(self, name: str) -> None:
        """Keep a picture of the page where somebody wants to look at them."""
        folder = os.environ.get(PICTURES)
        if folder:
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@dataclass(slots=True)
class Office:
    """A server that listens, and seats before browsers."""

    shop: Shop
    url: str
    chromium: Chromium

    async def seat(
        self, login: str | None = None, *, script: bool = True, role: Role = Role.ADMIN, **more: Any
    ) -> Seat:
        """A browser with cookies of its own; a new admin signs in where a login is named."""
        context = await self.chromium.new_context(
            viewport=more.pop("viewport", WIDE), java_script_enabled=script, **more
        )
        page = await context.new_page()
        page.set_default_timeout(30_000)
        seat = Seat(self.shop, self.url, context, page)

        async def dialog(opened: Any) -> None:
            seat.said.append(f"dialog: {opened.message}")
            await opened.dismiss()

        def console(message: ConsoleMessage) -> None:
            if message.type == "error" and "status of 4" not in message.text:
                seat.said.append(message.text)

        page.on("dialog", dialog)
        page.on("console", console)
        page.on("pageerror", lambda error: seat.said.append(str(error)))
        if login is not None:
            await admin_with_password(self.shop, login, role)
            await seat.sign_in(login)
        return seat


@asynccontextmanager
async def open_office(shop: Shop) -> AsyncIterator[Office]:
    """A server over a shop, on loopback, and a browser."""
    app = make_app(shop.services, limits=Unlimited(), pages=ROUTES)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # they are the test runner's
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
                )
                yield Office(shop, f"http://localhost:{listener.getsockname()[1]}", chromium)
                await chromium.close()
        finally:
            server.should_exit = True
            await running

"""An admin at a browser: signs in as people do, follows links, fills in forms, and reads what pages say."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx
import pyotp

from shared.ids import uuid7
from syncserver.api.app import make_app
from syncserver.console.routes import ROUTES
from syncserver.people.access import Role
from tests.syncserver.kit import Shop, Unlimited
from tests.syncserver.rest.people import PASSWORD, admin_with_password

HOST = "https://console.example"


class _Reader(HTMLParser):
    """The text that a page shows, and the fields of its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.forms: list[dict[str, dict[str, str]]] = []
        self.links: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "title"):
            self._hidden += 1
        elif tag == "form":
            self.forms.append({"": {"action": named.get("action", ""), "method": named.get("method", "get")}})
        elif tag in ("input", "select", "textarea", "button") and self.forms and "name" in named:
            self.forms[-1][named["name"]] = named
        elif tag == "a":
            self.links.append(named.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "title"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.text.append(" ".join(data.split()))


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as somebody reads it."""

    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def html(self) -> str:
        return self.answer.text

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.answer.text)
        return reader

    @property
    def text(self) -> str:
        """All that it says, with single spaces."""
        return " ".join(self._read().text)

    @property
    def links(self) -> list[str]:
        return self._read().links

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form that is sent to an address, with what they hold."""
        for form in self._read().forms:
            if form[""]["action"].partition("?")[0] == action and form[""]["method"] == "post":
                return {name: field.get("value", "") for name, field in form.items() if name}
        raise AssertionError(f"no form for {action} among {[form['']['action'] for form in self._read().forms]}")


@dataclass(slots=True)
class Browser:
    """One browser with its cookies, and whoever sits at it."""

    shop: Shop
    http: httpx.AsyncClient
    login: str = ""
    user_id: bytes = b""
    generator: pyotp.TOTP | None = None

    async def get(self, path: str, **query: str) -> Shown:
        """A page, after whatever it sends one to."""
        answer = await self.http.get(path, params=query or None, follow_redirects=True)
        return Shown(answer)

    async def send(self, page: Shown, action: str, **fields: str) -> Shown:
        """Fill in the form of a page and send it; the page that follows."""
        return await self.post(action, page.form(action) | fields)

    async def post(self, action: str, fields: dict[str, str], **headers: str) -> Shown:
        """Send fields as a form of this host does, or with headers of one's own."""
        sent = headers or {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}
        answer = await self.http.post(action, data=fields, headers=sent, follow_redirects=True)
        return Shown(answer)

    async def do(self, where: str, action: str, **fields: str) -> Shown:
        """Open a page, fill in one of its forms and send it."""
        return await self.send(await self.get(where), action, **fields)

    def one_time_password(self) -> str:
        """What the generator shows now; the clock goes on to the next one, since each is good once."""
        assert self.generator is not None
        self.shop.clock.forward(30_000)
        return self.generator.generate_otp(self.shop.clock.now // 30_000)

    async def sign_in(self, login: str, password: str = PASSWORD) -> Shown:
        """By password, and by the second factor: which is set up where there is none."""
        self.login = login
        shown = await self.do("/console/sign-in", "/console/sign-in", login=login, password=password)
        if shown.answer.url.path == "/console/second-factor/set-up":
            found = re.search(r'class="secret">([A-Z2-7 ]+)<', shown.html)
            assert found is not None, shown.text
            self.generator = pyotp.TOTP(found[1].replace(" ", ""))
            return await self.send(shown, "/console/second-factor/set-up", password=self.one_time_password())
        return await self.send(shown, "/console/second-factor", password=self.one_time_password())


@asynccontextmanager
async def open_browser(shop: Shop) -> AsyncIterator[Browser]:
    """A browser that nobody has signed in at."""
    transport = httpx.ASGITransport(app=make_app(shop.services, limits=Unlimited(), pages=ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as http:
        yield Browser(shop, http)


@asynccontextmanager
async def open_admin(shop: Shop, login: str = "ada", role: Role = Role.ADMIN) -> AsyncIterator[Browser]:
    """A browser at which a new admin has signed in."""
    async with open_browser(shop) as browser:
        browser.user_id = await admin_with_password(shop, login, role)
        shown = await browser.sign_in(login)
        assert shown.status == 200, shown.text
        yield browser


def new_key(shop: Shop) -> str:
    """A form's key that was never used."""
    return uuid7(shop.clock(), shop.services.random(10)).hex()

"""What is said when something is wrong: what to do, with what was typed, and nothing of how the server is made."""

import re

import asyncpg
import httpx
import pytest

from syncserver.api.app import make_app
from syncserver.api.rest.limits import Limits
from syncserver.console import gate
from syncserver.console.pages import home
from syncserver.console.routes import ROUTES
from syncserver.people import web_sessions
from tests.syncserver.console.kit import HOST, Browser, Shown, new_key, open_browser
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import data
from tests.syncserver.rest.people import PASSWORD, register

pytestmark = pytest.mark.anyio
REASON = "not the person in the <photo>"
SENT = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}


def limited(shop: Shop, browser: Browser) -> httpx.AsyncClient:
    """The same browser at a process that counts."""
    transport = httpx.ASGITransport(app=make_app(shop.services, limits=Limits(clock=lambda: 0), pages=ROUTES))
    return httpx.AsyncClient(transport=transport, base_url=HOST, cookies=browser.http.cookies, headers=SENT)


async def test_who_asks_too_often_is_told_when_to_ask_again(shop: Shop, admin: Browser) -> None:
    async with limited(shop, admin) as http:
        for _ in range(300):
            await http.get("/console/search")
        shown = Shown(await http.get("/console/audit", params={"actor": "ada"}))
    assert (shown.status, shown.answer.headers["Retry-After"]) == (429, "60")
    assert "Try again in 60 s" in shown.text
    assert "/console/audit?actor=ada" in shown.links


async def test_who_tries_too_many_passwords_is_told_when_to_try_again_and_keeps_the_login(
    shop: Shop, browser: Browser
) -> None:
    async with limited(shop, browser) as http:
        form = {"once": "-", "login": "ada", "password": "no password of mine"}
        for _ in range(5):
            await http.post("/console/sign-in", data=form)
        shown = Shown(await http.post("/console/sign-in", data=form))
    assert (shown.status, shown.answer.headers["Retry-After"]) == (429, "60")
    assert "no password of mine" not in shown.html


async def test_a_page_while_the_database_is_away_says_so_and_when_to_come_back(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise asyncpg.CannotConnectNowError("the database system is starting up at 10.1.2.3")

    monkeypatch.setattr(web_sessions, "resume", away)
    shown = await admin.get("/console/audit")
    assert (shown.status, int(shown.answer.headers["Retry-After"]) >= 1) == (503, True)
    assert "can't reach its database" in shown.text
    assert "10.1.2.3" not in shown.html
    live = await admin.http.get("/console/live")
    assert (live.status_code, "Retry-After" in live.headers) == (503, True)


async def test_a_defect_shows_its_number_and_nothing_else(admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise LookupError("SELECT secret FROM second_factor")

    monkeypatch.setattr(home, "read_needs", broken)
    shown = await admin.get("/console/")
    assert shown.status == 500
    assert "SELECT" not in shown.html
    assert "LookupError" not in shown.html
    assert shown.answer.headers["Content-Security-Policy"] == gate.SAFE["Content-Security-Policy"]
    assert re.search(r"Request [0-9a-f-]{36}", shown.text)


async def test_a_form_that_met_a_defect_is_sent_again_from_there_and_done_once(
    shop: Shop, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = data(await register(shop, "eve"))["userId"]
    address = f"/console/customers/{user_id}/reject"
    page = await admin.get("/console/customers/waiting")
    with monkeypatch.context() as patched:

        async def away(*_: object, **__: object) -> None:
            raise ConnectionResetError("postgres://secret@10.1.2.3")

        patched.setattr(web_sessions, "leave_notice", away)  # after it was done
        shown = await admin.send(page, address, reason=REASON)
    assert shown.status == 503
    assert "<photo>" not in shown.html
    assert "10.1.2.3" not in shown.html
    assert shown.form(address)["reason"] == REASON
    again = await admin.send(shown, address)
    assert (again.status, "Rejected can't become rejected" in again.text) == (409, True)
    states = await shop.services.pool.fetch("SELECT reason FROM person WHERE state = 'rejected'")
    assert [row["reason"] for row in states] == [REASON]


async def test_what_was_typed_when_the_session_had_ended_is_not_lost(shop: Shop, admin: Browser) -> None:
    user_id = data(await register(shop, "eve"))["userId"]
    address = f"/console/customers/{user_id}/reject"
    page = await admin.get("/console/customers/waiting")
    shop.clock.forward(16 * 60_000)
    shown = await admin.send(page, address, reason=REASON)
    assert (shown.status, "Sign in in another tab" in shown.text) == (401, True)
    async with open_browser(shop) as tab:
        tab.generator = admin.generator
        await tab.sign_in("ada")
        admin.http.cookies = tab.http.cookies
        assert (await admin.send(shown, address)).status == 200
    assert await shop.services.pool.fetchval("SELECT count(*) FROM person WHERE state = 'rejected'") == 1


async def test_no_page_shows_a_password_that_was_sent_while_signed_out(browser: Browser) -> None:
    fields = {"once": "1", "old_password": PASSWORD, "new_password": "another good password"}
    shown = await browser.post("/console/account/password", fields)
    assert shown.status == 401
    assert PASSWORD not in shown.html
    assert "another good password" not in shown.html


async def test_another_site_gets_nothing_of_what_it_sent(admin: Browser) -> None:
    fields = {"once": "1", "reason": "of another site"}
    shown = await admin.post("/console/account/sign-out-everywhere", fields, Origin="https://evil.example")
    assert (shown.status, "of another site" in shown.html) == (403, False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/console/account/password"),
        ("POST", "/console/audit"),
        ("PUT", "/console/"),
        ("DELETE", "/console/nowhere"),
        ("GET", "/console/nowhere"),
    ],
)
async def test_what_is_no_page_is_answered_by_one(admin: Browser, method: str, path: str) -> None:
    shown = Shown(await admin.http.request(method, path))
    assert (shown.status, "There is nothing here" in shown.text) == (404, True)
    assert shown.answer.headers["X-Frame-Options"] == "DENY"


async def test_each_of_these_says_what_to_do(shop: Shop, admin: Browser) -> None:
    nobody = "0192f0c1-0000-7000-8000-000000000000"
    missing = await admin.get(f"/console/audit/entries/{nobody}")
    assert (missing.status, "search box" in missing.text) == (404, True)
    wrong = await admin.get("/console/audit", since="never")
    assert (wrong.status, "put right what is named above" in wrong.text) == (422, True)
    forged = await admin.post("/console/account/sign-out-everywhere", {"once": new_key(shop), "more": "1"})
    assert (forged.status, "put right" in forged.text) == (422, True)

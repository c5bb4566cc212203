"""Who gets in: every page asks, no other site may change anything, and nothing foreign runs."""

import re

import pytest

from shared.ids import uuid_text
from syncserver.console.page import PREFIX, Page
from syncserver.console.routes import PAGES
from tests.syncserver.console.kit import HOST, Browser
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio
GUARDED = [page for page in PAGES if page.signed_in]
# What a browser says of a form of another site, of a sibling, of a page without an origin; and what is no browser.
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": HOST, "Sec-Fetch-Site": "cross-site"},
    {"Origin": HOST + ":8443"},
    {"Sec-Fetch-Site": "same-site"},
    {"X-Nothing": "no origin at all"},
)


def address(page: Page) -> str:
    """The page's address with ids that nobody has."""
    return PREFIX + re.sub(r"\{\w+(:\w+)?\}", uuid_text(bytes(16)), page.path)


async def test_nobody_sees_or_changes_anything_without_a_session(browser: Browser) -> None:
    for page in GUARDED:
        if page.changes:
            shown = await browser.post(address(page), {"once": "1"})
            assert shown.status == 401, page.path
        else:
            shown = await browser.get(address(page))
            assert shown.answer.url.path == "/console/sign-in", page.path


async def test_no_other_site_changes_anything(admin: Browser) -> None:
    changing = [page for page in PAGES if page.changes]
    assert len(changing) > 10
    for page in changing:
        for headers in FOREIGN:
            shown = await admin.post(address(page), {"once": "1"}, **headers)
            assert (shown.status, "not sent by a page of this server" in shown.text) == (403, True), page.path


async def test_every_answer_forbids_what_is_foreign(shop: Shop, admin: Browser) -> None:
    assert shop.services
    for path in ("/console/", "/console/nowhere", "/console/static/console.css", "/console/devices?state=x"):
        headers = (await admin.get(path)).answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        if "static" not in path:
            assert headers["cache-control"] == "no-store"


async def test_pages_hold_no_script_and_no_style_of_their_own(admin: Browser) -> None:
    for path in ("/console/", "/console/account", "/console/devices", "/console/vendors", "/console/customers"):
        html = (await admin.get(path)).html
        assert not re.search(r"<script(?! src)|<style|\sstyle=|\son\w+=|javascript:", html)
        assert not re.search(r'(src|href|action)="(https?:)?//', html)


async def test_what_is_not_there_is_told_as_a_page(admin: Browser, browser: Browser) -> None:
    for one in (admin, browser):
        shown = await one.get("/console/no/such/page")
        assert (shown.status, "There is nothing here" in shown.text) == (404, True)
    assert (await admin.get("/console/devices/not-an-id")).status == 422
    assert (await admin.get("/console/static/../page.py")).status == 404
    assert (await admin.get("/console/static/LICENSE")).status == 404


@pytest.mark.parametrize("query", ["state=%00", "cursor=x", "strange=1", "state=a&state=b", "cursor=" + "9" * 5_000])
async def test_a_strange_address_is_told_as_a_page(admin: Browser, query: str) -> None:
    shown = await admin.get(f"/console/devices?{query}")
    assert (shown.status, "That did not work" in shown.text) == (422, True)


@pytest.mark.parametrize("body", [b"", b"a", b"reason=%ff", b"reason=a&reason=b", b"x=1", b"reason=" + b"a" * 100_000])
async def test_a_strange_form_is_told_as_a_page_and_changes_nothing(admin: Browser, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HOST}
    path = f"/console/devices/{uuid_text(bytes(16))}/quarantine"
    answer = await admin.http.post(path, content=body, headers=headers)
    assert answer.status_code in {404, 413, 422}
    assert "<html" in answer.text

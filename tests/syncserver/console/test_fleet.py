"""Terminals on the console: enrolled by a token, looked at, quarantined, released and revoked."""

import re

import pytest

from shared.ids import uuid_text
from shared.keys import SigningKey
from tests.syncserver.console.kit import Browser
from tests.syncserver.kit import HOUR, FakeTerminal, Shop

pytestmark = pytest.mark.anyio
DEVICES = "/console/devices"


async def enrolled(shop: Shop, admin: Browser, name: str = "till 1") -> FakeTerminal:
    """A terminal that was enrolled by a token from the console."""
    shown = await admin.do(f"{DEVICES}/new", f"{DEVICES}/new", vendor=uuid_text(shop.vendor))
    found = re.search(r'id="token">([^<]+)<', shown.html)
    assert found is not None, shown.text
    terminal = FakeTerminal(shop, SigningKey.from_seed(bytes(range(32))))
    await terminal.enrol(found[1], name)
    return terminal


async def test_a_terminal_is_enrolled_by_a_token_that_is_shown_once(shop: Shop, admin: Browser) -> None:
    assert "No terminal is like that" in (await admin.get(DEVICES)).text
    terminal = await enrolled(shop, admin)
    listed = await admin.get(DEVICES)
    assert f"{DEVICES}/{uuid_text(terminal.device)}" in listed.links
    assert "enrolled" in listed.text


async def test_what_a_till_says_of_itself_is_shown_and_nothing_else_is_believed(shop: Shop, admin: Browser) -> None:
    terminal = await enrolled(shop, admin)
    page = f"{DEVICES}/{uuid_text(terminal.device)}"
    for header, shown in (
        (f"app=0.1.0;waiting=12;oldest={shop.clock.now - HOUR};at={shop.clock.now + 2500}", "2.5 s fast"),
        ("app=<script>alert(1)</script>", "not told"),
        ("waiting=-1;waiting=2", "not told"),
        ("x" * 5_000, "not told"),
        (None, "not told"),
    ):
        headers = terminal.headers | ({"Tallystick-Till": header} if header is not None else {})
        answer = await shop.http.get("/api/sync/book?since=0", headers=headers)
        assert answer.status_code == 200
        text = (await admin.get(page)).text
        assert shown in text
        assert "script" not in text
    assert "not told" in (await admin.get(DEVICES)).text


async def test_a_silent_terminal_is_found(shop: Shop, admin: Browser) -> None:
    terminal = await enrolled(shop, admin)
    await terminal.pull()
    assert "No terminal is like that" in (await admin.get(DEVICES, state="silent")).text
    shop.clock.forward(25 * HOUR)
    await admin.sign_in("ada")
    assert "till 1" in (await admin.get(DEVICES, state="silent")).text
    assert "silent" in (await admin.get(DEVICES)).text
    assert (await admin.get(DEVICES, state="strange")).status == 422


async def test_a_quarantine_is_imposed_and_ended(shop: Shop, admin: Browser) -> None:
    terminal = await enrolled(shop, admin)
    page = f"{DEVICES}/{uuid_text(terminal.device)}"
    blank = await admin.do(page, f"{page}/quarantine", reason="  ")
    assert blank.status == 422
    shown = await admin.do(page, f"{page}/quarantine", reason="stolen, says the shop")
    assert "The terminal is quarantined" in shown.text
    assert (await shop.http.get("/api/sync/book", headers=terminal.headers)).status_code == 403
    twice = await admin.post(f"{page}/quarantine", {"once": "1", "reason": "again"})
    assert (twice.status, "quarantined or revoked already" in twice.text) == (409, True)
    assert "The quarantine is over" in (await admin.do(page, f"{page}/release")).text
    assert (await terminal.pull()).device == terminal.device


async def test_a_revoked_terminal_gets_no_book_and_its_payments_are_flagged(shop: Shop, admin: Browser) -> None:
    terminal = await enrolled(shop, admin)
    code = (await shop.codes(await shop.customer()))[0]
    page = f"{DEVICES}/{uuid_text(terminal.device)}"
    shown = await admin.do(page, f"{page}/revoke")
    assert "revoked" in shown.text
    terminal.open_shift()
    _, raw = terminal.pay(code, 500)
    assert (await shop.http.get("/api/sync/book", headers=terminal.headers)).status_code == 403
    assert raw
    assert (await admin.post(f"{page}/revoke", {"once": "1"})).status == 409


async def test_a_terminal_goes_on_in_another_epoch(shop: Shop, admin: Browser) -> None:
    terminal = await enrolled(shop, admin)
    page = f"{DEVICES}/{uuid_text(terminal.device)}"
    shown = await admin.do(page, f"{page}/enrol-again")
    found = re.search(r'id="token">([^<]+)<', shown.html)
    assert found is not None
    again = FakeTerminal(shop, SigningKey.from_seed(bytes(range(1, 33))))
    await again.enrol(found[1], "till 1 again")
    assert (again.device, again.epoch) == (terminal.device, 2)
    assert "till 1 again" in (await admin.get(page)).text


async def test_a_name_that_a_terminal_chose_runs_nowhere(shop: Shop, admin: Browser) -> None:
    terminal = await enrolled(shop, admin, "<script>alert(1)</script>")
    for page in (DEVICES, f"{DEVICES}/{uuid_text(terminal.device)}", f"/console/vendors/{uuid_text(shop.vendor)}"):
        html = (await admin.get(page)).html
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


async def test_hundreds_of_terminals_come_in_pages(shop: Shop, admin: Browser) -> None:
    await shop.services.pool.execute(
        "INSERT INTO device (device, vendor, name, model, lat, lon, epoch, created_at) "
        "SELECT gen_random_uuid(), (SELECT vendor FROM vendor), 'till ' || n, 'test', 0, 0, 1, 0 "
        "FROM generate_series(1, 120) n"
    )
    seen: list[str] = []
    shown = await admin.get(DEVICES)
    while True:
        seen += [link for link in shown.links if re.fullmatch(DEVICES + "/[0-9a-f-]{36}", link)]
        following = [link for link in shown.links if "cursor=" in link]
        if not following:
            break
        shown = await admin.get(following[0])
    assert (len(seen), len(set(seen))) == (120, 120)

"""The first page: what needs a person, with counts that lead to lists, and today's figures."""

import re
from typing import Any

import pytest

from shared.ids import uuid_text
from syncserver.console import glance, live
from syncserver.overview.activity import read_activity
from syncserver.overview.risk import read_fleet_exposure
from syncserver.people.access import Role
from tests.syncserver.console.kit import Browser
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import data, person

pytestmark = pytest.mark.anyio


def counts(html: str) -> dict[str, str]:
    """What each tile says, by where it leads."""
    return dict(re.findall(r'<a class="tile[^"]*" href="([^"]+)"><strong>([^<]+)</strong>', html))


async def test_a_new_server_has_nothing_to_do(admin: Browser) -> None:
    shown = await admin.get("/console/")
    tiles = counts(shown.html)
    assert tiles.pop("/console/audit?by=command") == "1", "she was made by command"
    assert set(tiles.values()) == {"0"}
    assert "admin.create" in (await admin.get("/console/audit", by="command")).text
    assert "second-factor.set-up</td>" not in (await admin.get("/console/audit", by="command")).html
    assert "Nothing has come in since midnight" in shown.text
    assert "There is no terminal yet" in shown.text


async def test_what_came_in_is_counted_and_flagged_payments_lead_to_their_list(shop: Shop, admin: Browser) -> None:
    terminal = await shop.terminal()
    codes = await shop.codes(await shop.customer())
    raws = [terminal.open_shift(), terminal.pay(codes[0], 700)[1]]
    shop.clock.forward(5 * HOUR)
    raws += [terminal.pay(codes[1], 1_250)[1], terminal.pay(codes[0], 300)[1]]
    await terminal.log_in()
    await terminal.upload(*raws)
    await admin.sign_in("ada")
    html = (await admin.get("/console/")).html
    flagged = await shop.services.pool.fetchval("SELECT count(*) FROM payment WHERE state = 'FLAGGED'")
    assert (counts(html)["/console/flagged"], flagged) == ("1", 1)
    text = (await admin.get("/console/")).text
    assert "19.50 EUR" in text
    assert "CODE_SPENT" in text
    overview = data(await person(shop, Role.ADMIN).get("/api/overview"))
    assert overview["needs"]["flagged"] == flagged
    assert {one["within"]: one["payments"] for one in overview["delays"] if one["payments"]} == {"1 min": 2, "6 h": 1}
    assert overview["risk"][0]["terminals"] == 1
    assert overview["risk"][0]["bound"]["minor"] == 500_000 + overview["risk"][0]["flagged"]["minor"]
    vendor = data(await person(shop, Role.ADMIN).get(f"/api/vendors/{uuid_text(shop.vendor)}/exposure"))
    assert overview["risk"][0]["bound"] == vendor["bound"]


async def test_a_day_that_takes_long_to_count_is_counted_seldom_and_the_bound_is_not(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = {"today": 0, "bound": 0}

    async def count_today(*arguments: Any) -> Any:
        counted["today"] += 1
        shop.clock.forward(3_000)
        return await read_activity(*arguments)

    async def count_bound(*arguments: Any) -> Any:
        counted["bound"] += 1
        return await read_fleet_exposure(*arguments)

    monkeypatch.setattr(glance, "read_activity", count_today)
    monkeypatch.setattr(glance, "read_fleet_exposure", count_bound)
    page = glance.Glance()
    first = (await page.figures(shop.services)).at
    for _ in range(5):
        shop.clock.forward(11_000)
        assert (await page.figures(shop.services)).at == first
    assert counted == {"today": 1, "bound": 6}
    shop.clock.forward(5_000)
    assert (await page.figures(shop.services)).at == first + 3_000 + 60_000
    assert counted["today"] == 2


async def test_the_page_is_told_when_something_comes_and_when_the_session_is_over(
    shop: Shop, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(live, "LOOKS", 3)
    told = (await admin.http.get("/console/live")).text
    assert told.count("event: needs") == 1
    assert "flagged payments" in told
    shop.clock.forward(16 * 60_000)
    assert (await admin.http.get("/console/live")).status_code == 401


async def test_a_page_that_is_only_open_keeps_no_session_alive(
    shop: Shop, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOKS", 1)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    for _ in range(3):
        shop.clock.forward(6 * 60_000)
        answer = await admin.http.get("/console/live")
    assert answer.status_code == 401


async def test_nobody_else_is_told(shop: Shop, browser: Browser) -> None:
    assert (await browser.http.get("/console/live")).status_code == 401
    assert shop.services

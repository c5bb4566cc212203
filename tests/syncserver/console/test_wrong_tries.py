"""Who tried to sign in as an admin and could not: that admin is told, and locks stand in the audit trail."""

import re
from typing import Any

import pytest

from shared.ids import uuid_text
from syncserver.audit import trail
from syncserver.audit.trail import Filter
from syncserver.maintenance.rounds import one_round
from syncserver.people import sessions
from syncserver.sync.turns import Turns
from tests.syncserver.console.kit import Browser, open_browser
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import data
from tests.syncserver.rest.people import PASSWORD, admin_with_password, approved

pytestmark = pytest.mark.anyio
GET_IN = "/console/sign-in"
SECOND = "/console/second-factor"
MINUTE = 60_000
GUESS = "a guess at it"


async def guess(browser: Browser, login: str, times: int) -> None:
    for _ in range(times):
        shown = await browser.do(GET_IN, GET_IN, login=login, password=GUESS)
        assert shown.status == 401


async def noted(shop: Shop, action: str) -> list[trail.Entry]:
    async with shop.services.pool.acquire() as connection:
        return await trail.listed(connection, Filter(action=action), limit=1_000)


async def test_an_admin_is_told_of_wrong_tries_once(shop: Shop, admin: Browser, browser: Browser) -> None:
    await guess(browser, "ada", 3)
    half = await browser.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
    for _ in range(2):
        half = await browser.send(half, SECOND, password="000000")
    shop.clock.forward(30 * HOUR)
    await one_round(shop.services)  # forgets what is old
    told = (await admin.sign_in("ada")).text
    assert "5 wrong tries to sign in as you since you were last here, the last at " in told
    assert "from 127.0.0.1" in told
    assert "wrong tr" not in (await admin.get("/console/account")).text
    assert "wrong tr" not in (await admin.sign_in("ada")).text
    begun = (await noted(shop, "session.begin"))[1]
    assert begun.after is not None
    assert (begun.after["wrong_tries"], begun.after["last_wrong_from"]) == (5, "127.0.0.1")


async def test_over_the_api_too(shop: Shop, admin: Browser) -> None:
    right = {"login": "ada", "password": PASSWORD}
    assert (await shop.http.post("/auth/login", json={"login": "ada", "password": GUESS})).status_code == 401
    assert (await shop.http.post("/auth/login", json=right | {"oneTimePassword": "000000"})).status_code == 401
    for count in (2, None):
        answer = data(await shop.http.post("/auth/login", json=right | {"oneTimePassword": admin.one_time_password()}))
        assert (answer["wrongTries"] or {}).get("count") == count
    assert [entry.after and entry.after["over"] for entry in await noted(shop, "session.begin")] == [
        "rest",
        "rest",
        "console",
    ]


async def test_a_lock_is_one_entry_however_many_go_on_guessing(shop: Shop, admin: Browser, browser: Browser) -> None:
    await guess(browser, "ada", 25)
    for _ in range(3):
        await one_round(shop.services)
    (entry,) = await noted(shop, "session.lock")
    assert (entry.actor, entry.object) == ("anonymous", f"person {uuid_text(admin.user_id)}")
    assert entry.origin == "127.0.0.1"
    rows = await shop.services.pool.fetch("SELECT to_jsonb(a)::text AS text FROM audit a")
    assert not any(GUESS in row["text"] or PASSWORD in row["text"] for row in rows)
    assert await shop.services.pool.fetchval("SELECT count(*) FROM login_try") == 1
    shop.clock.forward(31 * MINUTE)
    await guess(browser, "ada", 10)
    await one_round(shop.services)
    assert len(await noted(shop, "session.lock")) == 2, "the next lock is another"
    shop.clock.forward(31 * MINUTE)
    assert "35 wrong tries" in (await admin.sign_in("ada")).text


async def test_a_locked_second_factor_is_one_entry(shop: Shop, admin: Browser, browser: Browser) -> None:
    half = await browser.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
    for _ in range(15):
        half = await browser.send(half, SECOND, password="000000")
    (entry,) = await noted(shop, "second-factor.lock")
    assert (entry.object, entry.origin) == (f"person {uuid_text(admin.user_id)}", "127.0.0.1")
    shop.clock.forward(31 * MINUTE)
    assert "15 wrong tries" in (await admin.sign_in("ada")).text


async def test_a_crowd_that_guesses_leaves_nothing_of_who_is_no_admin(shop: Shop, browser: Browser) -> None:
    await approved(shop, "maria")
    for login in ("maria", "nobody-has-this", "nor-this"):
        await guess(browser, login, 12)
    await one_round(shop.services)
    assert await noted(shop, "session.lock") == []
    shop.clock.forward(2 * HOUR)
    await one_round(shop.services)
    assert await shop.services.pool.fetchval("SELECT count(*) FROM login_try") == 0


async def test_a_new_password_by_the_operator_ends_the_lock_and_not_what_is_to_be_told(
    shop: Shop, admin: Browser, browser: Browser
) -> None:
    await guess(browser, "ada", 12)
    turns = Turns(1, most_waiting=1, seconds=60.0)
    await sessions.reset_password(shop.services, turns, admin.user_id, "another good password")
    assert "12 wrong tries" in (await admin.sign_in("ada", "another good password")).text


async def test_sessions_say_by_what_they_began_and_few_codes_are_told(shop: Shop, browser: Browser) -> None:
    await admin_with_password(shop, "ada")
    codes = re.findall(r"<code>([a-z2-7-]+)</code>", (await browser.sign_in("ada")).html)

    async def come_in(code: str) -> Any:
        async with open_browser(shop) as another:
            shown = await another.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
            return await another.send(shown, SECOND, password=code)

    told = await come_in(codes[0])
    assert "You came in by a recovery code, which is used up." in told.text
    assert "make new ones" not in told.text
    for code in codes[1:7]:
        told = await come_in(code)
    assert "You have only 3 recovery codes left: make new ones on your account's page." in told.text
    account = await browser.get("/console/account")
    assert "set up" in account.text
    assert account.html.count('<span class="badge doubt">recovery code</span>') == 7
    assert '<span class="badge bad">3</span>' in account.html

    renew = "/console/account/recovery-codes"
    refused = await browser.send(account, renew, one_time_password=codes[8])
    assert (refused.status, codes[8] in refused.html) == (401, False)
    new = await browser.send(account, renew, one_time_password=browser.one_time_password())
    assert len(set(re.findall(r"<code>([a-z2-7-]+)</code>", new.html)) - set(codes)) == 10
    assert (await come_in(codes[9])).status == 401
    assert "make new ones" not in (await browser.sign_in("ada")).text

"""Signing in: what gets somebody in, and what does not."""

import re

import pyotp
import pytest

from shared.ids import uuid_text
from syncserver.people import approving, second_factor
from syncserver.people.access import Caller, Role
from tests.syncserver.console.kit import HOST, Browser, open_browser
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import data, person, refused
from tests.syncserver.rest.people import PASSWORD, admin_with_password, approved, log_in, refresh

pytestmark = pytest.mark.anyio
MINUTE = 60_000
GET_IN = "/console/sign-in"
SECOND = "/console/second-factor"
SET_UP = "/console/second-factor/set-up"


async def test_an_admin_signs_in_by_password_and_second_factor(shop: Shop, browser: Browser) -> None:
    await admin_with_password(shop, "ada")
    first = await browser.sign_in("ada")
    assert "Your recovery codes" in first.text
    assert "What needs a person" in (await browser.get("/console/")).text

    async with open_browser(shop) as another:
        another.generator = browser.generator
        assert "What needs a person" in (await another.sign_in("ada")).text


async def test_a_password_alone_opens_nothing(shop: Shop, browser: Browser) -> None:
    await admin_with_password(shop, "ada")
    shown = await browser.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
    assert "second factor" in shown.text
    assert "Sign in" in (await browser.get("/console/")).text
    assert (await browser.post("/console/account/sign-out-everywhere", {"once": "1"})).status == 401


async def test_a_one_time_password_is_good_once_and_no_older_one_after_it(shop: Shop, admin: Browser) -> None:
    used = admin.generator.generate_otp(shop.clock.now // 30_000) if admin.generator else ""
    before = admin.generator.generate_otp(shop.clock.now // 30_000 - 1) if admin.generator else ""
    async with open_browser(shop) as thief:
        shown = await thief.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
        for guess in (used, before, "", "000000", "x" * 40, "\uff11\uff12\uff13\uff14\uff15\uff16"):
            shown = await thief.send(shown, SECOND, password=guess)
            assert (shown.status, "one-time password is not right" in shown.text) == (401, True)
        assert "Sign in" in (await thief.get("/console/")).text


async def test_ten_wrong_one_time_passwords_lock_for_half_an_hour(shop: Shop, admin: Browser) -> None:
    async with open_browser(shop) as thief:
        thief.generator = admin.generator
        shown = await thief.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
        for _ in range(10):
            shown = await thief.send(shown, SECOND, password="000000")
        assert (await thief.send(shown, SECOND, password=thief.one_time_password())).status == 401
        shop.clock.forward(31 * MINUTE)
        assert "What needs a person" in (await thief.sign_in("ada")).text


async def test_a_recovery_code_is_good_once(shop: Shop, browser: Browser) -> None:
    await admin_with_password(shop, "ada")
    codes = re.findall(r"<code>([a-z2-7-]+)</code>", (await browser.sign_in("ada")).html)
    assert len(set(codes)) == 10
    for status in (200, 401):
        async with open_browser(shop) as another:
            shown = await another.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
            assert (await another.send(shown, SECOND, password=codes[0].upper())).status == status
    assert "Recovery codes left 9" in (await browser.get("/console/account")).text


async def test_whoever_is_no_admin_is_told_what_a_wrong_password_is_told(shop: Shop, browser: Browser) -> None:
    await approved(shop, "maria")
    right = await browser.do(GET_IN, GET_IN, login="maria", password=PASSWORD)
    wrong = await browser.do(GET_IN, GET_IN, login="maria", password="another password")
    nobody = await browser.do(GET_IN, GET_IN, login="nobody", password="another password")
    assert right.status == wrong.status == nobody.status == 401
    assert right.form(GET_IN)["login"] == "maria"
    assert all("do not fit" in shown.text for shown in (right, wrong, nobody))
    assert PASSWORD not in right.html


async def test_fifteen_minutes_without_a_page_end_a_session_and_so_do_twelve_hours(shop: Shop, admin: Browser) -> None:
    for _ in range(60):
        shop.clock.forward(14 * MINUTE)
        if "What needs a person" not in (await admin.get("/console/")).text:
            break
    assert 12 * HOUR - 14 * MINUTE <= shop.clock.now - shop.clock.origin <= 12 * HOUR + 15 * MINUTE
    await admin.sign_in("ada")
    shop.clock.forward(16 * MINUTE)
    shown = await admin.get("/console/account")
    assert (shown.answer.url.path, shown.answer.url.params["next"]) == (GET_IN, "/console/account")


async def test_whoever_signs_in_goes_on_to_where_they_wanted_and_to_no_other_host(shop: Shop, admin: Browser) -> None:
    for wanted, path in (
        ("/console/account", "/console/account"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/console/", "/console/"),
        ("/console/..//evil.example", "/console/"),
        ("/console/\\evil.example", "/console/"),
    ):
        async with open_browser(shop) as another:
            another.generator = admin.generator
            shown = await another.get(GET_IN, next=wanted)
            target = f"{GET_IN}?{shown.answer.url.query.decode()}"
            shown = await another.post(target, shown.form(GET_IN) | {"login": "ada", "password": PASSWORD})
            shown = await another.post(
                f"{SECOND}?{shown.answer.url.query.decode()}",
                shown.form(SECOND) | {"password": another.one_time_password()},
            )
            assert str(shown.answer.url).partition("?")[0] == HOST + path


async def test_the_cookie_changes_with_the_second_factor_and_is_kept_from_scripts(shop: Shop, browser: Browser) -> None:
    await admin_with_password(shop, "ada")
    shown = await browser.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
    half = browser.http.cookies["__Host-tallystick"]
    (set_cookie,) = shown.answer.history[-1].headers.get_list("set-cookie")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in set_cookie
    await browser.sign_in("ada")
    whole = browser.http.cookies["__Host-tallystick"]
    assert half != whole
    async with open_browser(shop) as thief:
        thief.http.cookies.set("__Host-tallystick", half)
        assert "Sign in" in (await thief.get("/console/")).text


async def test_signing_out_ends_the_session_on_the_server(shop: Shop, admin: Browser) -> None:
    cookie = admin.http.cookies["__Host-tallystick"]
    shown = await admin.do("/console/", "/console/sign-out")
    assert shown.answer.url.path == GET_IN
    async with open_browser(shop) as thief:
        thief.http.cookies.set("__Host-tallystick", cookie)
        assert (await thief.get("/console/account")).answer.url.path == GET_IN


async def test_somebody_ends_another_session_or_all_of_them(shop: Shop, admin: Browser) -> None:
    async with open_browser(shop) as another, open_browser(shop) as third:
        for one in (another, third):
            one.generator = admin.generator
            await one.sign_in("ada")
        account = await admin.get("/console/account")
        assert account.text.count("127.0.0.1") == 3
        ends = re.findall(r'action="(/console/account/sessions/[0-9a-f-]+/end)"', account.html)
        shown = await admin.send(account, ends[0])
        assert "is over" in shown.text
        assert "is over" not in (await admin.get("/console/account")).text
        assert (await third.get("/console/")).answer.url.path == GET_IN
        assert (await another.get("/console/")).answer.url.path == "/console/"
        await admin.send(account, "/console/account/sign-out-everywhere")
        for one in (admin, another):
            assert (await one.get("/console/")).answer.url.path == GET_IN


async def test_nobody_ends_somebody_elses_session(shop: Shop, admin: Browser, second_admin: Browser) -> None:
    session = await shop.services.pool.fetchval(
        "SELECT session FROM web_session WHERE user_id::text = $1 AND proven", uuid_text(admin.user_id)
    )
    await second_admin.post(f"/console/account/sessions/{session}/end", {"once": "1"})
    assert (await admin.get("/console/")).answer.url.path == "/console/"


@pytest.mark.parametrize("what", ["block", "password"])
async def test_a_block_and_another_password_end_sessions_at_once(shop: Shop, admin: Browser, what: str) -> None:
    if what == "block":
        await approving.block(shop.services, Caller(bytes(16), Role.SUPERADMIN), admin.user_id, "gone")
    else:
        async with open_browser(shop) as another:
            another.generator = admin.generator
            await another.sign_in("ada")
            fields = {"old_password": PASSWORD, "new_password": "another good password"}
            shown = await another.do("/console/account", "/console/account/password", **fields)
            assert "another password now" in shown.text
            assert (await another.get("/console/")).answer.url.path == "/console/"
    assert (await admin.get("/console/")).answer.url.path == GET_IN


async def test_a_wrong_old_password_is_told_on_the_page_and_shown_nowhere(admin: Browser) -> None:
    fields = {"old_password": "not the password", "new_password": "another good password"}
    shown = await admin.do("/console/account", "/console/account/password", **fields)
    assert (shown.status, "The old password is not right" in shown.text) == (422, True)
    assert "not the password" not in shown.html
    assert "another good password" not in shown.html


async def test_who_has_a_second_factor_needs_it_over_the_api_too(shop: Shop, admin: Browser) -> None:
    asked = {"login": "ada", "password": PASSWORD}
    assert refused(await log_in(shop, "ada")) == (401, "SECOND_FACTOR_NEEDED")
    wrong = await shop.http.post("/auth/login", json=asked | {"oneTimePassword": "000000"})
    assert refused(wrong) == (401, "INVALID_SECOND_FACTOR")
    right = await shop.http.post("/auth/login", json=asked | {"oneTimePassword": admin.one_time_password()})
    assert data(right)["role"] == "admin"


async def test_a_reset_second_factor_is_set_up_anew_and_ends_sessions(shop: Shop, admin: Browser) -> None:
    await second_factor.reset(shop.services, admin.user_id)
    assert (await admin.get("/console/")).answer.url.path == GET_IN
    old = admin.generator
    assert "Your recovery codes" in (await admin.sign_in("ada")).text
    assert admin.generator is not old


@pytest.mark.usefixtures("admin")
async def test_a_second_factor_that_counts_is_shown_to_nobody(shop: Shop) -> None:
    async with open_browser(shop) as thief:
        await thief.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
        shown = await thief.get("/console/second-factor/set-up")
        assert shown.status == 409
        assert "secret" not in shown.html


async def test_the_secret_is_wrapped_in_the_database(shop: Shop, admin: Browser) -> None:
    assert admin.generator is not None
    stored = await shop.services.pool.fetchval("SELECT secret FROM second_factor")
    assert admin.generator.byte_secret() not in stored


async def test_over_the_api_an_admin_sets_up_the_factor_and_ends_sessions_in_browsers(
    shop: Shop, browser: Browser
) -> None:
    user_id = await admin_with_password(shop, "ada")
    ada = person(shop, Role.ADMIN, user_id)
    begun = data(await ada.post("/auth/second-factor"))
    assert data(await ada.post("/auth/second-factor"))["secret"] == begun["secret"]
    browser.generator = pyotp.TOTP(begun["secret"])
    wrong = await ada.post("/auth/second-factor/confirm", {"oneTimePassword": "000000"})
    assert refused(wrong) == (401, "INVALID_SECOND_FACTOR")
    right = {"oneTimePassword": browser.one_time_password()}
    assert len(data(await ada.post("/auth/second-factor/confirm", right))["recoveryCodes"]) == 10
    assert refused(await ada.post("/auth/second-factor")) == (409, "SECOND_FACTOR_STATE")
    await browser.sign_in("ada")
    (session,) = data(await ada.get("/auth/web-sessions"))["sessions"]
    await person(shop, Role.ADMIN).post(f"/auth/web-sessions/{session['sessionId']}/end")
    assert (await browser.get("/console/")).answer.url.path == "/console/"
    await ada.post(f"/auth/web-sessions/{session['sessionId']}/end")
    assert (await browser.get("/console/")).answer.url.path == GET_IN


async def test_who_signed_in_stands_in_the_audit_trail(admin: Browser) -> None:
    assert "session.begin" in (await admin.get("/console/audit")).text


async def test_a_secret_that_somebody_else_was_shown_first_is_void(shop: Shop, browser: Browser) -> None:
    await admin_with_password(shop, "ada")
    async with open_browser(shop) as thief:
        seen = await thief.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
        (secret,) = re.findall(r'class="secret">([A-Z2-7 ]+)<', seen.html)
        assert secret in (await thief.get(SET_UP)).html, "the same for the same session"
        await browser.sign_in("ada")
        assert browser.generator is not None
        assert browser.generator.secret != secret.replace(" ", "")
        thief.generator = pyotp.TOTP(secret.replace(" ", ""))
        late = await thief.post(SET_UP, {"once": "1", "password": thief.one_time_password()})
        assert late.status in {401, 409}
        shown = await thief.do(GET_IN, GET_IN, login="ada", password=PASSWORD)
        assert (await thief.send(shown, SECOND, password=thief.one_time_password())).status == 401


async def test_setting_up_and_resetting_a_factor_end_what_a_password_alone_began(shop: Shop, browser: Browser) -> None:
    user_id = await admin_with_password(shop, "ada")
    begun = data(await log_in(shop, "ada"))
    await browser.sign_in("ada")
    assert (await refresh(shop, begun["refreshToken"])).status_code == 401
    right = {"login": "ada", "password": PASSWORD, "oneTimePassword": browser.one_time_password()}
    begun = data(await shop.http.post("/auth/login", json=right))
    await second_factor.reset(shop.services, user_id)
    assert (await refresh(shop, begun["refreshToken"])).status_code == 401

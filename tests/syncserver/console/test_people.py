"""Shops and customers on the console."""

import re

import pytest

from shared.ids import uuid_text
from tests.syncserver.console.kit import Browser
from tests.syncserver.kit import Shop
from tests.syncserver.rest.people import WAITING, register

pytestmark = pytest.mark.anyio
VENDORS, CUSTOMERS = "/console/vendors", "/console/customers"


async def test_a_shop_is_added_and_blocked(shop: Shop, admin: Browser) -> None:
    fields = {"name": "Bakery & Sons", "lat": "59.4", "lon": "24.7", "currency": "eur"}
    shown = await admin.do(VENDORS, VENDORS, **fields)
    assert "Bakery & Sons is there" in shown.text
    page = shown.answer.url.path
    assert "blocked" in (await admin.send(shown, f"{page}/block")).text
    assert "sells again" in (await admin.do(page, f"{page}/unblock")).text
    assert "Corner Shop" in (await admin.get(VENDORS)).text
    assert f"{VENDORS}/{uuid_text(shop.vendor)}" in (await admin.get(VENDORS)).links


async def test_what_was_typed_wrong_is_told_and_kept(admin: Browser) -> None:
    shown = await admin.do(VENDORS, VENDORS, name="Bakery", lat="95", lon="24.7", currency="EUR")
    assert shown.status == 422
    assert shown.form(VENDORS)["name"] == "Bakery"
    assert (await admin.do(VENDORS, VENDORS, name="B", lat="9", lon="9", currency="XXX1")).status == 422


async def test_cashiers_come_and_go_and_their_pins_are_shown_nowhere(shop: Shop, admin: Browser) -> None:
    page = f"{VENDORS}/{uuid_text(shop.vendor)}"
    shown = await admin.do(page, f"{page}/cashiers", cashier="ada", name="Ada L", role="supervisor", pin="123456")
    assert (shown.status, "123456" in shown.html) == (422, False)
    shown = await admin.do(page, f"{page}/cashiers", cashier="ada", name="Ada L", role="supervisor", pin="290871")
    assert "Ada L may work here" in shown.text
    assert "argon2" not in shown.html
    shown = await admin.send(shown, f"{page}/cashiers/remove", cashier="ada")
    assert "ada works here no more" in shown.text


async def test_a_shop_shows_what_it_is_owed_and_what_moved(shop: Shop, admin: Browser) -> None:
    terminal = await shop.terminal()
    terminal.open_shift()
    code = (await shop.codes(await shop.customer()))[0]
    await terminal.upload(terminal.pay(code, 1_250)[1])
    page = f"{VENDORS}/{uuid_text(shop.vendor)}"
    assert "Owed 12.50 EUR" in (await admin.get(page)).text
    assert "payment" in (await admin.get(f"{page}/statement")).text
    assert (await admin.get(f"{VENDORS}/{uuid_text(bytes(16))}")).status == 404


async def test_people_who_wait_are_approved_or_rejected(shop: Shop, admin: Browser) -> None:
    for login in ("maria", "juri"):
        await register(shop, login, name=f"{login} =1+1 <b>")
        shop.clock.forward(1)  # the list is in the order of registering
    shown = await admin.get(f"{CUSTOMERS}/waiting")
    assert "<b>" not in shown.html
    approve, reject = (re.findall(f'action="([^"]+/{what})"', shown.html) for what in ("approve", "reject"))
    assert (len(approve), len(reject)) == (0, 2)
    shop.clock.forward(WAITING)
    await admin.sign_in("ada")
    shown = await admin.get(f"{CUSTOMERS}/waiting")
    maria, juri = re.findall('action="([^"]+)/approve"', shown.html)
    assert "is approved" in (await admin.send(shown, f"{maria}/approve")).text
    shown = await admin.get(f"{CUSTOMERS}/waiting")
    assert "is rejected" in (await admin.send(shown, f"{juri}/reject", reason="unknown here")).text
    assert "Nobody waits" in (await admin.get(f"{CUSTOMERS}/waiting")).text
    assert "maria" in (await admin.get(CUSTOMERS)).text


async def test_a_customer_shows_wallet_codes_and_statement_and_is_blocked(shop: Shop, admin: Browser) -> None:
    wallet = await shop.customer()
    await shop.codes(wallet)
    customer = await shop.services.pool.fetchval("SELECT customer::text FROM wallet WHERE wallet = $1", wallet)
    page = f"{CUSTOMERS}/{customer}"
    shown = await admin.get(page)
    assert wallet in shown.text
    assert "Online 50.00 EUR" in shown.text
    assert "issued" in shown.text
    (withdraw,) = re.findall('action="([^"]+/withdraw)"', shown.html)
    assert "Withdrawn" in (await admin.send(shown, withdraw)).text
    assert "Blocked" in (await admin.do(page, f"{page}/block", reason="lost the card")).text
    assert "The block is over" in (await admin.do(page, f"{page}/unblock")).text
    assert (await admin.get(f"{CUSTOMERS}/{uuid_text(bytes(16))}")).status == 404

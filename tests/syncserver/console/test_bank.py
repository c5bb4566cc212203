"""Bank statements on the console: brought in as files, and given to whoever they belong to."""

import re

import pytest

from syncserver.wallets.funding.references import reference_of
from tests.syncserver.console.kit import HOST, Browser, Shown
from tests.syncserver.kit import Shop
from tests.syncserver.rest.statements import Row, camt, open_accounts

pytestmark = pytest.mark.anyio
BANK = "/console/bank"


async def bring(browser: Browser, data: bytes, **headers: str) -> Shown:
    """Choose a file and send it, as the page's form does."""
    answer = await browser.http.post(
        f"{BANK}/import",
        files={"statement": ("statement.xml", data, "application/xml")},
        data={"account": ""},
        headers=headers or {"Origin": HOST, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    return Shown(answer)


async def test_an_entry_that_named_nobody_is_given_to_a_wallet_once(shop: Shop, admin: Browser) -> None:
    await open_accounts(shop)
    wallet = await shop.customer(funds="10.00", offline="1.00")
    shown = await bring(admin, camt(Row(amount="12.50", text="for <b>Maria</b> =1+1")))
    assert "1 nobody's" in shown.text
    assert "<b>" not in shown.html
    (give,) = re.findall('action="(/console/bank/[^"]+/assign)"', shown.html)
    assert (await admin.send(shown, give, wallet="123")).status == 422
    key = shown.form(give)
    for _ in range(2):  # pressed twice
        done = await admin.post(give, key | {"wallet": wallet})
        assert f"is in the wallet {wallet}" in done.text
    assert (await shop.balances(wallet))[0] == 900 + 1_250
    assert "No entry waits for somebody" in (await admin.get(BANK)).text
    assert (await admin.get(BANK, state="credited")).text.count(wallet) == 1
    await shop.assert_reconciled()


async def test_a_large_statement_takes_two_admins(shop: Shop, admin: Browser, second_admin: Browser) -> None:
    await open_accounts(shop)
    wallet = await shop.customer(funds="10.00", offline="1.00")
    data = camt(Row(amount="1200.00", structured=reference_of(wallet)))
    assert "takes a second admin" in (await bring(admin, data)).text
    assert "takes a second admin" in (await bring(admin, data)).text
    waiting = await second_admin.get("/console/second")
    assert "bank import" in waiting.text
    assert "ada" in waiting.text
    assert "1 credited" in (await bring(second_admin, data)).text
    assert "Nothing waits" in (await second_admin.get("/console/second")).text


@pytest.mark.parametrize(
    ("data", "status"), [(b"", 422), (b"<a", 422), (b"\0" * 100, 422), (b"x" * (5 * 1024 * 1024), 413)]
)
async def test_what_is_no_statement_is_refused_on_the_page(admin: Browser, data: bytes, status: int) -> None:
    shown = await bring(admin, data)
    assert (shown.status, "Not done." in shown.text) == (status, True)


async def test_a_broken_form_is_refused(admin: Browser) -> None:
    for kind, body in (
        ("multipart/form-data; boundary=x", b"--x\r\nno form"),
        ("multipart/form-data", b"--x"),
        ("text/plain", b"x"),
        ("application/x-www-form-urlencoded", b"statement=x"),
    ):
        answer = await admin.http.post(f"{BANK}/import", content=body, headers={"Content-Type": kind, "Origin": HOST})
        assert answer.status_code in {415, 422}, (kind, answer.status_code)


async def test_another_site_brings_nothing(shop: Shop, admin: Browser) -> None:
    await open_accounts(shop)
    wallet = await shop.customer(funds="10.00", offline="1.00")
    shown = await bring(admin, camt(Row(structured=reference_of(wallet))), Origin="https://evil.example")
    assert (shown.status, "not sent by a page of this server" in shown.text) == (403, True)
    assert (await shop.balances(wallet))[0] == 900

"""Payments, the audit trail and the search box on the console."""

import csv
import io
from urllib.parse import quote

import pytest

from shared.geo import Place
from shared.ids import uuid_text
from shared.money import Money
from syncserver.api.rest.payment_lists import cursor_of
from syncserver.console.pages import payments
from syncserver.maintenance.rounds import one_round
from syncserver.payments import listing, online
from syncserver.payments.listing import Filter
from syncserver.registry import vendors
from tests.syncserver.console.kit import Browser
from tests.syncserver.kit import TALLINN, Shop

pytestmark = pytest.mark.anyio
PAYMENTS, AUDIT, SEALS, SEARCH = "/console/payments", "/console/audit", "/console/audit/seals", "/console/search"
PARIS = Place.from_degrees("48.8566", "2.3522")
HOSTILE = "=1+1<script>alert(1)</script>"


async def _lived(shop: Shop) -> tuple[str, bytes, bytes]:
    """A wallet, an offline payment of it, and an online one that waits for an admin, at a shop of a hostile name."""
    wallet = await shop.customer()
    till = await shop.terminal()
    payment, raw = till.pay((await shop.codes(wallet, 1))[0], 1_234)
    await till.upload(raw)
    vendor = await vendors.add_vendor(shop.services, name=HOSTILE, place=TALLINN, currency="EUR")
    shop.clock.forward(5_000)
    async with shop.services.pool.acquire() as connection, connection.transaction():
        order = online.Order(wallet, vendor, Money(500, "EUR"), PARIS, "test")
        return wallet, payment, await online.pay(connection, shop.services, order)


async def test_payments_are_filtered_in_the_address_and_paged(shop: Shop, admin: Browser) -> None:
    wallet, payment, other = await _lived(shop)
    everything = await admin.get(PAYMENTS)
    assert "2 payments" in everything.text
    links = [link for link in everything.links if link.startswith(f"{PAYMENTS}/")]
    assert [link.partition("?")[0].rpartition("/")[2] for link in links] == [uuid_text(other), uuid_text(payment)]
    for query, shown in (
        ({"state": "FLAGGED"}, [other]),
        ({"reason": "DISTANCE"}, [other]),
        ({"channel": "offline"}, [payment]),
        ({"wallet": wallet}, [other, payment]),
        ({"vendor": uuid_text(shop.vendor)}, [payment]),
        ({"currency": "eur", "least": "12.34", "most": "12.34"}, [payment]),
        ({"since": "2026-11-21", "until": "2026-11-21"}, [other, payment]),
        ({"since": "2026-11-22"}, []),
        ({"state": "", "reason": "", "wallet": "", "least": "", "since": ""}, [other, payment]),
    ):
        page = await admin.get(PAYMENTS, **query)
        found = [link.partition("?")[0] for link in page.links if link.startswith(f"{PAYMENTS}/")]
        assert found == [f"{PAYMENTS}/{uuid_text(one)}" for one in shown], query
        assert ("No payment is like that" in page.text) == (not shown)
        assert "<script>alert" not in page.html
    first = await listing.page_of(shop.services, Filter(), limit=1)
    assert first.following is not None
    second = await admin.get(PAYMENTS, cursor=cursor_of(first.following))
    assert uuid_text(other) not in second.html
    assert uuid_text(payment) in second.html


async def test_more_than_a_page_is_counted_apart_with_and_without_a_script(
    shop: Shop, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _lived(shop)
    monkeypatch.setattr(payments, "ROWS", 1)
    page = await admin.get(PAYMENTS, currency="eur", cursor="")
    assert "more than 1 payments" in page.text
    (link,) = {link for link in page.links if link.startswith(f"{PAYMENTS}/count")}
    assert f'hx-get="{link}"' in page.html
    counted = await admin.get(link)
    assert '<span id="count">2 payments</span>' in counted.html
    assert f"{PAYMENTS}?currency=eur" in counted.links
    assert "1 payment " in (await admin.get(PAYMENTS, state="FLAGGED")).text
    assert (await admin.get(f"{PAYMENTS}/count", state="LOST")).status == 422


@pytest.mark.parametrize(
    "query",
    [
        {"state": "LOST"},
        {"wallet": "123"},
        {"least": "1.00"},
        {"currency": "EUR", "least": "1.234"},
        {"currency": "XXQ"},
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"vendor": "x"},
        {"cursor": "x"},
        {"unknown": "x"},
    ],
)
async def test_a_filter_that_is_none_is_told(admin: Browser, query: dict[str, str]) -> None:
    assert (await admin.get(PAYMENTS, **query)).status == 422


async def test_the_file_has_all_that_is_filtered_and_its_cells_run_nothing(shop: Shop, admin: Browser) -> None:
    _, _, other = await _lived(shop)
    answer = (await admin.get(PAYMENTS, state="FLAGGED", format="csv")).answer
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["payment"], row["amount"], row["reasons"]) == (uuid_text(other), "5.00", "DISTANCE SPEED")
    assert row["vendor_name"] == f"'{HOSTILE}"
    assert len(list(csv.DictReader(io.StringIO((await admin.get(PAYMENTS, format="csv")).answer.text)))) == 2


async def test_a_payment_shows_what_happened_what_moved_and_its_record(shop: Shop, admin: Browser) -> None:
    wallet, payment, other = await _lived(shop)
    shown = await admin.get(f"{PAYMENTS}/{uuid_text(payment)}", wallet=wallet)
    raw = await shop.services.pool.fetchval("SELECT raw FROM journal_record WHERE type = 'payment'")
    for text in ("12.34 EUR", "successful", "PROCESSING → SUCCESSFUL", "held → vendor", "12.34 EUR", raw.hex(), "1234"):
        assert text in shown.text, text
    online_one = await admin.get(f"{PAYMENTS}/{uuid_text(other)}")
    assert "no terminal wrote a record" in online_one.text
    assert "<script>alert" not in online_one.html
    assert (await admin.get(f"{PAYMENTS}/{uuid_text(bytes(16))}")).status == 404


async def test_the_audit_trail_is_filtered_shown_and_exported(shop: Shop, admin: Browser) -> None:
    await vendors.block_vendor(shop.services, shop.vendor, blocked=True)
    text = (await admin.get(AUDIT, action="vendor.block")).html
    assert f"vendor {uuid_text(shop.vendor)}" in text
    entry = next(link for link in (await admin.get(AUDIT, action="vendor.block")).links if "/entries/" in link)
    shown = await admin.get(entry)
    assert "blocked True" in shown.text
    assert "blocked False" in shown.text
    assert "Nobody did anything like that" in (await admin.get(AUDIT, actor="nobody")).text
    rows = list(csv.DictReader(io.StringIO((await admin.get(AUDIT, action="vendor.block", format="csv")).answer.text)))
    assert [row["object"] for row in rows] == [f"vendor {uuid_text(shop.vendor)}"]
    for query in ({"since": "x"}, {"cursor": "x"}):
        assert (await admin.get(AUDIT, **query)).status == 422


async def test_what_is_done_on_the_console_names_its_admin_and_from_where(shop: Shop, admin: Browser) -> None:
    page = f"/console/vendors/{uuid_text(shop.vendor)}"
    await admin.do(page, f"{page}/block")
    row = await shop.services.pool.fetchrow("SELECT actor, origin FROM audit WHERE action = 'vendor.block'")
    assert row is not None
    assert row["actor"] == f"admin {uuid_text(admin.user_id)}"
    assert row["origin"] == "127.0.0.1"


async def test_the_seals_are_verified_on_a_page(shop: Shop, admin: Browser) -> None:
    await _lived(shop)
    await one_round(shop.services)
    verified = await admin.do(SEALS, SEALS)
    assert "All as it was sealed" in verified.text
    wrong = await admin.do(SEALS, SEALS, head="zz")
    assert wrong.status == 422
    assert "64 hex digits" in wrong.text
    missing = await admin.do(SEALS, SEALS, head="00" * 32)
    assert "head missing" in missing.text
    owner = await shop.target.connect_owner()
    try:
        await owner.execute("DELETE FROM payment_event")
    finally:
        await owner.close()
    broken = await admin.do(SEALS, SEALS)
    assert "not as it was sealed" in broken.text
    assert "a row that was sealed is gone" in broken.text


async def test_the_box_leads_to_what_is_meant(shop: Shop, admin: Browser) -> None:
    wallet, payment, _ = await _lived(shop)
    at_once = await admin.get(SEARCH, q=uuid_text(payment))
    assert at_once.answer.url.path == f"{PAYMENTS}/{uuid_text(payment)}"
    assert (await admin.get(SEARCH, q="Maria")).answer.url.path.startswith("/console/customers/")
    amount = (await admin.get(SEARCH, q="12,34")).answer.url
    assert (amount.path, amount.query) == (PAYMENTS, b"currency=EUR&least=12.34&most=12.34")
    assert (await admin.get(SEARCH, q="21.11.2026")).answer.url.query == b"since=2026-11-21&until=2026-11-21"
    several = await admin.get(SEARCH, q=wallet[:4])
    assert several.answer.url.path.startswith("/console/customers/")
    hostile = await admin.get(SEARCH, q="alert")
    assert hostile.answer.url.path.startswith("/console/vendors/")
    await vendors.add_vendor(shop.services, name="alert <b>two</b>", place=TALLINN, currency="EUR")
    both = await admin.get(SEARCH, q="alert")
    assert len([link for link in both.links if link.startswith("/console/vendors/")]) == 2
    assert "<b>two" not in both.html
    for typed in ("", "'; --", "<script>alert(2)</script>zzz", "\N{SNOWMAN}" * 50):
        page = await admin.get(SEARCH, q=typed)
        assert page.status == 200
        assert "<script>alert(2)" not in page.html
    assert "Nothing is called like that" in (await admin.get(f"{SEARCH}?q={quote('zzz')}")).text

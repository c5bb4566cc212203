"""One box: what a few characters may mean is found, and nothing that is typed harms anything."""

import pytest

from shared.ids import uuid_text
from shared.money import Money
from syncserver.payments import online
from syncserver.registry import vendors
from syncserver.search.searching import MOST_OF_A_KIND, Hit, Kind, search
from syncserver.wallets.funding.references import printed, reference_of
from tests.syncserver.kit import TALLINN, Shop
from tests.syncserver.rest.kit import data
from tests.syncserver.rest.people import register

pytestmark = pytest.mark.anyio


async def _found(shop: Shop, typed: str, kind: Kind | None = None) -> list[Hit]:
    return [hit for hit in await search(shop.services, typed) if kind in (None, hit.kind)]


async def test_a_payment_is_found_by_its_id_and_by_how_it_begins(shop: Shop) -> None:
    wallet = await shop.customer()
    till = await shop.terminal()
    payment, raw = till.pay((await shop.codes(wallet, 1))[0], 1_000)
    await till.upload(raw)
    async with shop.services.pool.acquire() as connection, connection.transaction():
        order = online.Order(wallet, shop.vendor, Money(500, "EUR"), None, "test")
        shop.clock.forward(3_600_000)
        other = await online.pay(connection, shop.services, order)
    for one in (payment, other):
        text = uuid_text(one)
        for typed in (text, text.upper(), text.replace("-", ""), text[:21], f"  {text[:23]} "):
            (hit,) = await _found(shop, typed)
            assert (hit.kind, hit.id, hit.of) == (Kind.PAYMENT, text, wallet)
    assert {hit.id for hit in await _found(shop, uuid_text(payment)[:8], Kind.PAYMENT)} >= {uuid_text(payment)}
    assert await _found(shop, "ffffffffffff") == []


async def test_a_payment_is_found_by_what_is_on_its_receipt_or_was_read_out(shop: Shop) -> None:
    wallet = await shop.customer()
    till = await shop.terminal()
    payment, raw = till.pay((await shop.codes(wallet, 1))[0], 1_000)
    await till.upload(raw)
    text = uuid_text(payment)
    wrapped = f"{text[:19]} {text[19:]}"
    for typed in (wrapped, text[-12:], text[-6:].upper(), f"1{text[-4:]}"[1:], f"…{text[-8:]}", f"******{wallet[-4:]}"):
        if typed.isalpha() and len(typed) < 6:
            continue
        assert [hit.id for hit in await _found(shop, typed, Kind.PAYMENT)] == [text], typed
    assert await _found(shop, text[-3:], Kind.PAYMENT) == []
    for typed in (f"{wallet[:3]} {wallet[3:6]} {wallet[6:]}", f"{wallet[:5]}-{wallet[5:]}"):
        assert [hit.id for hit in await _found(shop, typed, Kind.WALLET)] == [wallet], typed


async def test_an_amount_and_a_day_lead_to_their_payments(shop: Shop) -> None:
    for typed in ("12.50", "12,5", "12,50 eur", "EUR 12.50", "€ 12"):
        hits = await _found(shop, typed, Kind.AMOUNT)
        assert [(hit.id, hit.of) for hit in hits] == ([("12.50", "EUR")] if "€" not in typed else []), typed
    assert [hit.title for hit in await _found(shop, "1 250 EUR")] == ["1250.00 EUR"]
    for typed in ("2026-11-21", "21.11.2026", "21/11/2026"):
        assert [(hit.kind, hit.id) for hit in await _found(shop, typed)] == [(Kind.DAY, "2026-11-21")], typed
    for typed in ("31.02.2026", "2026-13-01", "12.345 EUR", "12 XQQ", "EUR 12 EUR", "9" * 40 + ".00"):
        assert await _found(shop, typed) == [], typed


async def test_a_wallet_is_found_by_how_it_begins_and_by_its_reference(shop: Shop) -> None:
    wallet = await shop.customer()
    for typed in (
        wallet,
        wallet[:4],
        f"{wallet[:4]} {wallet[4:7]}",
        reference_of(wallet),
        printed(reference_of(wallet)),
    ):
        hits = await _found(shop, typed, Kind.WALLET)
        assert [(hit.id, hit.detail) for hit in hits] == [(wallet, "Maria Tamm")], typed
    assert await _found(shop, wallet[:2], Kind.WALLET) == []


async def test_names_are_found_by_the_beginnings_of_their_words_and_people_by_their_logins(shop: Shop) -> None:
    wallet = await shop.customer()
    await shop.terminal(name="Corner till")
    await vendors.add_vendor(shop.services, name="Café Müller-Sons <b>", place=TALLINN, currency="EUR")
    data(await register(shop, "eve.adams", name="Eve Adams"))
    for typed in ("tamm", "Mar", "maria ta", "TAM"):
        assert [hit.detail for hit in await _found(shop, typed, Kind.CUSTOMER)] == [f"wallet {wallet}"], typed
    assert [hit.title for hit in await _found(shop, "corn til", Kind.DEVICE)] == ["Corner till"]
    assert [hit.title for hit in await _found(shop, "müll", Kind.VENDOR)] == ["Café Müller-Sons <b>"]
    assert [hit.title for hit in await _found(shop, "SONS café", Kind.VENDOR)] == ["Café Müller-Sons <b>"]
    assert [hit.detail for hit in await _found(shop, "Eve.a", Kind.PERSON)] == ["Eve Adams, customer, waiting"]
    assert await _found(shop, "aria", Kind.CUSTOMER) == []


async def test_of_each_kind_there_are_ten_at_most(shop: Shop) -> None:
    for number in range(MOST_OF_A_KIND + 3):
        await vendors.add_vendor(shop.services, name=f"Kiosk {number}", place=TALLINN, currency="EUR")
    assert len(await _found(shop, "kiosk")) == MOST_OF_A_KIND


@pytest.mark.parametrize(
    "typed",
    ["", " ", "%", "_", "%%%%", "'; DROP TABLE payment; --", "a' & 'b", "\\", "a:*", "!(a|b)", "\0", "\ud800", "<->",
     "'", "''", "x" * 5_000, "f" * 40, "١٢٣٤", "a\u0000b", "((", "&&", ":A", "ab:*B"],
)  # fmt: skip
async def test_whatever_is_typed_is_only_looked_for(shop: Shop, typed: str) -> None:
    assert await _found(shop, typed) == []

"""Flagged payments in the console: the queue, one of them, two admins at once, and deciding many."""

import pytest

from shared.geo import Place
from shared.ids import uuid_text
from shared.lifecycles import Status
from syncserver.people import bulk
from syncserver.people.access import Role
from tests.syncserver.console.kit import open_admin
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import data, person
from tests.syncserver.rest.paying import flagged, rich, seller
from tests.syncserver.rest.test_queue import answer, spent_twice
from tests.syncserver.rest.test_refunds import set_services
from tests.syncserver.rest.test_review import decide

pytestmark = pytest.mark.anyio

FLAGGED = "/console/flagged"


async def one(shop: Shop, amount: str = "12.50") -> tuple[str, str]:
    """The wallet and the id of a flagged payment."""
    ada, wallet = await rich(shop)
    return wallet, await flagged(shop, amount, ada)


async def test_the_queue_shows_what_waits_and_its_filter_stays_in_the_address(shop: Shop) -> None:
    wallet, payment = await one(shop)
    await spent_twice(shop)
    async with open_admin(shop) as ada:
        page = await ada.get(FLAGGED)
        assert page.status == 200, page.text
        assert "2 payments wait" in page.text
        assert "CODE_SPENT" in page.text
        assert f"{FLAGGED}/{wallet}/{payment}" in page.links
        page = await ada.get(FLAGGED, reason="DISTANCE", currency="EUR", least="12.50", most="12.50")
        assert "1 payment waits" in page.text
        assert any(link.startswith(f"{FLAGGED}/{wallet}/{payment}?") and "least=12.50" in link for link in page.links)
        assert "Nothing waits here" in (await ada.get(FLAGGED, hours="1")).text
        for wrong in (
            {"vendor": "x"},
            {"hours": "-1"},
            {"asked": "x"},
            {"least": "1"},
            {"wallet": "1"},
            {"cursor": "x"},
        ):
            page = await ada.get(FLAGGED, **wrong)
            assert page.status == 422, wrong


async def test_pages_of_the_queue_go_on_where_they_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncserver.console.pages.flagged.ROWS", 2)
    ada_pays, _ = await rich(shop)
    payments = {await flagged(shop, "1.00", ada_pays) for _ in range(3)}
    async with open_admin(shop) as ada:
        page = await ada.get(FLAGGED, currency="EUR")
        (following,) = [link for link in page.links if "cursor=" in link]
        seen = {link.rpartition("/")[2].partition("?")[0] for link in page.links + (await ada.get(following)).links}
        assert payments <= seen
        assert "currency=EUR" in following
        assert "More than 2 payments wait" in page.text, "the page waits for no sum"
        (summing,) = [link for link in page.links if link.startswith(f"{FLAGGED}/sums")]
        assert f'hx-get="{summing}"' in page.html
        summed = await ada.get(summing)
        for said in ("3 payments wait", "3.00 EUR", "Decide all 3 together"):
            assert said in summed.text, said
        assert f"{FLAGGED}?currency=EUR" in summed.links
        assert "0 payments wait" in (await ada.get(f"{FLAGGED}/sums", currency="USD")).text


async def test_a_payment_is_approved_and_the_next_one_follows(shop: Shop) -> None:
    ada_pays, wallet = await rich(shop)
    first = await flagged(shop, "5.00", ada_pays)
    shop.clock.forward(1_000)
    second = await flagged(shop, "6.00", ada_pays)
    async with open_admin(shop) as ada:
        page = await ada.get(f"{FLAGGED}/{wallet}/{first}")
        assert "further from the customer's home" in page.text
        assert 'class="map"' in page.html
        assert f"{FLAGGED}/{wallet}/{second}" in page.links
        page = await ada.get(f"{FLAGGED}/{wallet}/{first}?currency=EUR")
        fields = page.form(f"{FLAGGED}/{wallet}/{first}/decide")
        page = await ada.post(f"{FLAGGED}/{wallet}/{first}/decide?currency=EUR", fields)
        assert page.answer.url.path == f"{FLAGGED}/{wallet}/{second}"
        assert "5.00 EUR was approved" in page.text
        assert page.answer.url.query == b"currency=EUR"
        fields = page.form(f"{FLAGGED}/{wallet}/{second}/decide") | {"decision": "reject"}
        refused = await ada.post(f"{FLAGGED}/{wallet}/{second}/decide", fields | {"reason": ""})
        assert (refused.status, "This needs a reason" in refused.text) == (422, True)
        page = await ada.post(f"{FLAGGED}/{wallet}/{second}/decide", fields | {"reason": "it is a thief"})
        assert "6.00 EUR was rejected" in page.text
        assert page.answer.url.path == FLAGGED
        page = await ada.get(f"{FLAGGED}/{wallet}/{second}")
        assert "it is a thief" in page.text
    assert await shop.vendor_balance() == 500
    await shop.assert_reconciled()


async def test_a_double_spend_is_reviewed_from_two_browsers_and_decided_once(shop: Shop) -> None:
    wallet, till_one, first, till_two, second = await spent_twice(shop)
    address = f"{FLAGGED}/{wallet}/{uuid_text(second)}"
    async with open_admin(shop, "ada") as ada, open_admin(shop, "bob", Role.SUPERADMIN) as bob:
        seen_by_ada, seen_by_bob = await ada.get(address), await bob.get(address)
        for page in (seen_by_ada, seen_by_bob):
            assert "The same code, shown 2 times" in page.text
            assert "Till at the door" in page.text
            assert "with the vendor, 6.00 EUR" in page.text
            assert "nothing was held, nothing has moved" in page.text
            assert uuid_text(first) in page.html
        done = await ada.send(seen_by_ada, f"{address}/decide")
        assert "7.00 EUR was approved" in done.text
        fields = seen_by_bob.form(f"{address}/decide") | {"decision": "reject", "reason": "a thief"}
        late = await bob.post(f"{address}/decide", fields)
        assert late.status == 409
        assert "It was approved by admin ada (ada) at" in late.text
        assert "SUCCESSFUL" in late.text
    assert await shop.vendor_balance() == 1_300
    assert {one.id: one.status for one in (await till_two.pull()).updates} == {second: Status.SETTLED}
    assert (await till_one.pull()).updates == ()
    await shop.assert_reconciled()


async def test_a_form_that_is_sent_twice_decides_once(shop: Shop) -> None:
    wallet, payment = await one(shop)
    address = f"{FLAGGED}/{wallet}/{payment}"
    async with open_admin(shop) as ada:
        fields = (await ada.get(address)).form(f"{address}/decide") | {"decision": "approve"}
        for _ in range(2):
            assert (await ada.post(f"{address}/decide", fields)).status == 200
    assert await shop.vendor_balance() == 1_250


async def test_a_vendor_is_asked_and_what_was_answered_meanwhile_has_to_be_seen(shop: Shop) -> None:
    wallet, payment = await one(shop)
    address = f"{FLAGGED}/{wallet}/{payment}"
    async with open_admin(shop) as ada:
        page = await ada.do(address, f"{address}/ask", question="What did <b>they</b> buy?")
        assert "The vendor is asked" in page.text
        assert "What did <b>they</b> buy?" in page.text, "as text, and not as markup"
        (asked,) = data(await seller(shop).get(f"/api/vendors/{uuid_text(shop.vendor)}/questions"))["questions"]
        data(await answer(seller(shop), asked["questionId"], "<script>alert(1)</script>"))
        late = await ada.send(page, f"{address}/decide")
        assert (late.status, "asked about this payment" in late.text) == (409, True)
        assert "<script>alert(1)</script>" in late.text
        assert "<script>alert" not in late.html
        assert "was approved" in (await ada.send(late, f"{address}/decide", decision="approve")).text
        assert "1 payment" not in (await ada.get(FLAGGED, asked="answered")).text
    await shop.assert_reconciled()


async def test_what_takes_a_second_admin_says_so_and_stays_flagged(shop: Shop) -> None:
    wallet, payment = await one(shop)
    address = f"{FLAGGED}/{wallet}/{payment}"
    async with open_admin(shop, "ada") as ada, open_admin(shop, "bob") as bob:
        for browser in (ada, bob):
            browser.http._transport.app.state.services = _with_amount(shop)  # type: ignore[attr-defined] # no other way
        page = await ada.do(address, f"{address}/decide", decision="approve")
        assert "takes a second admin" in page.text
        assert await shop.vendor_balance() == 0
        page = await bob.do(address, f"{address}/decide", decision="approve")
        assert "was approved" in page.text
    assert await shop.vendor_balance() == 1_250


def _with_amount(shop: Shop) -> object:
    set_services(shop, two_person_amount=5)
    return shop.http._transport.app.state.services  # type: ignore[attr-defined] # httpx has no other way


async def test_all_that_is_filtered_is_decided_by_typing_how_many_there_are(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr(bulk.go_on, "__defaults__", (2,))
    ada_pays, _ = await rich(shop)
    payments = [await flagged(shop, "5.00", ada_pays) for _ in range(3)]
    large = await flagged(shop, "50.00", ada_pays)
    query = "?currency=EUR&most=10.00"
    async with open_admin(shop) as ada:
        page = await ada.get(FLAGGED + query)
        (together,) = [link for link in page.links if link.startswith(f"{FLAGGED}/all")]
        page = await ada.get(together)
        assert "3 payments wait" in page.text
        fields = page.form(f"{FLAGGED}/all") | {"decision": "approve", "count": "4"}
        wrong = await ada.post(f"{FLAGGED}/all{query}", fields)
        assert (wrong.status, "3 payments wait in this filter, not 4" in wrong.text) == (409, True)
        page = await ada.post(
            f"{FLAGGED}/all{query}", wrong.form(f"{FLAGGED}/all") | {"count": "3", "decision": "approve"}
        )
        assert "0 of 3" in page.text
        address = page.answer.url.path
        async with open_admin(shop, "bob") as bob:
            assert "Whoever began it goes on with it" in (await bob.get(address)).text
        data(await decide(person(shop, Role.ADMIN), payments[2], "reject"))
        page = await ada.send(page, f"{address}/continue")
        assert "2 of 3" in page.text
        page = await ada.send(page, f"{address}/continue")
        assert "3 of 3" in page.text
        assert "decided before, by somebody else" in page.text
        assert payments[2] in (await ada.get(address, outcome="decided_before")).text
        assert payments[0] not in (await ada.get(address, outcome="decided_before")).text
        assert "1 payment waits" in (await ada.get(FLAGGED)).text
        assert large in (await ada.get(FLAGGED)).html
        assert (await ada.get(address, outcome="x")).status == 422
    assert await shop.vendor_balance() == 1_000
    await shop.assert_reconciled()


async def test_a_payment_without_places_and_one_that_is_not_there_are_shown_as_such(shop: Shop) -> None:
    wallet = await shop.customer(home=Place.from_degrees("59.1", "24.7536"))
    async with open_admin(shop) as ada:
        nowhere = f"{FLAGGED}/{wallet}/0192f0c1-a000-7000-8000-00000000a001"
        assert (await ada.get(nowhere)).status == 404
        assert (await ada.get(f"{FLAGGED}/12/0192f0c1-a000-7000-8000-00000000a001")).status == 422

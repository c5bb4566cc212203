"""Limits in the console: an editor with a preview, tighter at once, looser by two admins."""

import pytest

from shared.ids import uuid_text
from shared.policy import Policy
from syncserver.people.access import Role
from tests.syncserver.console.kit import new_key, open_admin
from tests.syncserver.kit import Shop
from tests.syncserver.rest.paying import flagged, pay, rich

pytestmark = pytest.mark.anyio

POLICIES = "/console/policies"


async def test_tighter_limits_are_previewed_and_then_in_force_with_the_next_book(shop: Shop) -> None:
    ada_pays, _ = await rich(shop)
    await pay(ada_pays, "80.00")
    here, till = f"{POLICIES}/{uuid_text(shop.vendor)}", await shop.terminal()
    async with open_admin(shop) as ada:
        assert here in (await ada.get(POLICIES)).links
        page = await ada.do(here, f"{here}/preview", payment_limit="50.00")
        assert "Tighter limits" in page.text
        assert "payment_limit 100.00 50.00" in page.text
        assert "settled failed 1 80.00 EUR" in page.text
        assert 'class="chart"' in page.html
        assert "left no record" in page.text
        assert (await till.pull()).policy == Policy(), "a preview changes nothing"
        page = await ada.send(page, f"{here}/change", reason="thefts")
        assert "in force with the next book" in page.text
        assert "Largest payment: 100.00 → 50.00" in page.text
        assert "thefts" in page.text
    assert (await till.pull()).policy == Policy(payment_limit=5_000)


async def test_looser_limits_are_confirmed_by_another_admin_who_sees_the_preview(shop: Shop) -> None:
    ada_pays, _ = await rich(shop)
    await flagged(shop, "5.00", ada_pays)
    here, till = f"{POLICIES}/{uuid_text(shop.vendor)}", await shop.terminal()
    async with open_admin(shop, "ada") as ada, open_admin(shop, "bob", Role.SUPERADMIN) as bob:
        page = await ada.do(here, f"{here}/preview", actions_DISTANCE="settle", actions_SPEED="settle")
        assert "which take another admin" in page.text
        assert "flagged settled 1 5.00 EUR" in page.text
        page = await ada.send(page, f"{here}/change", reason="a fair")
        assert "Another admin must confirm it" in page.text
        assert (await till.pull()).policy == Policy()
        (address,) = [link for link in (await bob.get(POLICIES)).links if "/proposals/" in link]
        assert "another admin must confirm it" in (await ada.get(address)).text
        alone = await ada.post(f"{address}/confirm", {"once": new_key(shop)})
        assert (alone.status, "nobody confirms what they proposed" in alone.text) == (409, True)
        seen = await bob.get(address)
        assert "flagged settled 1 5.00 EUR" in seen.text
        done = await bob.send(seen, f"{address}/confirm")
        assert "are changed, with the next book" in done.text
        assert "Nothing waits" in done.text
        late = await bob.post(f"{address}/withdraw", {"once": new_key(shop), "reason": "no"})
        assert (late.status, "it was confirmed" in late.text) == (409, True)
        assert "proposed by ada" in (await ada.get(here)).text
    told = (await till.pull()).policy
    assert {reason.value: action.label for reason, action in told.actions.items()} == {
        "DISTANCE": "settle",
        "SPEED": "settle",
    }


async def test_of_two_browsers_that_confirm_at_once_one_does(shop: Shop) -> None:
    here = f"{POLICIES}/{uuid_text(shop.vendor)}"
    async with open_admin(shop, "ada") as ada, open_admin(shop, "bob") as bob, open_admin(shop, "eve") as eve:
        page = await ada.do(here, f"{here}/preview", payment_limit="500.00")
        await ada.send(page, f"{here}/change", reason="a fair")
        (address,) = [link for link in (await bob.get(POLICIES)).links if "/proposals/" in link]
        seen = [await browser.get(address) for browser in (bob, eve)]
        first = await bob.send(seen[0], f"{address}/confirm")
        second = await eve.send(seen[1], f"{address}/confirm")
        assert (first.status, second.status) == (200, 409)
        assert "it was confirmed" in second.text


async def test_a_till_has_limits_of_its_own(shop: Shop) -> None:
    till = await shop.terminal(name="Till <one>")
    here = f"{POLICIES}/{uuid_text(shop.vendor)}"
    async with open_admin(shop) as ada:
        page = await ada.get(here)
        (own,) = [link for link in page.links if "device=" in link]
        assert "Till <one>" in page.text
        fields = (await ada.get(own)).form(f"{here}/preview") | {"daily_limit": "20.00"}
        page = await ada.post(f"{here}/preview?device={uuid_text(till.device)}", fields)
        fields = page.form(f"{here}/change") | {"reason": "a stall"}
        page = await ada.post(f"{here}/change?device={uuid_text(till.device)}", fields)
        assert "in force" in page.text
    assert (await till.pull()).policy.daily_limit == 2_000
    assert (await (await shop.terminal(name="till 2")).pull()).policy.daily_limit == 40_000


async def test_what_is_no_change_shows_the_editor_again_with_what_was_typed(shop: Shop) -> None:
    here = f"{POLICIES}/{uuid_text(shop.vendor)}"
    async with open_admin(shop) as ada:
        for typed, said in (
            ({}, "This changes nothing"),
            ({"payment_limit": "1,234"}, "Largest payment: "),
            ({"rate_count": "many"}, "Most payments of a customer in a row: this is no whole number"),
            ({"score_flag": "95"}, "score_flag is above score_fail"),
            ({"actions_DISTANCE": "explode"}, "An action is one of"),
            ({"loss_bearer": "nobody"}, "loss_bearer is one of"),
        ):
            page = await ada.do(here, f"{here}/preview", **typed)
            assert (page.status, said in page.text) == (422, True), (typed, page.text)
            if "rate_count" in typed:
                assert 'value="many"' in page.html
        fields = (await ada.get(here)).form(f"{here}/preview") | {"actions_FORK": "settle"}
        assert (await ada.post(f"{here}/preview", fields)).status == 422


async def test_a_proposal_is_withdrawn_with_a_reason(shop: Shop) -> None:
    here = f"{POLICIES}/{uuid_text(shop.vendor)}"
    async with open_admin(shop) as ada:
        page = await ada.do(here, f"{here}/preview", payment_limit="500.00")
        await ada.send(page, f"{here}/change", reason="a fair")
        (address,) = [link for link in (await ada.get(POLICIES)).links if "/proposals/" in link]
        page = await ada.do(address, f"{address}/withdraw", reason="too much")
        assert "The proposal is withdrawn" in page.text
        page = await ada.get(address)
        assert "too much" in page.text
        assert "withdrawn" in page.text
        assert address in (await ada.get(POLICIES, closed="yes")).links

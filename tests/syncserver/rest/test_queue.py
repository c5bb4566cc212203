"""The queue of flagged payments: filtered, with all that a reviewer has to see, and questions that vendors answer."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.geo import Place
from shared.ids import uuid7, uuid_text
from shared.lifecycles import Status
from shared.reasons import Reason
from syncserver.payments.explained import in_words
from syncserver.people.access import Role
from tests.syncserver.kit import HOUR, FakeTerminal, Shop
from tests.syncserver.rest.kit import Person, data, person, refused
from tests.syncserver.rest.paying import flagged, rich, seller
from tests.syncserver.rest.test_refunds import refund, set_services
from tests.syncserver.rest.test_review import FLAGGED, decide

pytestmark = pytest.mark.anyio

SUMMARY = "/api/transactions/flagged-summary"
MINUTE = 60_000
FAR = Place.from_degrees("59.1", "24.7536")


async def ask(admin: Person, payment: str, question: str = "What was sold?") -> httpx.Response:
    return await admin.post(f"/api/transactions/review/{payment}/ask", {"question": question})


async def answer(clerk: Person, question: str, text: str = "Two loaves.") -> httpx.Response:
    vendor = uuid_text(clerk.caller.vendor or b"")
    return await clerk.post(f"/api/vendors/{vendor}/questions/{question}", {"answer": text})


async def shown(admin: Person, payment: str, **query: str) -> Any:
    return data(await admin.get(f"/api/transactions/review/{payment}", **query))


async def review(admin: Person, payment: str, version: int, word: str = "approve") -> httpx.Response:
    path = f"/api/transactions/review-transaction/{admin.id}/{payment}/{word}"
    return await admin.post(path, {"reason": "looked at it", "version": version})


async def spent_twice(shop: Shop) -> tuple[str, FakeTerminal, bytes, FakeTerminal, bytes]:
    """A code of 10.00 that two tills took: its wallet, the till that came first with its payment, and the second."""
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, 1, 1_000)
    one, two = await shop.terminal(name="Till at the door"), await shop.terminal(name="Till at the back")
    first, raw = one.pay(code, 600)
    assert (await one.result(raw)).status is Status.SETTLED
    shop.clock.forward(MINUTE)
    second, raw = two.pay(code, 700)
    assert (await two.result(raw)).reasons == ("CODE_SPENT",)
    return wallet, one, first, two, second


async def test_the_queue_and_its_sums_mean_the_same_filter(shop: Shop) -> None:
    ada, wallet = await rich(shop)
    admin = person(shop, Role.ADMIN)
    small = await flagged(shop, "5.00", ada)
    shop.clock.forward(MINUTE)
    large = await flagged(shop, "80.00", ada)
    _, _, _, till, twice = await spent_twice(shop)
    double, device, vendor = uuid_text(twice), uuid_text(till.device), uuid_text(shop.vendor)
    now, later = shop.clock.now, str(shop.clock.now + 1)
    everything = {small, large, double}
    cases: list[tuple[dict[str, str], set[str]]] = [
        ({}, everything),
        ({"reason": "CODE_SPENT"}, {double}),
        ({"reason": "DISTANCE"}, {small, large}),
        ({"reason": "NONSENSE"}, set()),
        ({"vendor": vendor}, everything),
        ({"vendor": uuid_text(uuid7(now, bytes(10)))}, set()),
        ({"device": device}, {double}),
        ({"wallet": wallet}, {small, large}),
        ({"currency": "EUR", "least": "501"}, {large, double}),
        ({"currency": "USD"}, set()),
        ({"least": "500", "most": "500"}, {small}),
        ({"to": str(now - MINUTE)}, {small}),
        ({"from": str(now - MINUTE), "to": str(now)}, {large}),
        ({"from": later}, set()),
        ({"asked": "none"}, everything),
        ({"asked": "waiting"}, set()),
    ]
    for query, expected in cases:
        page = data(await admin.get(FLAGGED, **query))
        assert {one["id"] for one in page["transactions"]} == expected, query
        assert all(one["version"] == 0 for one in page["transactions"])
        found = data(await admin.get(SUMMARY, **query))
        assert found["payments"] == len(expected), query
        assert sum(one["minor"] for one in found["sums"]) == sum(one["amount"]["minor"] for one in page["transactions"])
    everywhere = data(await admin.get(SUMMARY))
    assert [(one["reason"], one["payments"]) for one in everywhere["reasons"]] == [("DISTANCE", 2), ("CODE_SPENT", 1)]
    assert "claimed this code first" in everywhere["reasons"][1]["words"]
    assert everywhere["oldest"] == now - 2 * MINUTE
    for query in ({"vendor": "x"}, {"wallet": "12"}, {"currency": "euro"}, {"asked": "maybe"}, {"least": "-1"}):
        assert refused(await admin.get(FLAGGED, **query)) == (422, "MALFORMED")


async def test_pages_of_a_filter_hold_each_payment_once(shop: Shop) -> None:
    ada, _ = await rich(shop)
    expected = []
    for place in range(5):
        expected.append(await flagged(shop, 100 + place, ada))
        shop.clock.forward(HOUR if place % 2 else 0)
    admin = person(shop, Role.ADMIN)
    seen: list[str] = []
    query = {"limit": "2", "least": "101"}
    while query.get("cursor") != "end":
        page = data(await admin.get(FLAGGED, **query))
        seen += [one["id"] for one in page["transactions"]]
        query["cursor"] = page["next"] or "end"
    assert sorted(seen) == sorted(expected[1:])


async def test_a_reviewer_sees_both_halves_of_a_double_spend_and_who_got_the_money(shop: Shop) -> None:
    wallet, one, first, two, second = await spent_twice(shop)
    admin = person(shop, Role.ADMIN)
    found = await shown(admin, uuid_text(second))
    assert (found["moneyIs"], found["deviceName"], found["deviceTrusted"]) == ("nowhere", "Till at the back", True)
    assert found["customer"] == "Maria Tamm"
    assert found["cap"]["minor"] == 1_000
    (twin,) = found["twins"]
    assert (twin["id"], twin["device"], twin["deviceName"]) == (
        uuid_text(first),
        uuid_text(one.device),
        "Till at the door",
    )
    assert (twin["state"], twin["moneyIs"], twin["paid"]["minor"]) == ("SUCCESSFUL", "vendor", 600)
    (back,) = (await shown(admin, uuid_text(first)))["twins"]
    assert (back["id"], back["moneyIs"], back["paid"]["minor"]) == (uuid_text(second), "nowhere", 0)
    assert {one["id"] for one in found["recent"]} == {uuid_text(first), uuid_text(second)}
    assert found["wallet"] == wallet
    data(await review(admin, uuid_text(second), found["version"]))
    (back,) = (await shown(admin, uuid_text(first)))["twins"]
    assert (back["moneyIs"], back["paid"]["minor"]) == ("vendor", 700)
    assert {update.id: update.status for update in (await two.pull()).updates} == {second: Status.SETTLED}
    await shop.assert_reconciled()


async def test_a_reviewer_sees_how_far_from_home_a_payment_was(shop: Shop) -> None:
    wallet = await shop.customer(home=FAR)
    till, (code, *_) = await shop.terminal(), await shop.codes(wallet, 1, 1_000)
    payment, raw = till.pay(code, 600)
    await till.upload(raw)
    admin = person(shop, Role.ADMIN)
    found = await shown(admin, uuid_text(payment))
    assert found["home"] == {"lat": FAR.lat, "lon": FAR.lon}
    assert found["place"] == {"lat": 594_370_000, "lon": 247_536_000}
    assert (found["distance"], found["radius"], found["moneyIs"]) == (37_473, 20_000, "review")
    assert found["explained"] == [{"reason": "DISTANCE", "words": in_words("DISTANCE")}]
    assert (found["score"], found["twins"], found["questions"]) == (0, [], [])
    assert [one["to"] for one in found["events"]] == ["FLAGGED"]
    unknown = uuid_text(uuid7(shop.clock(), bytes(10)))
    assert refused(await admin.get(f"/api/transactions/review/{unknown}")) == (404, "UNKNOWN_PAYMENT")


def test_every_reason_has_words_of_its_own() -> None:
    words = [in_words(reason) for reason in Reason]
    assert len(set(words)) == len(words)
    assert all("does not know" not in one for one in words)
    assert "does not know" in in_words("OF_A_NEWER_TILL")


async def test_a_vendor_answers_what_an_admin_asks_and_the_payment_stays_flagged(shop: Shop) -> None:
    admin, clerk = person(shop, Role.ADMIN), seller(shop)
    ada, wallet = await rich(shop)
    payment = await flagged(shop, "5.00", ada)
    asked = data(await ask(admin, payment))
    vendor = uuid_text(shop.vendor)
    (told,) = data(await clerk.get(f"/api/vendors/{vendor}/questions"))["questions"]
    assert (told["questionId"], told["text"], told["answer"]) == (asked["questionId"], "What was sold?", None)
    assert (told["payment"], told["wallet"], told["state"]) == (payment, "******" + wallet[-4:], "FLAGGED")
    assert data(await admin.get(SUMMARY, asked="waiting"))["payments"] == 1
    assert refused(await answer(clerk, told["questionId"], " ")) == (422, "REASON_REQUIRED")
    assert refused(await answer(clerk, told["questionId"], "a\x00b")) == (422, "MALFORMED")
    assert refused(await answer(clerk, told["questionId"], "x" * 1_001)) == (422, "MALFORMED")
    data(await answer(clerk, told["questionId"], "Two loaves,\nto a regular."))
    assert refused(await answer(clerk, told["questionId"])) == (409, "ANSWERED_BEFORE")
    assert data(await clerk.get(f"/api/vendors/{vendor}/questions"))["questions"] == []
    every = data(await clerk.get(f"/api/vendors/{vendor}/questions", waiting="false"))["questions"]
    assert [one["answer"] for one in every] == ["Two loaves,\nto a regular."]
    found = await shown(admin, payment)
    assert [(one["actor"], one["answeredBy"]) for one in found["questions"]] == [
        (f"admin {admin.id}", f"vendor {clerk.id}")
    ]
    assert (found["state"], found["version"]) == ("FLAGGED", 2)
    assert data(await admin.get(SUMMARY, asked="answered"))["payments"] == 1
    assert data(await review(admin, payment, 2))["state"] == "SUCCESSFUL"
    assert refused(await ask(admin, payment)) == (409, "NOT_FLAGGED")


async def test_a_shop_reads_and_answers_nothing_of_another_shop(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    asked = data(await ask(admin, await flagged(shop)))
    stranger = person(shop, Role.VENDOR, vendor=uuid7(shop.clock(), bytes(10)))
    assert refused(await answer(stranger, asked["questionId"])) == (404, "UNKNOWN_QUESTION")
    vendor = uuid_text(shop.vendor)
    path = f"/api/vendors/{vendor}/questions/{asked['questionId']}"
    assert refused(await stranger.post(path, {"answer": "x"})) == (403, "FORBIDDEN")
    assert refused(await admin.post(path, {"answer": "x"})) == (403, "FORBIDDEN"), "no admin speaks for a shop"
    assert data(await stranger.get(f"/api/vendors/{uuid_text(stranger.caller.vendor or b'')}/questions")) == {
        "questions": [],
        "next": None,
    }


async def test_questions_and_answers_are_never_altered(shop: Shop) -> None:
    admin, clerk = person(shop, Role.ADMIN), seller(shop)
    asked = data(await ask(admin, await flagged(shop)))
    data(await answer(clerk, asked["questionId"]))
    for statement in (
        "UPDATE payment_question SET text = 'x'",
        "DELETE FROM payment_question",
        "UPDATE payment_answer SET text = 'x'",
        "DELETE FROM payment_answer",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await shop.services.pool.execute(statement)


async def test_who_decides_what_somebody_decided_meanwhile_is_told_who_did(shop: Shop) -> None:
    payment = await flagged(shop)
    one, two = person(shop, Role.ADMIN), person(shop, Role.SUPERADMIN)
    seen = [(await shown(admin, payment))["version"] for admin in (one, two)]
    data(await review(one, payment, seen[0], "reject"))
    late = await review(two, payment, seen[1])
    assert refused(late) == (409, "DECIDED_MEANWHILE")
    said = late.json()["message"]
    assert said == f"It was rejected by admin Admin (admin-{one.caller.user_id.hex()}) at 2026-11-21 12:00:00+00:00."
    old = await decide(two, payment, "approve")
    assert refused(old) == (409, "NOT_FLAGGED")
    assert "rejected by admin Admin" in old.json()["message"]
    assert await shop.vendor_balance() == 0
    await shop.assert_reconciled()


async def test_a_decision_is_of_what_its_admin_saw(shop: Shop) -> None:
    payment, admin, clerk = await flagged(shop), person(shop, Role.ADMIN), seller(shop)
    seen = (await shown(admin, payment))["version"]
    asked = data(await ask(person(shop, Role.ADMIN), payment))
    assert refused(await review(admin, payment, seen)) == (409, "TALKED_MEANWHILE")
    seen = (await shown(admin, payment))["version"]
    data(await answer(clerk, asked["questionId"], "We sold nothing."))
    assert refused(await review(admin, payment, seen)) == (409, "TALKED_MEANWHILE")
    assert data(await review(admin, payment, seen + 1, "reject"))["state"] == "FAILED"


async def test_of_an_answer_and_a_decision_at_once_the_decision_knows_the_answer_or_came_first(shop: Shop) -> None:
    ada, _ = await rich(shop)
    admin, clerk = person(shop, Role.ADMIN), seller(shop)
    for _ in range(5):
        payment = await flagged(shop, "5.00", ada)
        asked = data(await ask(admin, payment))
        decided, _ = await asyncio.gather(review(admin, payment, 1), answer(clerk, asked["questionId"]))
        assert decided.status_code == 200 or refused(decided) == (409, "TALKED_MEANWHILE")
    await shop.assert_reconciled()


async def test_what_one_admin_decides_alone_adds_up_over_a_day(shop: Shop) -> None:
    set_services(shop, two_person_amount=20)
    ada, _ = await rich(shop)
    one, two = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    first, second, third = [await flagged(shop, "9.00", ada) for _ in range(3)]
    data(await decide(one, first, "approve"))
    data(await decide(one, second, "reject"))
    assert data(await decide(one, third, "approve"), 202)["state"] == "FLAGGED"
    assert data(await decide(two, third, "approve"))["state"] == "SUCCESSFUL"
    fourth = await flagged(shop, "9.00", ada)
    shop.clock.forward(24 * HOUR)
    data(await decide(one, fourth, "approve"))
    assert await shop.vendor_balance() == 2_700
    await shop.assert_reconciled()


async def test_refunds_and_reviews_of_one_admin_are_one_sum(shop: Shop) -> None:
    set_services(shop, two_person_amount=20)
    ada, _ = await rich(shop)
    one, two = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    payments = [await flagged(shop, "9.00", ada) for _ in range(2)]
    for payment in payments:
        data(await decide(one, payment, "approve"))
    assert data(await refund(one, payments[0], "3.00"), 202)["refunded"]["minor"] == 0
    assert data(await refund(two, payments[0], "3.00"))["refunded"]["minor"] == 300
    assert data(await refund(seller(shop), payments[1], "9.00"))["state"] == "REVERSED", "a shop's own are its own"
    await shop.assert_reconciled()


async def test_of_many_decisions_of_one_admin_at_once_no_more_goes_ahead_than_one_may(shop: Shop) -> None:
    set_services(shop, two_person_amount=20)
    ada, _ = await rich(shop)
    admin = person(shop, Role.ADMIN)
    payments = [await flagged(shop, "9.00", ada) for _ in range(6)]
    answers = await asyncio.gather(*(decide(admin, payment, "approve") for payment in payments))
    assert sorted(one.status_code for one in answers) == [200, 200, 202, 202, 202, 202]
    assert await shop.vendor_balance() == 1_800
    await shop.assert_reconciled()

"""Signing in: keys that come too early, many people, and locks that a supervisor lifts."""

import threading

import pytest

from terminal.ui.screens.approval import ApprovalScreen
from terminal.ui.widgets.people import People
from tests.terminal.shop import Shop, sell, supervisor, wallet_of
from tests.terminal.ui.kit import SIZES, Screen, run, till_app
from tests.terminal.ui.people_scenes import PINS, two_people
from tests.terminal.ui.steps import type_pin

SOON = 10.0  # seconds; a test that fails must not hang


@pytest.fixture
def staffed(shop: Shop) -> Shop:
    two_people(shop)
    return shop


@pytest.fixture
def crowded(shop: Shop) -> Shop:
    hashed = supervisor("anna", "471103")["pin"]
    people = [
        {"id": f"c{number:03}", "name": f"Person {number:03}", "role": "cashier", "pin": hashed}
        for number in range(1, 200)
    ]
    shop.publish(cashiers=[*people, {"id": "zoe", "name": "Zoë Õun", "role": "supervisor", "pin": hashed}])
    return shop


async def at_the_people(screen: Screen, name: str) -> People:
    await screen.on("SignInScreen")
    await screen.sees(name)
    return screen.app.screen.query_one(People)


def test_a_pin_that_is_typed_right_behind_the_name_signs_in_and_chooses_nobody_else(staffed: Shop) -> None:
    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_people(screen, "Jaan")
            # Each of these digits but the first is a number of somebody, or of nobody.
            await screen.hurry("2", *PINS["jaan"], "enter")
            await screen.on("ShiftOpenScreen")
            assert screen.app.signed_in is not None
            assert screen.app.signed_in.id == "jaan"

    run(story)


def test_what_is_typed_before_the_people_are_there_waits_for_them(staffed: Shop) -> None:
    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_people(screen, "Jaan")
            await type_pin(screen, "2", PINS["jaan"])
            await screen.type("enter")
            await screen.on("ShiftOpenScreen")
            slow = threading.Event()
            screen.app.desk.ask(lambda _terminal: slow.wait(SOON))
            screen.press("f9")
            await screen.on("SignInScreen")
            screen.press("2", *PINS["jaan"], "enter")
            assert not screen.app.screen.query_one(People).option_count
            slow.set()
            await screen.on("ShiftOpenScreen")
            assert screen.app.session is not None
            assert not screen.app.session.shut

    run(story)


def test_a_supervisors_pin_may_be_typed_ahead_too(staffed: Shop) -> None:
    given: list[object] = []

    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_people(screen, "Jaan")
            screen.app.push_screen(ApprovalScreen("Void 12.50 EUR?"), given.append)
            await screen.on("ApprovalScreen")
            await screen.hurry("1", *PINS["eva"], "plus")
            await screen.on("SignInScreen")

    run(story)
    assert [(getattr(one, "approver", None), getattr(one, "pin", None)) for one in given] == [("eva", PINS["eva"])]


def test_the_next_amount_may_be_typed_before_the_next_sale_is_there(shop: Shop) -> None:
    series = shop.issue(wallet_of(1))

    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            await screen.type("enter")
            await screen.on("SaleScreen")
            await screen.hurry(*"500", "enter", *series.wallet, "enter", *series.codes[0], "enter")
            await screen.on("VerdictScreen")
            await screen.type("enter")
            await screen.hurry(*"1250")
            await screen.sees("12.50 EUR", "Type the amount")

    run(story)


@pytest.mark.parametrize("size", SIZES)
def test_two_hundred_people_are_scrolled_and_the_pin_stays_in_sight(crowded: Shop, size: tuple[int, int]) -> None:
    async def story() -> None:
        async with till_app(crowded, size=size) as screen:
            people = await at_the_people(screen, "Person 001")
            await screen.type("end")
            await screen.sees("200  Zoë Õun (supervisor)")
            await screen.type("enter")
            await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
            await screen.write("4711")
            await screen.sees("PIN  ****_", "Zoë Õun: type the PIN")
            assert people.size.height > 2

    run(story)


@pytest.mark.parametrize(
    ("typed", "name"), [("zoë", "Zoë Õun"), ("son 014", "Person 014"), ("17", "Person 017"), ("c123", "Person 123")]
)
def test_one_of_many_is_found_by_a_name_a_number_or_an_id(crowded: Shop, typed: str, name: str) -> None:
    async def story() -> None:
        async with till_app(crowded) as screen:
            await at_the_people(screen, "Person 001")
            await screen.write(typed)
            await screen.sees(f"Search: {typed}_")
            await screen.type("enter")
            await screen.sees(f"{name}: type the PIN")

    run(story)


def test_digits_of_a_pin_that_come_too_early_choose_none_of_many(crowded: Shop) -> None:
    async def story() -> None:
        async with till_app(crowded) as screen:
            people = await at_the_people(screen, "Person 001")
            await screen.write("471103")
            await screen.sees("Search: 471103_", "0 of 200")
            await screen.type("enter")
            assert not screen.field("pin").display
            await screen.type("escape")
            await screen.sees("200 of 200", "Person 001")
            await screen.write("zo")
            await screen.sees("1 of 200")
            await screen.type("backspace", "backspace")
            await screen.until(lambda: people.option_count == 200, "all of them")

    run(story)


def shut_out(shop: Shop, person: str) -> None:
    with shop.terminal() as terminal:
        for _ in range(10):
            shop.clock.advance(30_000)
            with pytest.raises(Exception, match="PIN"):
                terminal.till.sign_in.sign_in(person, "000000")


async def is_told_to_be_shut_out(screen: Screen) -> None:
    await at_the_people(screen, "Jaan")
    await type_pin(screen, "2", PINS["jaan"])
    await screen.type("enter")
    await screen.sees("a supervisor lifts it here")


def test_a_supervisor_lifts_a_lock_where_it_stands_in_the_way(staffed: Shop) -> None:
    shut_out(staffed, "jaan")

    async def story() -> None:
        async with till_app(staffed) as screen:
            await is_told_to_be_shut_out(screen)
            await screen.type("plus")
            await screen.sees("Lift the lock of Jaan", "A supervisor must approve")
            await type_pin(screen, "1", "000000")
            await screen.type("plus")
            await screen.sees("does not fit this supervisor")
            await screen.type("plus")
            await screen.sees("Lift the lock of Jaan", "A supervisor must approve")
            await type_pin(screen, "1", PINS["eva"])
            await screen.type("plus")
            await screen.sees("The lock is lifted")
            await screen.write(PINS["jaan"])
            await screen.type("enter")
            await screen.on("ShiftOpenScreen")

    run(story)


def test_wrong_pins_of_whoever_lifts_a_lock_are_counted(staffed: Shop) -> None:
    shut_out(staffed, "jaan")

    async def story() -> None:
        async with till_app(staffed) as screen:
            await is_told_to_be_shut_out(screen)
            for words in (*("does not fit this supervisor",) * 5, "try again in 30 s"):
                await screen.type("plus")
                await screen.on("ApprovalScreen")
                await type_pin(screen, "1", "000000")
                await screen.type("plus")
                await screen.on("SignInScreen")
                await screen.sees(words)

    run(story)


def test_nobody_lifts_a_lock_in_a_shop_without_supervisors(shop: Shop) -> None:
    people = [{**supervisor(name, pin), "role": "cashier"} for name, pin in PINS.items()]
    shop.publish(cashiers=people)
    shut_out(shop, "jaan")

    async def story() -> None:
        async with till_app(shop) as screen:
            await is_told_to_be_shut_out(screen)
            await screen.type("plus")
            await screen.sees("no supervisor to lift this lock")

    run(story)


def test_plus_lifts_nothing_where_nobody_is_shut_out(staffed: Shop) -> None:
    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_people(screen, "Jaan")
            await type_pin(screen, "2", "000000")
            await screen.type("enter")
            await screen.sees("does not fit")
            await screen.type("plus")
            await screen.on("SignInScreen")

    run(story)


def test_a_locked_till_tells_what_waits_and_what_is_at_risk_but_no_customer(staffed: Shop) -> None:
    series = staffed.issue(wallet_of(1))
    with staffed.terminal() as terminal:
        assert sell(terminal, "12.50", wallet=series.wallet, code=series.codes[0], cashier="jaan").approved

    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_people(screen, "Jaan")
            await type_pin(screen, "2", PINS["jaan"])
            await screen.type("enter")
            await screen.on("SaleScreen")
            await screen.type("f9")
            await screen.sees("This till is locked", "OFFLINE", "2 queued", "12.50 of 5000.00 EUR at risk", "book")
            assert series.wallet[-4:] not in screen.text()
            await screen.type("f3", "f2")
            await screen.on("SignInScreen")

    run(story)

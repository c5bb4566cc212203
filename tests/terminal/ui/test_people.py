"""People at the till: PINs, a till that is locked, and who may go when."""

import pytest

from terminal.ui.screens.base import EVERYWHERE
from tests.terminal.shop import HOUR, Shop, supervisor, wallet_of
from tests.terminal.ui.kit import Screen, run, till_app

PINS = {"eva": "471103", "jaan": "582214"}
# What a locked till still does.
HARMLESS = {"f1", "f5"}


@pytest.fixture
def staffed(shop: Shop) -> Shop:
    shop.publish(cashiers=[supervisor("eva", PINS["eva"]), {**supervisor("jaan", PINS["jaan"]), "role": "cashier"}])
    return shop


async def choose(screen: Screen, number: str, pin: str) -> None:
    await screen.on("SignInScreen")
    await screen.sees("Eva")
    await screen.type(number)
    await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
    await screen.write(pin)
    await screen.type("enter")


async def at_the_sale(screen: Screen) -> None:
    await choose(screen, "2", PINS["jaan"])
    await screen.on("ShiftOpenScreen")
    await screen.type("enter")
    await screen.on("SaleScreen")
    await screen.sees("Type the amount", "Jaan")


def test_a_wrong_pin_is_told_and_counted_over_restarts(staffed: Shop) -> None:
    async def tries(times: int, words: str) -> None:
        async with till_app(staffed) as screen:
            for _ in range(times):
                await choose(screen, "2", "000000")
                await screen.sees("PIN")
                await screen.until(lambda: bool(screen.words().strip()), "a complaint")
                await screen.type("escape")
            await choose(screen, "2", "000000")
            await screen.sees(words)

    run(lambda: tries(2, "does not fit"))
    run(lambda: tries(2, "try again in 30 s"))


def test_a_till_that_nobody_touches_locks_itself_and_another_cashier_stays_out(staffed: Shop) -> None:
    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_sale(screen)
            staffed.clock.advance(HOUR)
            await screen.sees("This till is locked")
            await choose(screen, "2", PINS["jaan"])
            await screen.on("SaleScreen")

    run(story)


def test_a_locked_till_has_nothing_behind_its_keys(staffed: Shop) -> None:
    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_sale(screen)
            await screen.type("f9")
            await screen.sees("This till is locked")
            for number in range(1, 13):
                if f"f{number}" not in HARMLESS:
                    await screen.type(f"f{number}")
                    assert type(screen.app.screen).__name__ == "SignInScreen", f"F{number}"
            await screen.type("asterisk")
            await screen.sees("This till is locked")
            await screen.type("f1")
            await screen.on("HelpScreen")
            await screen.type("f2")
            await screen.app.lock()  # as it looks every two seconds: what it shows already is not covered
            assert type(screen.app.screen).__name__ == "HelpScreen"

    run(story)
    assert "history" in EVERYWHERE


def test_nobody_logs_out_over_an_open_shift(staffed: Shop) -> None:
    async def story() -> None:
        async with till_app(staffed) as screen:
            await at_the_sale(screen)
            await screen.app.run_action("sign_out")
            await screen.sees("the shift of Jaan is open")
            assert screen.app.session is not None

    run(story)


def test_a_defect_ends_the_till_without_showing_what_was_typed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = shop.issue(wallet_of(1))
    shown: list[str] = []

    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            code = anna.codes[0]

            def broken() -> None:
                secret = code
                raise RuntimeError(f"{len(secret)} symbols")

            monkeypatch.setattr(screen.app, "action_help", broken)
            await screen.type("f1")
            await screen.until(lambda: bool(screen.app._exit_renderables), "the end")
            with screen.app.console.capture() as capture:
                for part in screen.app._exit_renderables:
                    screen.app.console.print(part)
            shown.append(capture.get())

    with pytest.raises(RuntimeError, match="8 symbols"):
        run(story)
    assert "RuntimeError" in shown[0]
    assert anna.codes[0] not in shown[0]

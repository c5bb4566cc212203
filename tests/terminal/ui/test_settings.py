"""Settings, status and enrolment, as a person meets them on the screen."""

import httpx
import pytest

from terminal.preferences import FILE_NAME, Preferences, read_preferences
from terminal.ui.themes import symbol
from tests.terminal.shop import Series, Shop
from tests.terminal.ui.kit import Screen, run, till_app
from tests.terminal.ui.sale_scenes import accepted


async def at_the_sale(screen: Screen) -> None:
    await screen.on("ShiftOpenScreen")
    await screen.type("enter")
    await screen.on("SaleScreen")
    await screen.sees("Type the amount")


def test_the_status_says_what_is_left_of_each_limit(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop, size=(66, 20)) as screen:
            await at_the_sale(screen)
            await screen.type("f7")
            await screen.sees(
                "0.00 of 5000.00 EUR, 5000.00 left", "0 of 500, 500 left", "0 of 20, 20 left", "0 of 24 h"
            )

    run(story)


def test_a_till_is_not_enrolled_anew_while_anything_waits(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await at_the_sale(screen)
            await screen.type("f7")
            await screen.on("StatusScreen")
            await screen.type("e")
            await screen.sees("First sync and close the shift")

    run(story)


def test_what_is_set_takes_effect_at_once_and_is_kept(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await at_the_sale(screen)
            await screen.type("f8")
            await screen.sees("Look: dark", "Language: English", "Bell: off", "Paper: 42")
            await screen.type("1")
            await screen.sees("Look: light")
            await screen.type("3")
            await screen.sees("Bell: on")
            await screen.type("5")
            await screen.sees("Paper: 48")
            await screen.type("4")
            await screen.until(lambda: getattr(screen.app.focused, "id", "") == "printer", "the printer's field")
            await screen.write("lpt:1")
            await screen.type("enter")
            await screen.until(lambda: "lpt:1" in screen.text() and bool(screen.words().strip()), "a complaint")
            await screen.type("escape")
            await screen.sees("Printer: none")
            assert screen.app.theme == "light"

    run(story)
    kept = read_preferences(shop.home).preferences
    assert kept == Preferences(theme="light", language="en", bell=True, paper=48)


def test_a_key_that_was_changed_does_what_it_is_told_and_a_taken_one_is_refused(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await at_the_sale(screen)
            await screen.type("f8")
            await screen.type("7")
            await screen.on("KeySettingsScreen")
            await screen.until(lambda: screen.app.focused is not None, "the list")
            await screen.type("1")
            await screen.sees("Press the new key")
            await screen.type("f1")
            await screen.sees("This key is taken")
            await screen.type("1")
            await screen.sees("Press the new key")
            await screen.type("f11")
            await screen.sees("Kept.")
            await screen.type("escape", "escape")
            await screen.on("SaleScreen")
            await screen.type("f11")
            await screen.on("MenuScreen")

    run(story)


def test_a_damaged_file_of_settings_is_told_and_kept_until_something_is_changed(shop: Shop) -> None:
    (shop.home / FILE_NAME).write_text("{broken")

    async def story() -> None:
        async with till_app(shop) as screen:
            await at_the_sale(screen)
            await screen.type("f8")
            await screen.sees("damaged")
            assert (shop.home / FILE_NAME).read_text() == "{broken"
            await screen.type("3")
            await screen.sees("Bell: on")

    run(story)
    assert read_preferences(shop.home).preferences.bell


def test_a_secret_that_an_enrolment_makes_writes_nothing_over_the_screen(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    for file in shop.home.iterdir():
        file.unlink()

    async def story() -> None:
        async with till_app(shop, size=(66, 20)) as screen:
            await screen.on("EnrolScreen")
            await screen.write("http://127.0.0.1:9")
            await screen.type("enter")
            await screen.scan("A" * 43 + "." + "0" * 16)
            await screen.until(lambda: screen.app.focused is not None and screen.app.focused.id == "name", "the name")
            await screen.type("enter", "enter", "enter")
            await screen.sees("can't be reached")

    run(story)
    assert (shop.home / "unlock").exists()
    assert "unlock" not in capfd.readouterr().err


def test_an_enrolment_says_what_is_wrong_with_each_field_and_keeps_what_was_typed(shop: Shop) -> None:
    for file in shop.home.iterdir():
        file.unlink()
    (shop.home / "unlock").write_text("open sesame")
    (shop.home / "unlock").chmod(0o600)

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no network", request=request)

    async def story() -> None:
        async with till_app(shop, size=(66, 20), transport=httpx.MockTransport(away)) as screen:
            await screen.on("EnrolScreen")
            await screen.write("ftp://shop")
            await screen.type("enter")
            await screen.until(lambda: bool(screen.words().strip()), "a complaint")
            for _letter in "ftp://shop":
                await screen.type("backspace")
            await screen.write("http://127.0.0.1:9")
            await screen.type("enter")
            await screen.scan("A" * 43 + "." + "0" * 16)
            await screen.until(lambda: screen.app.focused is not None and screen.app.focused.id == "name", "the name")
            await screen.type("enter")
            await screen.sees("can't be reached", "http://127.0.0.1:9", "till")

    run(story)


def test_a_look_that_is_chosen_above_a_verdict_changes_the_marks_in_it(shop: Shop, anna: Series) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await accepted(screen, anna)
            await screen.type("f8")
            await screen.on("SettingsScreen")
            await screen.type("1", "1", "1")
            await screen.sees("Look: plain ASCII")
            await screen.type("escape")
            await screen.on("VerdictScreen")
            await screen.reads(f"{symbol('waits', ascii_only=True)}  A C C E P T E D")

    run(story)

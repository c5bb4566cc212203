"""A console with sixteen colours and no glyphs: nothing but ASCII, and no meaning that colour alone carries."""

import pytest

from terminal.preferences import Preferences
from terminal.ui.plain import plain
from terminal.ui.themes import usual_theme
from tests.terminal.shop import Shop, supervisor
from tests.terminal.ui.kit import run, till_app
from tests.terminal.ui.page_scenes import every_state

PLAIN = Preferences(theme="ascii", language="de", bell=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Õun", "Zoe Oun"),
        ("Gebühr, groß", "Gebuhr, gros"),
        ("Анна", "????"),
        ("店", "??"),
        ("…", "."),
        ("a-z", "a-z"),
    ],
)
def test_a_letter_loses_what_a_console_may_lack_and_takes_no_other_room(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("environ", "colours", "look"),
    [
        ({"TERM": "linux"}, "standard", "ascii"),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, "truecolor", "ascii"),
        ({"TERM": "xterm-16color"}, "standard", "ascii"),
        ({"TERM": "vt220"}, "standard", "ascii"),
        ({"TERM": "xterm-256color"}, "256", "dark"),
        ({"TERM": "foot", "COLORTERM": "truecolor"}, "truecolor", "dark"),
        ({"TERM": "dumb"}, None, "ascii"),
    ],
)
def test_a_console_of_sixteen_colours_gets_the_look_that_was_made_for_it(
    environ: dict[str, str], colours: str | None, look: str
) -> None:
    assert usual_theme(environ, colours) == look


def test_people_and_words_of_other_alphabets_are_shown_in_ascii(shop: Shop) -> None:
    shop.publish(cashiers=[{**supervisor("zoe", "471103"), "name": "Zoë Õun"}, supervisor("anna", "471103")])

    async def story() -> None:
        async with till_app(shop, preferences=PLAIN) as screen:
            await screen.sees("Zoe Oun (Aufsicht)")
            await screen.type("1")
            await screen.until(lambda: screen.field("pin").has_focus, "the PIN")
            await screen.write("000000")
            await screen.type("enter")
            await screen.sees("[XX]")
            await screen.type("f5")
            await screen.sees("...")
            assert screen.text().isascii()

    run(story)


def test_each_state_of_a_payment_has_a_mark_and_a_word_of_its_own(shop: Shop) -> None:
    every_state(shop)
    marks = ("[..] ACCEPTED", "[OK] SETTLED", "[!?] FLAGGED", "[XX] FAILED", "[--] VOIDED")

    async def story() -> None:
        async with till_app(shop, preferences=Preferences(theme="ascii", language="en", bell=False)) as screen:
            await screen.on("SaleScreen")
            await screen.type("f2")
            await screen.sees(*marks, "( ) OFFLINE")
            assert screen.text().isascii()

    run(story)

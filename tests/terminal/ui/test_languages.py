"""Every screen in German, and in a language whose texts are a third longer: none stays English, none is cut off."""

from dataclasses import dataclass

import pytest

from terminal import texts
from terminal.preferences import Preferences
from terminal.ui import looks
from tests.terminal.shop import Shop, wallet_of
from tests.terminal.ui import speech
from tests.terminal.ui.kit import run, till_app
from tests.terminal.ui.scenes import SCENES, Scene, prepare
from tests.terminal.ui.steps import open_shift, type_code, type_wallet
from tests.terminal.ui.test_pictures import NEVER

SMALLEST = (66, 20)
# What people and programs are called here.
NAMES = {"Shop", "till", "Eva", "Jaan", "English"}
# What a scene itself has put on its screen, in English.
OWN_WORDS = {"approval": {"Void"}, "queue_in_trouble": {"the", "server", "refuses", "this"}}


@dataclass(frozen=True)
class Shown:
    """What a screen says, and whether there is more below."""

    text: str
    scrolls: bool


async def shown(shop: Shop, scene: Scene, language: str) -> Shown:
    """What a scene's screen says, once it stands still."""
    anna = prepare(shop, scene)
    preferences = Preferences(theme="dark", language=language, bell=False)
    async with till_app(shop, size=SMALLEST, preferences=preferences, pace=NEVER) as screen:
        await scene.play(screen, anna)
        await screen.until(lambda: type(screen.app.screen) is scene.shows, scene.shows.__name__)
        await screen.until(lambda: not screen.app.live or screen.app.standing.link is False, "the link is known")
        before = ""
        while not before or before != screen.text():
            before = screen.text()
            await screen.pilot.pause()
        return Shown(
            before, any(widget.max_scroll_y > 0 for widget in screen.app.screen.query("VerticalScroll, OptionList"))
        )


def english_words(said: str) -> set[str]:
    return speech.words(said) & speech.english_words() - NAMES


@pytest.mark.parametrize("name", SCENES)
def test_no_english_word_is_left_on_a_german_screen(shop: Shop, name: str) -> None:
    screens: list[Shown] = []

    async def story() -> None:
        screens.append(await shown(shop, SCENES[name], "de"))

    run(story)
    left = english_words(screens[0].text) - OWN_WORDS.get(name, set())
    assert not left, screens[0].text


@pytest.mark.parametrize("name", SCENES)
def test_texts_that_are_a_third_longer_still_fit(shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "speak", lambda _language: None)
    monkeypatch.setattr(texts._Speech, "catalogue", speech.Longer())

    screens: list[Shown] = []

    async def story() -> None:
        screens.append(await shown(shop, SCENES[name], "en"))

    run(story)
    said = screens[0].text
    cut = said.count(speech.BEGINS) - said.count(speech.ENDS)
    assert said.count(speech.BEGINS) > 3
    assert cut == 0 or (screens[0].scrolls and cut == 1), said


def test_another_language_is_spoken_on_all_screens_at_once_and_nothing_typed_is_lost(shop: Shop) -> None:
    anna = shop.issue(wallet_of(7))

    async def story() -> None:
        async with till_app(shop, pace=NEVER) as screen:
            await open_shift(screen)
            await type_wallet(screen, "1250", anna.wallet)
            await screen.type("f8")
            await screen.reads("Language: English")
            await screen.type("2")
            await screen.reads("Sprache: Deutsch", "Einstellungen", "Zurück", "offen")
            assert not english_words(screen.text())
            await screen.type("escape")
            await screen.on("SaleScreen")
            await screen.reads("Betrag", "12.50 EUR", anna.wallet[4:8], "Gutschein scannen")
            assert not english_words(screen.text())
            await type_code(screen, anna.codes[0])
            await screen.type("enter")
            await screen.on("VerdictScreen")
            await screen.reads("O F F L I N E", "nächster Kunde")
            await screen.type("f8")
            await screen.reads("Sprache: Deutsch")
            await screen.type("2")
            await screen.reads("Language: English")
            await screen.type("escape")
            await screen.on("VerdictScreen")
            await screen.reads("A C C E P T E D", "Amount 12.50 EUR", "Enter: next customer")
            await screen.type("enter")
            await screen.on("SaleScreen")
            await screen.reads("Type the amount")

    run(story)

"""Every screen in three sizes and in each look, as it was looked at and found right.

What another look changes is colours alone, but for plain ASCII: so the others are pictured in one size.

After a change: look at what is different, then `pytest tests/terminal/ui/test_pictures.py --snapshot-update`.
"""

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from terminal.preferences import Preferences
from terminal.sync import Pace
from terminal.ui.screens import status
from terminal.ui.screens.base import TillScreen
from tests.terminal.shop import Shop
from tests.terminal.ui.kit import SIZES, Screen, run, till_app
from tests.terminal.ui.pictures import picture
from tests.terminal.ui.scenes import SCENES, prepare

# No sync while a picture is taken: when one was tried last would be another time in each.
NEVER = Pace(first_spread=10.0**9)
LOOKS = ("dark", "ascii")
OTHER_LOOKS = ("light", "contrast")
USUAL = (80, 24)
LARGE = (160, 50)


@pytest.fixture(autouse=True)
def _same_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(status.StatusScreen, "_machine", lambda *_of_the_status: [("Shop", "Shop")])


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_it_was_found_right(shop: Shop, name: str, look: str, snapshot: SnapshotAssertion) -> None:
    scene = SCENES[name]
    anna = prepare(shop, scene)
    shown: dict[str, str] = {}

    async def story() -> None:
        preferences = Preferences(theme=look, language="en", bell=False)
        async with till_app(shop, preferences=preferences, pace=NEVER) as screen:
            await scene.play(screen, anna)
            assert type(screen.app.screen) is scene.shows
            for box in screen.app.screen.query(Input):
                box.cursor_blink = False
            await screen.until(lambda: not screen.app.live or screen.app.standing.link is False, "the link is known")
            await screen.app.look()
            for size in SIZES:
                shown[_named(size)] = await _shot(screen, size)
            await _shot(screen, LARGE)
            for other in OTHER_LOOKS if look == "dark" else ():
                screen.app.prefer(replace(preferences, theme=other))
                shown[f"{other}-{_named(USUAL)}"] = await _shot(screen, USUAL)

    run(story)
    for size, shot in shown.items():
        assert look != "ascii" or shot.isascii()
        assert shot == snapshot(name=size)


def test_every_screen_has_its_picture() -> None:
    # The demo has one of its own, which is there where another test loaded it.
    screens = {screen for screen in TillScreen.__subclasses__() if screen.__module__.startswith("terminal.")}
    assert {scene.shows for scene in SCENES.values()} == screens


def _named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


async def _shot(screen: Screen, size: tuple[int, int]) -> str:
    """A picture in a size, with everything that stands in it within its frame and all of its lines full."""
    width, height = size
    await screen.pilot.resize_terminal(width, height)
    await screen.pilot.pause()
    lines = screen.text().splitlines()
    assert len(lines) == height
    assert all(cell_len(line) <= width for line in lines)
    return picture(screen.app.screen)

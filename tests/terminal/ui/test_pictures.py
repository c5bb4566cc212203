"""Every screen in three sizes and two looks, as it was looked at and found right.

After a change: look at what is different, then `pytest tests/terminal/ui/test_pictures.py --snapshot-update`.
"""

import pytest
from syrupy.assertion import SnapshotAssertion

from terminal.preferences import Preferences
from terminal.sync import Pace
from tests.terminal.shop import Shop
from tests.terminal.ui.kit import SIZES, run, till_app
from tests.terminal.ui.pictures import picture
from tests.terminal.ui.scenes import SCENES, prepare

# No sync while a picture is taken: when one was tried last would be another time in each.
NEVER = Pace(first_spread=10.0**9)
LOOKS = ("dark", "ascii")


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_it_was_found_right(shop: Shop, name: str, look: str, snapshot: SnapshotAssertion) -> None:
    scene = SCENES[name]
    anna = prepare(shop, people=scene.people)
    shown: dict[str, str] = {}

    async def story() -> None:
        preferences = Preferences(theme=look, language="en", bell=False)
        async with till_app(shop, preferences=preferences, pace=NEVER) as screen:
            await scene.play(screen, anna)
            await screen.until(lambda: not screen.app.live or screen.app.standing.link is False, "the link is known")
            await screen.app.look()
            for width, height in SIZES:
                await screen.pilot.resize_terminal(width, height)
                await screen.pilot.pause()
                shown[f"{width}x{height}"] = picture(screen.app.screen)
                if look == "ascii":
                    assert shown[f"{width}x{height}"].isascii()
                assert all(len(line) <= width + 2 for line in screen.text().splitlines())

    run(story)
    for size, shot in shown.items():
        assert shot == snapshot(name=size)

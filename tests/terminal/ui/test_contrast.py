"""Words that can be read: each of them stands out 4.5 : 1 from what lies behind it (WCAG 2.2, 1.4.3)."""

import pytest
from msgspec.structs import replace
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.screen import Screen as AnyScreen

from tests.terminal.shop import Shop
from tests.terminal.ui.kit import run, till_app
from tests.terminal.ui.scenes import SCENES, prepare

LOOKS = ("dark", "light", "contrast")
LEAST = 4.5
# What draws a frame is no word.
_FRAMES = {chr(code) for code in range(0x2500, 0x2580)}


def luminance(colour: ColorTriplet) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def faint_words(screen: AnyScreen[object]) -> list[str]:
    """The words of a screen that do not stand out, with their contrast."""
    faint = []
    for strip in screen._compositor.render_strips():
        for segment in strip:
            style = segment.style or Style()
            if set(segment.text) - _FRAMES - {" "} and (found := _contrast_of(segment)) < LEAST:
                faint.append(f"{segment.text.strip()!r}: {found:.2f} as {style}")
    return faint


def _contrast_of(segment: Segment) -> float:
    style = segment.style
    assert style is not None
    assert style.color is not None, segment
    assert style.bgcolor is not None, segment
    assert not style.dim, segment
    return contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor())


def test_the_measure_is_wcags() -> None:
    assert contrast(ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)) == pytest.approx(21.0)
    assert contrast(ColorTriplet(119, 119, 119), ColorTriplet(255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", SCENES)
def test_every_word_stands_out_in_each_look(shop: Shop, name: str) -> None:
    scene = SCENES[name]
    anna = prepare(shop, scene)
    faint: dict[str, list[str]] = {}

    async def story() -> None:
        async with till_app(shop, size=(100, 30)) as screen:
            await scene.play(screen, anna)
            for look in LOOKS:
                screen.app.prefer(replace(screen.app.preferences, theme=look))
                await screen.pilot.pause()
                faint[look] = faint_words(screen.app.screen)

    run(story)
    assert faint == {look: [] for look in LOOKS}

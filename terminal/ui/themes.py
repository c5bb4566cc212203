"""Four looks: dark, light, high contrast, and plain ASCII in the sixteen colours that every console has."""

from collections.abc import Mapping

from rich.color import Color
from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

# Every word stands out 4.5 : 1 at least (WCAG 2.2, 1.4.3), whatever it is painted in and on whatever of these it lies.
# `row` is what lies behind the row of a list that is chosen.
DARK = Theme(
    name="dark",
    primary="#5fafff",
    secondary="#87afd7",
    accent="#ffd75f",
    success="#00af5f",
    warning="#d7af00",
    error="#ff5f87",
    foreground="#eeeeee",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
    variables={"row": "#00005f"},
)
LIGHT = Theme(
    name="light",
    primary="#005f87",
    secondary="#005f5f",
    accent="#6b4a00",
    success="#005f00",
    warning="#6b4a00",
    error="#af0000",
    foreground="#121212",
    background="#ffffff",
    surface="#f4f4f4",
    panel="#dadada",
    dark=False,
    variables={"row": "#ffffaf"},
)
CONTRAST = Theme(
    name="contrast",
    primary="#00ffff",
    secondary="#ffffff",
    accent="#ffff00",
    success="#00ff00",
    warning="#ffff00",
    error="#ff5f5f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    text_alpha=1.0,
    variables={"row": "#00008f"},
)
ASCII = Theme(
    name="ascii",
    primary="ansi_bright_cyan",
    secondary="ansi_white",
    accent="ansi_bright_yellow",
    success="ansi_bright_green",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    ansi=True,
    # Textual's own styles ask for these of every theme that is `ansi`.
    variables={
        "row": "ansi_default",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border-blurred": "ansi_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_white",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_white",
        "screen-selection-foreground": "ansi_black",
    },
)
ALL = (DARK, LIGHT, CONTRAST, ASCII)
# Consoles without the glyphs or the colours.
_PLAIN_TERMS = ("linux", "vt", "dumb", "ansi")


def palette(look: Theme) -> TerminalTheme:
    """What red, green and the other words for colours mean in a look that is not of a console's own sixteen."""
    names = (look.background, look.error, look.success, look.warning, look.primary, look.accent, look.secondary)
    colours = [_rgb(name) for name in (*names, look.foreground)]
    return TerminalTheme(_rgb(look.background), _rgb(look.foreground), colours, colours)


def _rgb(colour: str | None) -> tuple[int, int, int]:
    red, green, blue = Color.parse(colour or "").get_truecolor()
    return red, green, blue


def usual_theme(environ: Mapping[str, str], colours: str | None) -> str:
    """The look for a terminal that nobody chose one for; `colours` as Rich names what it can: standard is sixteen."""
    plain = environ.get("TERM", "").startswith(_PLAIN_TERMS) or colours in (None, "standard")
    return "ascii" if plain else "dark"


# What each verdict and state is marked with beside its word and its colour: (usual, ASCII).
_SYMBOLS = {
    "good": ("✔", "[OK]"),
    "waits": ("◷", "[..]"),
    "flagged": ("⚑", "[!?]"),
    "bad": ("✖", "[XX]"),
    "warn": ("▲", "[!]"),
    "void": ("⊘", "[--]"),
    "up": ("●", "(*)"),
    "down": ("○", "( )"),
    "point": ("·", "-"),
}


def symbol(name: str, *, ascii_only: bool) -> str:
    """The mark of a verdict or a state."""
    return _SYMBOLS[name][1 if ascii_only else 0]

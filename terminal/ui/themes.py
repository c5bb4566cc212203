"""Four looks: dark, light, high contrast, and plain ASCII in the sixteen colours that every console has."""

from collections.abc import Mapping

from textual.theme import Theme

# Colours that stay apart when a console brings them down to sixteen.
DARK = Theme(
    name="dark",
    primary="#5fafff",
    secondary="#87afd7",
    accent="#ffd75f",
    success="#00af5f",
    warning="#d7af00",
    error="#d7005f",
    foreground="#eeeeee",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
)
LIGHT = Theme(
    name="light",
    primary="#005f87",
    secondary="#005f5f",
    accent="#875f00",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    foreground="#121212",
    background="#ffffff",
    surface="#f4f4f4",
    panel="#dadada",
    dark=False,
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


def usual_theme(environ: Mapping[str, str]) -> str:
    """The look for a terminal that nobody chose one for."""
    return "ascii" if environ.get("TERM", "").startswith(_PLAIN_TERMS) else "dark"


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

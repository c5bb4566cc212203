"""A screen as text that can be read and compared: what it says, and below each line in which style.

A style is a letter; the legend says which. The style of most of the screen is a space.
"""

from collections import Counter

from rich.style import Style
from textual.screen import Screen

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def picture(screen: Screen[object]) -> str:
    """All of a screen, as it is drawn now."""
    rows = [
        [(segment.text, _named(segment.style)) for segment in strip] for strip in screen._compositor.render_strips()
    ]
    count = Counter[str]()
    for row in rows:
        for text, style in row:
            count[style] += len(text)
    usual = count.most_common(1)[0][0]
    letters = {usual: " "} | dict(zip(sorted(set(count) - {usual}), _LETTERS, strict=False))
    lines = [f"{letter}: {style}" for style, letter in letters.items()]
    for row in rows:
        lines.append("|" + "".join(text for text, _style in row) + "|")
        marks = "".join(letters[style] * len(text) for text, style in row).rstrip()
        if marks:
            lines.append(":" + marks)
    return "\n".join(lines)


def _named(style: Style | None) -> str:
    if style is None:
        return "plain"
    kept = Style(
        color=style.color,
        bgcolor=style.bgcolor,
        bold=style.bold,
        reverse=style.reverse,
        underline=style.underline,
        dim=style.dim,
    )
    return str(kept)

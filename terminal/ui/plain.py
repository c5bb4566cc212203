"""What a console without glyphs is shown instead of them."""

import unicodedata
from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender

_LIKE = {"…": ".", "ß": "s", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{RIGHT SINGLE QUOTATION MARK}": "'"}


class PlainBars(ScrollBarRender):
    """Scroll bars of whole cells, which every console has."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


class PlainLetters(LineFilter):
    """Nothing but ASCII: letters lose their accents, what has no likeness is a question mark; no cell moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """A line, cell by cell."""
        del background
        return [segment._replace(text=plain(segment.text)) for segment in segments]


def plain(text: str) -> str:
    """A text in ASCII, as wide as it was."""
    return text if text.isascii() else "".join(map(_plain, text))


@lru_cache(1024)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    base = _LIKE.get(character) or unicodedata.normalize("NFKD", character)[:1]
    return (base if base.isascii() else "?").ljust(cell_len(character), "?")[: cell_len(character)]

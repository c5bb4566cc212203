"""A layout for narrow paper: blocks are fitted into a number of columns, and nothing of them is cut. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

NARROWEST, WIDEST = 24, 64  # columns
_SPACES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})  # and what no paper can show
_FORMAT = "Cf"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, wrapped at words. What is big takes two columns a letter and two lines."""

    text: str
    centre: bool = False
    big: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A label at the left and its value at the right; on two lines where they do not fit beside each other."""

    left: str
    right: str
    big: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code of a text of its alphanumeric mode."""

    text: str


Block = Text | Pair | Rule | Qr


@dataclass(frozen=True, slots=True)
class Line:
    """One line that fits its paper: `text` with its own leading spaces, or a QR code instead of it."""

    text: str = ""
    big: bool = False
    qr: str | None = None


def set_blocks(blocks: Sequence[Block], width: int) -> tuple[Line, ...]:
    """The blocks on paper of `width` columns; a wide letter takes two of them, a combining mark none.

    Raises:
        ValueError: where no receipt fits into so few columns, or so many are none.
    """
    if not NARROWEST <= width <= WIDEST:
        raise ValueError(f"a receipt has {NARROWEST} to {WIDEST} columns")
    return tuple(line for block in blocks for line in _set(block, width))


def _set(block: Block, width: int) -> Iterator[Line]:
    match block:
        case Rule():
            yield Line("-" * width)
        case Qr(text):
            yield Line(qr=text)
        case Text(text, centre, big):
            room = width // 2 if big else width
            for part in wrap(text, room):
                yield Line(" " * ((room - cell_len(part)) // 2) + part if centre else part, big)
        case Pair(left, right, big):
            yield from (Line(text, big) for text in _beside(left, right, width // 2 if big else width))


def _beside(left: str, right: str, room: int) -> Iterator[str]:
    *before, left = wrap(left, room)
    values = wrap(right, room)
    yield from before
    gap = room - cell_len(left) - cell_len(values[0])
    if len(values) == 1 and gap > 0:
        yield left + " " * gap + values[0]
        return
    yield left
    yield from (" " * (room - cell_len(value)) + value for value in values)


def clean(text: str) -> str:
    """The text as paper may show it, on one line: composed, without controls, format marks and what is no letter yet.

    So nothing in a name can reach a printer as a command, turn the direction of writing, or hide.
    """
    composed = unicodedata.normalize("NFC", text)
    kinds = ((symbol, unicodedata.category(symbol)) for symbol in composed)
    shown = (" " if kind in _SPACES else symbol for symbol, kind in kinds if kind != _FORMAT)
    return " ".join("".join(shown).split())


def clusters(text: str) -> list[str]:
    """The letters of a text, each with the marks that stand on it."""
    found: list[str] = []
    for symbol in text:
        if found and cell_len(symbol) == 0:
            found[-1] += symbol
        else:
            found.append(symbol)
    return found


def wrap(text: str, room: int) -> list[str]:
    """The cleaned text in lines of at most `room` columns, at words where they fit; one empty line for no text."""
    lines = [""]
    for word in clean(text).split(" "):
        if cell_len(lines[-1]) + cell_len(word) + 1 <= room and lines[-1]:
            lines[-1] += " " + word
            continue
        if lines[-1]:
            lines.append("")
        for letter in clusters(word):
            if cell_len(lines[-1]) + cell_len(letter) > room:
                lines.append("")
            lines[-1] += letter
    return lines

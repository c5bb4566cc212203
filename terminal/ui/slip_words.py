"""A receipt on a screen: its lines, and its QR code out of blocks."""

from collections.abc import Sequence
from typing import TypeVar

from rich.style import Style
from rich.text import Text

from terminal.printing.as_text import text_lines
from terminal.printing.slip import Slip

_Item = TypeVar("_Item")
# Half of what paper has, so that more codes fit; scanners read it from a screen all the same.
_QUIET = 2
# A code is dark on light, whatever the theme: scanners want it so.
_PAPER = Style(color="black", bgcolor="white")
_INK = Style(color="black", bgcolor="black")
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
# By upper left, upper right, lower left, lower right.
_QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


def slip_text(slip: Slip, width: int, *, ascii_only: bool, small: bool) -> Text:
    """The slip in `width` columns; the code may be wider, and is then scrolled to."""
    lines: list[Text] = []
    for line in text_lines(slip, width):
        if line.qr is not None:
            lines += qr_lines(line.qr, ascii_only=ascii_only, small=small)
        else:
            lines.append(Text(line.text, no_wrap=True))
    return Text("\n", no_wrap=True).join(lines)


def qr_width(text: str, *, ascii_only: bool, small: bool) -> int:
    """How many columns a code takes."""
    return max((line.cell_len for line in qr_lines(text, ascii_only=ascii_only, small=small)), default=0)


def qr_lines(text: str, *, ascii_only: bool, small: bool) -> list[Text]:
    """A QR code of cells: two modules high each, or four modules in a small one; in ASCII two or one cell a module.

    A small code is narrower than it is high; most scanners read it.
    """
    import segno  # noqa: PLC0415 - with urllib and XML, for which the first screen does not wait

    code = segno.make(text, error="l", boost_error=False, micro=False)
    matrix = [[bool(dark) for dark in row] for row in code.matrix_iter(border=_QUIET)]
    if ascii_only:
        return [_cells(row, 1 if small else 2) for row in matrix]
    rows = _paired(matrix, [False] * len(matrix[0]))
    return [_quarters(upper, lower) if small else _halves(upper, lower) for upper, lower in rows]


def _cells(row: Sequence[bool], cells: int) -> Text:
    line = Text(no_wrap=True)
    for dark in row:
        line.append(("#" if dark else " ") * cells, _INK if dark else _PAPER)
    return line


def _halves(upper: Sequence[bool], lower: Sequence[bool]) -> Text:
    return Text("".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)), _PAPER, no_wrap=True)


def _quarters(upper: Sequence[bool], lower: Sequence[bool]) -> Text:
    shown = ""
    for (left, right), (below, beside) in zip(_paired(upper, False), _paired(lower, False), strict=True):  # noqa: FBT003 - light
        shown += _QUARTERS[left + 2 * right + 4 * below + 8 * beside]
    return Text(shown, _PAPER, no_wrap=True)


def _paired(items: Sequence[_Item], last: _Item) -> list[tuple[_Item, _Item]]:
    """Two by two; where one is left over, with `last`."""
    return [(one, items[at + 1] if at + 1 < len(items) else last) for at, one in enumerate(items) if at % 2 == 0]

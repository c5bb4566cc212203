"""A slip as a picture in black and white: 12 dots a column, as receipt printers have it."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len

from terminal.printing.lines import Line, clusters
from terminal.printing.slip import ReportSlip, Slip, layout

DOTS = 12  # a column: 32 columns are the 384 dots of 58 mm paper, 48 the 576 of 80 mm
HEIGHT = 24
_FONT = Path(__file__).parent / "fonts" / "receipt.ttf"
_FONT_SIZE = 20  # 12.04 dots a letter
_QUIET = 4  # modules of white around a QR code
_SMALLEST_MODULE = 3
_LARGEST_MODULE = 6
_WHITE, _BLACK = 1, 0


def picture(lines: Sequence[Line], width: int) -> Image.Image:
    """The lines below each other, `width` columns wide; mode "1"."""
    drawn = [draw_line(line, width) for line in lines]
    whole = Image.new("1", (width * DOTS, max(1, sum(image.height for image in drawn))), _WHITE)
    top = 0
    for image in drawn:
        whole.paste(image, (0, top))
        top += image.height
    return whole


def as_png(slip: Slip | ReportSlip, width: int) -> bytes:
    """A slip as a PNG file, with a margin of two columns.

    Raises:
        ValueError: no receipt fits into `width` columns.
    """
    inner = picture(layout(slip, width), width)
    framed = Image.new("1", (inner.width + 4 * DOTS, inner.height + 4 * DOTS), _WHITE)
    framed.paste(inner, (2 * DOTS, 2 * DOTS))
    file = io.BytesIO()
    framed.save(file, "PNG", optimize=True)
    return file.getvalue()


def draw_line(line: Line, width: int) -> Image.Image:
    """One line as a picture that is as wide as the paper."""
    if line.qr is not None:
        return draw_qr(line.qr, width * DOTS)
    scale = 2 if line.big else 1
    image = Image.new("1", (width * DOTS, HEIGHT * scale), _WHITE)
    pen, column = ImageDraw.Draw(image), 0
    for letter in clusters(line.text):
        pen.text((column * DOTS * scale, 0), letter, fill=_BLACK, font=_font(_FONT_SIZE * scale))
        column += cell_len(letter)
    return image


def draw_qr(text: str, dots: int) -> Image.Image:
    """A QR code in the middle of paper of so many dots, with the most correction that leaves 3 dots a module.

    Where even the least does not, an empty picture: what no scanner reads is not worth its paper.
    """
    for correction in ("m", "l"):
        try:
            code = segno.make(text, error=correction, boost_error=False, micro=False)
        except segno.DataOverflowError:
            continue
        side = int(code.symbol_size(border=_QUIET)[0])  # whole modules
        module = min(_LARGEST_MODULE, dots // side)
        if module >= _SMALLEST_MODULE:
            return _drawn(code, module, dots)
    return Image.new("1", (dots, 1), _WHITE)


def _drawn(code: segno.QRCode, module: int, dots: int) -> Image.Image:
    rows = [bytes(row) for row in code.matrix_iter(scale=module, border=_QUIET)]
    side = len(rows)
    bits = Image.frombytes("L", (side, side), bytes(0 if dark else 255 for row in rows for dark in row))
    image = Image.new("1", (dots, side), _WHITE)
    image.paste(bits.convert("1"), ((dots - side) // 2, 0))
    return image


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size, layout_engine=ImageFont.Layout.BASIC)

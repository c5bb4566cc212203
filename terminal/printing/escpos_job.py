"""A slip as the bytes that a receipt printer takes, made by python-escpos before any printer is opened."""

import re
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from PIL import Image, ImageChops

from terminal.printing.as_picture import DOTS, draw_line
from terminal.printing.errors import PrinterExtraError
from terminal.printing.lines import Line

_REAL_TIME = re.compile(rb"\x10(?=[\x04\x05\x14])")
_FEED = 4  # lines between the last one and the knife


def job_of(lines: Sequence[Line], width: int) -> bytes:
    """The commands for a whole slip: text by the printer's code pages, all that these lack as pictures, then a cut.

    Raises:
        PrinterExtraError: where python-escpos is not installed.
    """
    printer: Any = escpos().Dummy(profile=_profile(width * DOTS))
    printer.hw("INIT")
    for line in lines:
        if line.qr is not None or not _is_plain(printer, line.text):
            printer.image(_harmless(draw_line(line, width)), impl="bitImageRaster")
            continue
        printer.set_with_default(custom_size=line.big, width=1 + line.big, height=1 + line.big)
        printer.text(f"{line.text}\n")
    printer.set_with_default()
    printer.ln(_FEED)
    printer.cut(mode="PART", feed=False)
    return bytes(printer.output)


def _harmless(image: Image.Image) -> Image.Image:
    """The picture without what a printer would obey in the midst of it: real-time commands, such as opening the drawer.

    One dot more makes another byte of a DLE (1 is black there) before EOT, ENQ or DC4.
    """
    dots = _REAL_TIME.sub(b"\x18", ImageChops.invert(image).tobytes())
    return ImageChops.invert(Image.frombytes("1", image.size, dots))


def _profile(dots: int) -> Any:
    """The profile that fits most printers, with the width of the paper, which it leaves open."""
    escpos()
    from escpos.capabilities import Profile  # noqa: PLC0415 - as `escpos`

    profile = Profile()
    profile.profile_data = {**profile.profile_data, "media": {"width": {"pixels": dots, "mm": "Unknown"}}}
    return profile


def _is_plain(printer: Any, text: str) -> bool:
    """Whether each letter is in a code page. Controls never are: layout removed them, and none may be a command."""
    find = printer.magic.encoder.find_suitable_encoding
    return text.isprintable() and all(symbol.isascii() or find(symbol) for symbol in text) and not _is_han(text)


def _is_han(text: str) -> bool:
    # python-escpos sends these as GB 18030, whatever the printer's code page is.
    return any("\u4e00" <= symbol <= "\u9fa5" for symbol in text)


@cache
def escpos() -> ModuleType:
    """`escpos.printer`, imported when a printer is wanted: it takes longer than a sale.

    It unpacks itself into a folder that it never removes, so the import is given one that goes.

    Raises:
        PrinterExtraError: where it is not installed.
    """
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            return import_module("escpos.printer")
        except ImportError:
            raise PrinterExtraError from None
        finally:
            tempfile.tempdir = before

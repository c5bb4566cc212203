"""receipt: what a customer takes home, on paper, as a picture or as text."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from shared.ids import uuid_text
from terminal.commands.answers import AsJson, answer, expected_errors, say
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.commands.selling import payment_id
from terminal.composition import Terminal
from terminal.errors import InputError
from terminal.printing.addresses import parse_printer
from terminal.printing.as_text import as_text
from terminal.printing.errors import PrinterError
from terminal.printing.lines import NARROWEST, WIDEST
from terminal.printing.receipts import Receipts, slip_of
from terminal.printing.slip import Slip
from terminal.settings import PRINTER_VARIABLE
from terminal.texts import _, system_words

_COLUMNS = 42


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be done with the receipt."""

    text: bool
    png: Path | None
    printer: str | None
    width: int

    @property
    def is_a_look(self) -> bool:
        """Whether nothing is handed out."""
        return not self.text and self.png is None and self.printer is None


@expected_errors
def receipt(
    *payment: str,
    text: Annotated[bool, Parameter(negative=())] = False,
    png: Path | None = None,
    to_printer: Annotated[bool, Parameter(name="--print", negative=())] = False,
    printer: str | None = None,
    width: int = _COLUMNS,
    as_json: AsJson = False,
) -> int:
    """Give a customer the receipt of a payment, or of several of one sale. Every one after the first says COPY.

    With none of --text, --png and --print, it is shown here and does not count as given.

    Example: tallystick terminal receipt 0192f0c1-… --print --printer tcp:192.168.1.50:9100

    Args:
        payment: The payment's id.
        text: Write it to stdout as plain text.
        png: Write it to this file, a picture.
        to_printer: Print it.
        printer: usb:04b8:0e15, serial:/dev/ttyUSB0?baud=38400, tcp:HOST:9100 or file:/path; else TALLYSTICK_PRINTER.
        width: Columns of the paper: 32 on 58 mm, 42 or 48 on 80 mm.
        as_json: Answer with one JSON object, the text in it.
    """
    if not payment:
        raise InputError("name the payment whose receipt is wanted")
    if not NARROWEST <= width <= WIDEST:
        raise InputError("a receipt has {narrowest} to {widest} columns", narrowest=NARROWEST, widest=WIDEST)
    if png is not None and (png.suffix != ".png" or not png.absolute().parent.is_dir()):
        raise InputError("{png} is no file that a picture can be written to: name one that ends in .png", png=png)
    if text + (png is not None) + to_printer > 1:
        raise InputError("a receipt is given once: name one of --text, --png and --print")
    wanted = _Wanted(text, png, _named(printer) if to_printer else None, width)
    with this_terminal() as terminal:
        slip = _hand_out(terminal, [payment_id(one) for one in payment], wanted)
    shown = as_text(slip, width)
    answer(as_json, _json(slip, wanted, shown), lambda: _say(wanted, shown))
    return Exit.DONE


def _named(printer: str | None) -> str:
    name = os.environ.get(PRINTER_VARIABLE, "") if printer is None else printer
    parse_printer(name)  # before the receipt counts as given
    return name


def _hand_out(terminal: Terminal, payments: list[bytes], wanted: _Wanted) -> Slip:
    receipts = Receipts(terminal.store, terminal.clock)
    if wanted.is_a_look:
        return slip_of(terminal.store, payments, copy=receipts.was_handed_out(payments))
    slip = receipts.hand_out(payments)
    _unless_it_fails(receipts, slip, lambda: _make(slip, wanted))
    return slip


def _unless_it_fails(receipts: Receipts, slip: Slip, make: Callable[[], None]) -> None:
    try:
        make()
    except (PrinterError, InputError) as error:
        if not getattr(error, "begun", False):
            receipts.take_back(slip)
        raise


def _make(slip: Slip, wanted: _Wanted) -> None:
    if wanted.png is not None:
        from terminal.printing.as_picture import as_png  # noqa: PLC0415 - with Pillow, which a text does without

        try:
            wanted.png.write_bytes(as_png(slip, wanted.width))
        except OSError as error:
            raise InputError("{png} can't be written: {why}", png=wanted.png, why=system_words(error)) from None
    if wanted.printer is not None:
        from terminal.printing.printers import print_slip  # noqa: PLC0415 - the same

        print_slip(slip, wanted.printer, wanted.width)


def _json(slip: Slip, wanted: _Wanted, shown: str) -> dict[str, Any]:
    return {
        "payments": [uuid_text(part.payment) for part in slip.parts],
        "copy": slip.copy,
        "total": slip.total.minor,
        "currency": slip.total.currency,
        "codes": [part.code for part in slip.parts],
        "png": None if wanted.png is None else str(wanted.png),
        "printer": wanted.printer,
        "text": shown,
    }


def _say(wanted: _Wanted, shown: str) -> None:
    if wanted.png is not None:
        say(_("written to {file}").format(file=wanted.png))
    if wanted.printer is not None:
        say(_("printed on {printer}").format(printer=wanted.printer))
    if wanted.text or wanted.is_a_look:
        say(shown.removesuffix("\n"))

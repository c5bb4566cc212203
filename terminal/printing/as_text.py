"""A slip as plain text, for a screen, a mail or a printer of lines."""

from dataclasses import replace

from terminal.printing.lines import Line, Pair, Text, set_blocks
from terminal.printing.slip import ReportSlip, Slip


def text_lines(slip: Slip | ReportSlip, width: int) -> tuple[Line, ...]:
    """The lines of a slip where text has one size alone, such as on a screen.

    Raises:
        ValueError: no receipt fits into `width` columns.
    """
    blocks = [replace(block, big=False) if isinstance(block, Text | Pair) else block for block in slip.blocks()]
    return set_blocks(blocks, width)


def as_text(slip: Slip | ReportSlip, width: int) -> str:
    """The lines of a slip, each ended by a line feed.

    A QR code stands as its text, unbroken however long it is: so it can be copied, and nothing of it is cut.

    Raises:
        ValueError: no receipt fits into `width` columns.
    """
    return "".join(f"{line.text if line.qr is None else line.qr}\n" for line in text_lines(slip, width))

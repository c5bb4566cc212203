"""A slip as plain text, for a screen, a mail or a printer of lines."""

from dataclasses import replace

from terminal.printing.lines import Pair, Text, set_blocks
from terminal.printing.slip import ReportSlip, Slip


def as_text(slip: Slip | ReportSlip, width: int) -> str:
    """The lines of a slip, each ended by a line feed; text has one size alone.

    A QR code stands as its text, unbroken however long it is: so it can be copied, and nothing of it is cut.

    Raises:
        ValueError: no receipt fits into `width` columns.
    """
    blocks = [replace(block, big=False) if isinstance(block, Text | Pair) else block for block in slip.blocks()]
    lines = set_blocks(blocks, width)
    return "".join(f"{line.text if line.qr is None else line.qr}\n" for line in lines)

"""What can go wrong with a printer. The sale is signed and stored before: nothing here touches it."""

from shared.errors import TallystickError
from terminal.errors import InputError


class PrinterNameError(InputError):
    """This names no printer: write it like usb:04b8:0e15, serial:/dev/ttyUSB0, tcp:192.168.1.50:9100 or file:/path."""

    code = "PRINTER_NAME"


class NoPrinterError(InputError):
    """No printer is named. Set TALLYSTICK_PRINTER, or pass --printer."""

    code = "NO_PRINTER"


class PrinterError(TallystickError):
    """The printer failed. The payment stands; print its receipt again."""

    code = "PRINTER_FAILED"
    begun = False  # whether something may have reached the paper


class PrinterExtraError(PrinterError):
    """Printing needs the extra [printer], not installed here: pip install 'tallystick[printer]'."""

    code = "PRINTER_EXTRA"


class PaperOutError(PrinterError):
    """The printer is out of paper, or its cover is open. Put paper in, close it, and print the receipt again."""

    code = "PAPER_OUT"


class PrinterUnreachableError(PrinterError):
    """The printer can't be reached. Look whether it is on, and whether its cable or network is there."""

    code = "PRINTER_UNREACHABLE"


class PrinterUnpluggedError(PrinterError):
    """The printer went away. Plug it in, switch it on, and print the receipt again."""

    code = "PRINTER_UNPLUGGED"


class PrinterPermissionError(PrinterError):
    """This user may not use the printer. Add it to the group that owns the device (lp, dialout), and sign in anew."""

    code = "PRINTER_PERMISSION"


class PrinterSilentError(PrinterError):
    """The printer takes no more data. Look at its paper, cover and cable, then print the receipt again."""

    code = "PRINTER_SILENT"


class PrinterDiskFullError(PrinterError):
    """The file for receipts can't be written: the disk is full."""

    code = "PRINTER_DISK_FULL"

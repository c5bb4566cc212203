"""Sending a slip to a printer, within a bounded time, with its paper looked at before and after where it answers."""

from contextlib import ExitStack

from terminal.printing.addresses import FilePrinter, NetworkPrinter, Printer, SerialPrinter, UsbPrinter, parse_printer
from terminal.printing.errors import PaperOutError, PrinterDiskFullError, PrinterError, PrinterSilentError
from terminal.printing.escpos_job import job_of
from terminal.printing.file_port import FilePort
from terminal.printing.network_port import NetworkPort
from terminal.printing.ports import Port
from terminal.printing.serial_port import SerialPort
from terminal.printing.slip import ReportSlip, Slip, layout
from terminal.printing.usb_port import UsbPort

SECONDS = 10.0  # for each of connecting and writing
STATUS_SECONDS = 1.0

# DLE EOT 2 and 4, real-time questions: why it is offline, and what its paper sensors say.
_ASK_OFFLINE, _ASK_PAPER = b"\x10\x04\x02", b"\x10\x04\x04"
_FIXED_MASK, _FIXED = 0b1001_0011, 0b0001_0010  # bits that every answer has, so that noise is none
_COVER_OPEN, _PAPER_END_STOP, _PAPER_END = 0b0000_0100, 0b0010_0000, 0b0110_0000


def print_slip(slip: Slip | ReportSlip, name: str, width: int, *, seconds: float = SECONDS) -> None:
    """Print a slip on the printer that a text names. Touches no store: it may run beside the till.

    Args:
        slip: what is printed.
        name: as `addresses.parse_printer` has it.
        width: columns of the paper.
        seconds: how long connecting may take, and writing.

    Raises:
        NoPrinterError, PrinterNameError: the text names no printer; nothing was tried.
        PrinterError: it did not print, or perhaps not all: `begun` says whether anything may be on the paper.
        ValueError: no receipt fits into `width`.
    """
    printer = parse_printer(name)
    send(printer, job_of(layout(slip, width), width), seconds=seconds)


def send(printer: Printer, job: bytes, *, seconds: float = SECONDS) -> None:
    """Send the bytes of a job.

    Raises:
        PrinterError: as `print_slip`.
    """
    with ExitStack() as stack:
        port = open_port(printer, seconds)
        stack.callback(port.close)
        answers = _check_paper(port)
        try:
            port.write(job)
            if answers and not _check_paper(port):
                raise PrinterSilentError
        except PrinterError as error:
            error.begun = not isinstance(error, PrinterDiskFullError)  # of which nothing is left
            raise


def open_port(printer: Printer, seconds: float) -> Port:
    """The way to a printer, open.

    Raises:
        PrinterError: it can't be reached or used.
    """
    match printer:
        case UsbPrinter():
            return UsbPort(printer, seconds)
        case SerialPrinter():
            return SerialPort(printer, seconds)
        case NetworkPrinter():
            return NetworkPort(printer, seconds)
        case FilePrinter():
            return FilePort(printer, seconds)


def _check_paper(port: Port) -> bool:
    """Whether the printer tells of its paper; many do not, and are printed to all the same.

    Raises:
        PaperOutError: it has none, or its cover is open.
    """
    offline = _ask(port, _ASK_OFFLINE)
    if offline is None:
        return False
    paper = _ask(port, _ASK_PAPER)
    if offline & (_COVER_OPEN | _PAPER_END_STOP) or (paper is not None and paper & _PAPER_END):
        raise PaperOutError
    return True


def _ask(port: Port, question: bytes) -> int | None:
    answer = port.ask(question, STATUS_SECONDS)
    if not answer or answer[-1] & _FIXED_MASK != _FIXED:
        return None
    return answer[-1]

"""How printers are named: `usb:04b8:0e15`, `serial:/dev/ttyUSB0?baud=38400`, `tcp:192.168.1.50:9100`, `file:/path`."""

import re
from dataclasses import dataclass

from terminal.printing.errors import NoPrinterError, PrinterNameError

PORT = 9_100
BAUD = 9_600
_BAUDS = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400)
_USB = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")
_TCP = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252}?)(?::([0-9]{1,5}))?")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class UsbPrinter:
    """A printer at USB, by the numbers of its maker and model (`lsusb`)."""

    vendor: int
    product: int


@dataclass(frozen=True, slots=True)
class SerialPrinter:
    """A printer at a serial port."""

    device: str
    baud: int = BAUD


@dataclass(frozen=True, slots=True)
class NetworkPrinter:
    """A printer that listens for raw jobs."""

    host: str
    port: int = PORT


@dataclass(frozen=True, slots=True)
class FilePrinter:
    """A file that jobs are added to, or a device such as /dev/usb/lp0."""

    path: str


Printer = UsbPrinter | SerialPrinter | NetworkPrinter | FilePrinter


def parse_printer(text: str) -> Printer:
    """The printer that a text names.

    Raises:
        NoPrinterError: the text is empty.
        PrinterNameError: it names none.
    """
    kind, _, rest = text.strip().partition(":")
    if not kind:
        raise NoPrinterError
    if not text.isprintable():
        raise PrinterNameError
    readers = {"usb": _usb, "serial": _serial, "tcp": _tcp, "file": _file}
    if kind not in readers:
        raise PrinterNameError
    return readers[kind](rest)


def _usb(rest: str) -> Printer:
    found = _USB.fullmatch(rest)
    if found is None:
        raise PrinterNameError("a USB printer is named by two numbers of four hex digits, as in usb:04b8:0e15")
    return UsbPrinter(int(found[1], 16), int(found[2], 16))


def _serial(rest: str) -> Printer:
    device, mark, options = rest.partition("?")
    if not device.startswith("/"):
        raise PrinterNameError("a serial printer is named by its device, as in serial:/dev/ttyUSB0?baud=38400")
    if not mark:
        return SerialPrinter(device)
    name, _, value = options.partition("=")
    if name != "baud" or value not in {str(baud) for baud in _BAUDS}:
        raise PrinterNameError(
            "a serial printer's only option is baud, one of {bauds}", bauds=", ".join(map(str, _BAUDS))
        )
    return SerialPrinter(device, int(value))


def _tcp(rest: str) -> Printer:
    found = _TCP.fullmatch(rest)
    port = int(found[2] or PORT) if found else 0
    if found is None or not 1 <= port <= _HIGHEST_PORT:
        raise PrinterNameError("a network printer is named by its host and port, as in tcp:192.168.1.50:9100")
    return NetworkPrinter(found[1], port)


def _file(rest: str) -> Printer:
    if not rest.startswith("/"):
        raise PrinterNameError("a file is named from the root, as in file:/var/spool/receipts.bin")
    return FilePrinter(rest)

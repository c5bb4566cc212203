"""A printer at USB, over python-escpos' USB back end and libusb."""

import contextlib
from typing import Any

from terminal.printing.addresses import UsbPrinter
from terminal.printing.errors import PrinterError, PrinterExtraError, PrinterSilentError, PrinterUnreachableError
from terminal.printing.escpos_job import escpos
from terminal.printing.ports import Deadline, opening_error, writing_error
from terminal.texts import marked

_MS = 1_000
_PIECE = 4_096
_ANSWER_BYTES = 16
_PRINTER_CLASS = 7
_NO_LIBUSB = marked("USB printers need the library libusb 1.0, not installed here: apt install libusb-1.0-0")


class UsbPort:
    """A claimed printer. `backend` is pyusb's: libusb where none is handed in."""

    def __init__(self, printer: UsbPrinter, seconds: float, backend: Any = None) -> None:
        module = escpos()
        try:
            import usb.core  # noqa: PLC0415 - with the extra alone
        except ImportError:
            raise PrinterExtraError from None
        self._seconds = seconds
        found = {} if backend is None else {"backend": backend}
        self._printer: Any = module.Usb(printer.vendor, printer.product, usb_args=found, timeout=int(seconds * _MS))
        try:
            self._printer.open()
            self._out, self._in = _endpoints(self._printer.device)
        except usb.core.NoBackendError:
            raise PrinterUnreachableError(_NO_LIBUSB) from None
        except PrinterError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise opening_error(error) from error

    def write(self, data: bytes) -> None:
        """All of the data; a printer takes none while it is out of paper."""
        deadline, done = Deadline(self._seconds), 0
        try:
            while done < len(data):
                left = int(deadline.left() * _MS)
                if not left:  # to libusb, 0 is without end
                    raise PrinterSilentError
                done += self._printer.device.write(self._out, data[done : done + _PIECE], left)
        except OSError as error:  # pyusb's are
            raise writing_error(error) from error

    def ask(self, question: bytes, seconds: float) -> bytes:
        """The printer's answer; none from one that has no way back."""
        if self._in is None:
            return b""
        try:
            self._printer.device.write(self._out, question, int(seconds * _MS))
            return bytes(self._printer.device.read(self._in, _ANSWER_BYTES, int(seconds * _MS)))
        except OSError as error:
            trouble = writing_error(error)
            if isinstance(trouble, PrinterSilentError):
                return b""
            raise trouble from error

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(Exception):
            self._printer.close()


def _endpoints(device: Any) -> tuple[int, int | None]:
    """The addresses of the bulk endpoints out and in, of the printer's interface where it names itself one."""
    from usb.util import ENDPOINT_IN, ENDPOINT_TYPE_BULK, endpoint_direction, endpoint_type  # noqa: PLC0415 - as above

    interfaces = sorted(device.get_active_configuration(), key=lambda one: one.bInterfaceClass != _PRINTER_CLASS)
    for interface in interfaces:
        bulk = [end.bEndpointAddress for end in interface if endpoint_type(end.bmAttributes) == ENDPOINT_TYPE_BULK]
        ways_in = [address for address in bulk if endpoint_direction(address) == ENDPOINT_IN]
        ways_out = [address for address in bulk if address not in ways_in]
        if ways_out:
            return ways_out[0], (ways_in or [None])[0]
    raise PrinterUnreachableError("this USB device is no printer: it takes no data")

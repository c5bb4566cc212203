"""A printer at a serial port, over python-escpos' serial back end."""

import contextlib
import time
from typing import Any

from terminal.printing.addresses import SerialPrinter
from terminal.printing.errors import PrinterSilentError
from terminal.printing.escpos_job import escpos
from terminal.printing.ports import Deadline, opening_error, writing_error

_ANSWER_BYTES = 1
_LOOK_SECONDS = 0.02
_BITS_A_BYTE = 10


class SerialPort:
    """An open port."""

    def __init__(self, printer: SerialPrinter, seconds: float) -> None:
        self._printer: Any = escpos().Serial(printer.device, baudrate=printer.baud, timeout=seconds)
        self._seconds, self._baud = seconds, printer.baud
        try:
            self._printer.open()
        except Exception as error:
            raise opening_error(error) from error
        self._port: Any = self._printer.device

    def write(self, data: bytes) -> None:
        """All of the data, until it has left this machine: `seconds`, and the time that the line needs for it."""
        allowed = self._seconds + len(data) * _BITS_A_BYTE / self._baud
        deadline = Deadline(allowed)
        self._port.write_timeout = allowed
        try:
            self._port.write(data)
            while self._port.out_waiting:
                if not deadline.left():
                    raise PrinterSilentError
                time.sleep(_LOOK_SECONDS)
        except OSError as error:  # pyserial's are; its time-out is told by its name alone
            raise (PrinterSilentError() if _is_timeout(error) else writing_error(error)) from error

    def ask(self, question: bytes, seconds: float) -> bytes:
        """The printer's answer."""
        self._port.write_timeout = self._port.timeout = seconds
        try:
            self._port.reset_input_buffer()
            self._port.write(question)
            return bytes(self._port.read(_ANSWER_BYTES))
        except OSError as error:
            if _is_timeout(error):
                return b""
            raise writing_error(error) from error

    def close(self) -> None:
        """Let go of the port. What it still holds is dropped: waiting for a printer that is off would never end."""
        with contextlib.suppress(OSError):
            self._port.reset_output_buffer()
        with contextlib.suppress(OSError):
            self._port.close()
        self._printer.device = None


def _is_timeout(error: OSError) -> bool:
    return type(error).__name__ in {"SerialTimeoutException", "WriteTimeoutError"}

"""A printer that listens for raw jobs, over python-escpos' network back end."""

import contextlib
import select
import socket
from typing import Any

from terminal.printing.addresses import NetworkPrinter
from terminal.printing.escpos_job import escpos
from terminal.printing.names import address_of
from terminal.printing.ports import Deadline, opening_error, writing_error

_ANSWER_BYTES = 16


class NetworkPort:
    """An open connection."""

    def __init__(self, printer: NetworkPrinter, seconds: float) -> None:
        deadline = Deadline(seconds)
        address = address_of(printer.host, seconds)
        self._printer: Any = escpos().Network(address, printer.port, timeout=deadline.left())
        try:
            self._printer.open()
        except Exception as error:
            raise opening_error(error) from error
        self._socket: socket.socket = self._printer.device
        self._socket.settimeout(seconds)

    def write(self, data: bytes) -> None:
        """All of the data; the operating system may still hold some of it."""
        try:
            self._socket.sendall(data)  # its time-out is for the whole
        except OSError as error:
            raise writing_error(error) from error

    def ask(self, question: bytes, seconds: float) -> bytes:
        """The printer's answer."""
        try:
            self._socket.sendall(question)
            readable, _, _ = select.select([self._socket], [], [], seconds)
            answer = self._socket.recv(_ANSWER_BYTES) if readable else None
        except OSError as error:
            raise writing_error(error) from error
        if answer == b"":
            raise writing_error(ConnectionResetError())
        return answer or b""

    def close(self) -> None:
        """End the connection, so that what was sent still arrives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()
        self._printer.device = None

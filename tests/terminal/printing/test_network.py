"""A printer on the network: it gets the job, and one that can't be found keeps nobody waiting."""

import socket
import threading
from typing import Any

import pytest

from terminal.printing.addresses import NetworkPrinter
from terminal.printing.errors import PrinterError, PrinterUnreachableError
from terminal.printing.printers import send

JOB = b"\x1b@RECEIPT 12.50 EUR\n"


def test_the_job_arrives_whole_at_a_printer_that_is_named() -> None:
    came = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as printer:

        def take() -> None:
            connection, _ = printer.accept()
            with connection:
                while data := connection.recv(4_096):
                    came.extend(data)

        taking = threading.Thread(target=take)
        taking.start()
        send(NetworkPrinter("localhost", printer.getsockname()[1]), JOB)
        taking.join()
    assert came.endswith(JOB)


def test_a_name_that_no_name_server_answers_for_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hang(*_: Any) -> Any:
        answered.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(PrinterUnreachableError) as refused:
            send(NetworkPrinter("printer.shop"), JOB, seconds=0.01)
    finally:
        answered.set()
    assert not refused.value.begun


@pytest.mark.parametrize("host", ["printer.invalid", "a" * 64 + ".shop", "a..b"])
def test_a_name_that_is_nobodys_is_told_as_a_printer_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    def unknown(name: str, *_: Any) -> Any:
        name.encode("idna")  # as the real one does first
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PrinterError) as refused:
        send(NetworkPrinter(host), JOB)
    assert isinstance(refused.value, PrinterUnreachableError)

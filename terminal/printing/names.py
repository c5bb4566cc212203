"""Looking up a host's address within a bounded time: nothing ends a look-up by itself where no name server answers."""

import socket
import threading
from queue import Empty, SimpleQueue

from terminal.printing.errors import PrinterUnreachableError


def address_of(host: str, seconds: float) -> str:
    """The IPv4 address of a host, which python-escpos' network back end connects to.

    Asked on a thread of its own, which is left alone when it overruns: its answer comes too late for anybody.

    Raises:
        PrinterUnreachableError: there is no such host, or nobody said in time.
    """
    answers: SimpleQueue[str | OSError | UnicodeError] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
            answers.put(str(found[0][4][0]))
        except (OSError, UnicodeError) as error:  # a name that IDNA does not know is no OSError
            answers.put(error)

    threading.Thread(target=look_up, name="printer's address", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise PrinterUnreachableError from None
    if isinstance(answer, str):
        return answer
    raise PrinterUnreachableError from answer

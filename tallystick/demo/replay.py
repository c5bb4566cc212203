"""Somebody who tapped the cable sends a recorded upload again."""

from http.client import HTTPConnection

from shared.messages.receipt import Receipt, open_receipt
from tallystick.demo.programs import DemoError

UPLOAD = b"POST /api/sync/batches HTTP/1.1\r\n"
_HOP_HEADERS = {"host", "connection"}
OK = 200


def replay_last_upload(tapped: bytes, server_port: int, server_keys: dict[bytes, bytes]) -> Receipt:
    """Send the last upload among tapped bytes to the server again; its receipt.

    Raises:
        DemoError: where no upload was tapped, or the server does not answer with a receipt.
    """
    start = tapped.rfind(UPLOAD)
    if start < 0:
        raise DemoError("no upload was tapped")
    head, _, rest = tapped[start:].partition(b"\r\n\r\n")
    headers = dict(line.decode("ascii").split(": ", 1) for line in head.split(b"\r\n")[1:])
    headers = {name.lower(): value for name, value in headers.items()}
    body = rest[: int(headers["content-length"])]
    connection = HTTPConnection("127.0.0.1", server_port, timeout=30)
    try:
        kept = {name: value for name, value in headers.items() if name not in _HOP_HEADERS}
        connection.request("POST", "/api/sync/batches", body=body, headers=kept)
        answer = connection.getresponse()
        if answer.status != OK:
            raise DemoError(f"the recorded upload was answered {answer.status}")
        return open_receipt(answer.read(), server_keys)
    finally:
        connection.close()

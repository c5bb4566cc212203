"""The bench's simulated terminals: they do what a terminal does, and count what they meet."""

import asyncio
import os
import time
from collections import Counter

import pytest

from tallystick.bench.fleet import UNREACHABLE, Identity, Member, Outcome, Storm, run_fleet

pytestmark = pytest.mark.anyio

GRANTED = b'{"access_token": "t"}'
BODIES = (b"first", b"second")


class Script:
    """A server that gives each path's next answer; None ends the connection without one."""

    def __init__(self, **answers: list[tuple[int, bytes] | None]) -> None:
        self.answers = answers
        self.bodies: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                answer = self.answers["token" if b"/auth/token" in head else "upload"].pop(0)
                if answer is None:
                    break
                status, body = answer
                more = "Retry-After: 7\r\n" if status in (429, 503) else ""
                writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        except asyncio.IncompleteReadError:
            pass
        writer.close()


async def drained(script: Script) -> Outcome:
    """What one terminal with two batches meets; its pauses take no time."""
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    async with server:
        storm = Storm(server.sockets[0].getsockname()[1], time.monotonic(), window=0, haste=0)
        member = Member(Identity(bytes(16), os.urandom(32), bytes(16)), BODIES)
        return await asyncio.to_thread(run_fleet, storm, [member], 1)


async def test_a_simulated_terminal_comes_back_until_all_is_taken_in() -> None:
    script = Script(
        token=[(503, b""), (200, GRANTED), (200, GRANTED)],
        upload=[(503, b""), None, (429, b""), (401, b""), (200, b""), (503, b""), (200, b"")],
    )
    outcome = await drained(script)
    assert outcome.answers == Counter({"200": 4, "503": 3, "429": 1, "401": 1, UNREACHABLE: 1})
    assert (len(outcome.settled_after), outcome.repeats, outcome.refused) == (1, [5], [])
    assert [body for body in script.bodies if body in BODIES] == [b"first"] * 5 + [b"second"] * 2


async def test_a_simulated_terminal_that_is_refused_is_not_counted_as_settled() -> None:
    outcome = await drained(Script(token=[(200, GRANTED)], upload=[(422, b"no")]))
    assert (outcome.settled_after, outcome.refused) == ([], ["422: b'no'"])

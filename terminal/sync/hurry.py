"""Asking the server while a customer waits at the counter: within so many seconds in all, or not at all."""

import threading
from collections.abc import Mapping

import httpx

from shared.errors import TallystickError
from terminal.clock import Clock
from terminal.sync.errors import ServerTooSlowError
from terminal.sync.exchange import Answer, Exchange

_MS = 1_000


class HurriedExchange(Exchange):
    """An exchange whose questions take so many seconds together, whatever the network does.

    Each is asked in a thread of its own, because nothing else ends the look-up of a name. One that overran is left
    alone: its answer comes too late for anybody, and the process may end without it.
    """

    def __init__(
        self, server_url: str, clock: Clock, transport: httpx.BaseTransport | None = None, *, seconds: float
    ) -> None:
        super().__init__(server_url, clock, transport)
        self._ends = clock.tick() + round(seconds * _MS)
        self._abandoned = False

    def close(self) -> None:
        """Let go of the connections, unless a question is still under way on them."""
        if not self._abandoned:
            super().close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """As `Exchange.ask`, in the time that is left.

        Raises:
            ServerTooSlowError: there was not enough of it. The server may have got the question.
        """
        left = (self._ends - self._clock.tick()) / _MS
        if left <= 0 or self._abandoned:
            raise ServerTooSlowError
        answers: list[Answer] = []
        errors: list[TallystickError] = []
        defects: list[BaseException] = []

        def work() -> None:
            try:
                answers.append(Exchange.ask(self, method, path, content=content, headers=headers, params=params))
            except TallystickError as error:
                errors.append(error)
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                defects.append(error)

        asking = threading.Thread(target=work, name="hurried question", daemon=True)
        asking.start()
        try:
            asking.join(left)
        finally:
            self._abandoned = asking.is_alive()
        if self._abandoned:
            raise ServerTooSlowError
        for error in (*errors, *defects):
            raise error
        return answers[0]

"""Whether the server can be reached just now. A green light here says nothing of what was synced."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the first screen does without it: this thread loads it
    import httpx

# Together they keep the promise that the status line changes within 5 s.
_EVERY_S = 2.5
_PATIENCE_S = 2.0
_HEALTH = "/healthz"


class LinkWatch:
    """Asks the server's cheapest endpoint again and again, on a thread of its own.

    Args:
        server_url: the server's address.
        tell: hears True or False when it changes, and once at the beginning, on this thread.
        transport: how requests travel; None is the real network.
    """

    def __init__(
        self, server_url: str, *, tell: Callable[[bool], None], transport: "httpx.BaseTransport | None" = None
    ) -> None:
        self._url = server_url
        self._tell = tell
        self._transport = transport
        self._stopped = threading.Event()
        self._nudged = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def nudge(self) -> None:
        """Look again now: something else has noticed a change."""
        self._nudged.set()

    def close(self) -> None:
        """End, at the latest when the question under way has its answer."""
        self._stopped.set()
        self._nudged.set()

    def _run(self) -> None:
        import httpx  # noqa: PLC0415 - see the top

        from terminal.sync.address import is_loopback  # noqa: PLC0415 - the same

        known: bool | None = None
        with httpx.Client(
            base_url=self._url,
            transport=self._transport,
            timeout=_PATIENCE_S,
            trust_env=not is_loopback(httpx.URL(self._url).host),
            headers={"User-Agent": "tallystick-terminal"},
        ) as client:
            while not self._stopped.is_set():
                reached = _reached(client)
                if reached is not known:
                    known = reached
                    self._tell(reached)
                self._nudged.wait(_EVERY_S)
                self._nudged.clear()


def _reached(client: "httpx.Client") -> bool:
    import httpx  # noqa: PLC0415 - see the top

    try:
        return client.get(_HEALTH).is_success
    except httpx.HTTPError:
        return False

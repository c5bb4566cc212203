"""How many uploads a process takes in at once: more are told to come back, so that its memory stays bounded."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TallystickError

UPLOADS_AT_ONCE = 64


class BusyError(TallystickError):
    """The server is busy. Try again shortly."""

    code = "BUSY"


class Admission:
    """Counts the uploads that are under way in this process."""

    def __init__(self, limit: int = UPLOADS_AT_ONCE) -> None:
        self._limit = limit
        self._under_way = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Be one of those under way.

        Raises:
            BusyError: where there are enough already.
        """
        if self._under_way >= self._limit:
            raise BusyError
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

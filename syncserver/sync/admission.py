"""How many uploads a process takes in at once: more are told to come back, so that its memory stays bounded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TallystickError

UPLOADS_AT_ONCE = 64
# One terminal sends one batch after another. Its owner may hold this many places open, and leaves as many to others.
UPLOADS_OF_A_DEVICE = UPLOADS_AT_ONCE // 2


class BusyError(TallystickError):
    """The server is busy. Try again shortly."""

    code = "BUSY"


class Admission:
    """Counts the uploads that are under way in this process."""

    def __init__(self, limit: int = UPLOADS_AT_ONCE, of_a_device: int = UPLOADS_OF_A_DEVICE) -> None:
        self._limit = limit
        self._of_a_device = of_a_device
        self._under_way: Counter[bytes] = Counter()

    @contextmanager
    def enter(self, device: bytes) -> Iterator[None]:
        """Be one of those under way.

        Raises:
            BusyError: where there are enough already, of this device or of all.
        """
        if self._under_way[device] >= self._of_a_device or self._under_way.total() >= self._limit:
            raise BusyError
        self._under_way[device] += 1
        try:
            yield
        finally:
            self._under_way[device] -= 1
            if not self._under_way[device]:
                del self._under_way[device]

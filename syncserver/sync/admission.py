"""How much a process takes in at once: more is told to come back before it is read, so that memory stays bounded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TallystickError
from syncserver.database.errors import BusyError

UPLOADS_AT_ONCE = 64
# Bodies as they arrive. An upload of a day's sales has some hundred KiB; only as many are unpacked as settle at once.
UPLOAD_BYTES_AT_ONCE = 32 * 1024 * 1024
# A page of a book has some MiB, and is in memory until its terminal has read all of it.
PULLS_AT_ONCE = 32


class DeviceBusyError(TallystickError):
    """This terminal has too much under way already. Try again shortly."""

    code = "TOO_MANY_REQUESTS"


class Admission:
    """Counts what is under way in this process, and its bytes.

    One terminal sends one batch after another. Its owner may hold half of the places and of the bytes, and leaves as
    many to others.

    Args:
        places: how many may be under way.
        size: how many bytes they may have together.
    """

    def __init__(self, places: int, size: int = 0) -> None:
        self._places = places
        self._size = size
        self._under_way: Counter[bytes] = Counter()
        self._bytes: Counter[bytes] = Counter()

    @property
    def places_taken(self) -> int:
        """How many are under way."""
        return self._under_way.total()

    @property
    def bytes_taken(self) -> int:
        """The bytes that those under way have, or may have."""
        return self._bytes.total()

    def require_room(self) -> None:
        """Make sure that there is a place for anybody at all: to see that there is none costs no signature's check.

        Raises:
            BusyError: there is none.
        """
        if self.places_taken >= self._places:
            raise BusyError

    @contextmanager
    def enter(self, device: bytes, size: int = 0) -> Iterator[None]:
        """Be one of those under way, with at most so many bytes.

        Raises:
            BusyError: where there is enough already.
            DeviceBusyError: where there is room, and this device has its half of it.
        """
        self.require_room()
        if self.bytes_taken + size > self._size:
            raise BusyError
        if self._under_way[device] >= self._places // 2 or self._bytes[device] + size > self._size // 2:
            raise DeviceBusyError
        self._under_way[device] += 1
        self._bytes[device] += size
        try:
            yield
        finally:
            self._under_way[device] -= 1
            self._bytes[device] -= size
            if not self._under_way[device]:
                del self._under_way[device], self._bytes[device]

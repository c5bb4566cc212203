"""When those who are turned away shall come back: spread over the time that serving them will take."""

import math

from syncserver.ports import Random

LEAST_SECONDS = 4
MOST_SECONDS = 60
# What counts as lately: something this long ago counts e times less than what is happening now.
LATELY_SECONDS = 10.0
# Nothing may have been served lately because nobody came, or because the database was away.
LEAST_PACE = 20.0
_DRAW_BYTES = 4
_MS = 1_000


class _Lately:
    """How much of something happened lately, as a count that fades."""

    def __init__(self) -> None:
        self._count = 0.0
        self._at = 0

    def add(self, now: int) -> None:
        self._count = self.count(now) + 1
        self._at = now

    def count(self, now: int) -> float:
        # A clock that was set back must not make anything grow.
        return self._count * math.exp(-max(0, now - self._at) / (LATELY_SECONDS * _MS))


class Crowd:
    """Counts who was served and who was turned away lately. Times in ms since the epoch, answers in whole seconds."""

    def __init__(self) -> None:
        self._served = _Lately()
        self._turned_away = _Lately()

    def serve(self, now: int) -> None:
        """One more upload was taken in and answered."""
        self._served.add(now)

    def turn_away(self, now: int, random: Random) -> int:
        """A `Retry-After` for one more that is turned away: 1 s to as long as serving all of them would take."""
        self._turned_away.add(now)
        return _draw(self.window(now), random)

    def window(self, now: int) -> int:
        """Over how many seconds those turned away lately are spread, at the pace of late."""
        pace = max(LEAST_PACE, self._served.count(now) / LATELY_SECONDS)
        return min(MOST_SECONDS, LEAST_SECONDS + int(self._turned_away.count(now) / pace))


def slow_down(random: Random) -> int:
    """A `Retry-After` for one terminal that sends too much by itself."""
    return _draw(LEAST_SECONDS, random)


def _draw(window: int, random: Random) -> int:
    return 1 + int.from_bytes(random(_DRAW_BYTES)) % window

"""Seconds by what they were spent on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Every lap of every name, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, list[float]] = {}

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Count what happens inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.laps.setdefault(name, []).append(time.perf_counter() - begin)

    def of(self, name: str) -> list[float]:
        """Every lap of a name."""
        return self.laps.get(name, [])

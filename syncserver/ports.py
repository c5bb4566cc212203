"""What is handed in from outside, so that tests and simulations can have their own."""

from collections.abc import Callable

Clock = Callable[[], int]  # ms since the epoch, UTC
Random = Callable[[int], bytes]  # that many random bytes

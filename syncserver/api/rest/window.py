"""Where one process counts calls: in memory, each key's latest, forgotten as soon as they are out of the window.

The storage in memory that `limits` brings walks through all keys after each call, with a thread for each.
"""

from collections import OrderedDict, deque

from limits.aio.storage.base import MovingWindowSupport, Storage

from syncserver.ports import Clock

# More than this many people and addresses in a minute are no customers: the oldest of them are forgotten first.
MOST_KEYS = 100_000


class Window(Storage, MovingWindowSupport):
    """Calls by key, in seconds of a clock of milliseconds."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most_keys: int = MOST_KEYS) -> None:
        super().__init__()
        self._clock = clock
        self._most_keys = most_keys
        # Sorted by each key's latest call, which is the last of its own.
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing can go wrong with a dictionary."""
        return ValueError

    def __len__(self) -> int:
        return len(self._calls)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count so many calls, unless there would be more than `limit` in the last `expiry` seconds."""
        now = self._now()
        self._forget(now - expiry)  # every bucket's window is a minute
        calls = self._calls.get(key, deque[float]())
        _drop(calls, now - expiry)
        if len(calls) + amount > limit:
            return False
        calls.extend([now] * amount)
        self._calls[key] = calls
        self._calls.move_to_end(key)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - its signature
        """When the oldest call in the window was, and how many there are."""
        now = self._now()
        calls = self._calls.get(key, deque[float]())
        _drop(calls, now - expiry)
        return (calls[0], len(calls)) if calls else (now, 0)

    def _now(self) -> float:
        return self._clock() / 1_000

    def _forget(self, before: float) -> None:
        while self._calls:
            key, calls = next(iter(self._calls.items()))
            if calls and calls[-1] > before and len(self._calls) < self._most_keys:
                return
            del self._calls[key]

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Of another strategy."""
        raise NotImplementedError

    async def get(self, key: str) -> int:
        """Of another strategy."""
        raise NotImplementedError

    async def get_expiry(self, key: str) -> float:
        """Of another strategy."""
        raise NotImplementedError

    async def check(self) -> bool:
        """Whether it can be reached: it is here."""
        return True

    async def reset(self) -> int:
        """Forget everything; how much there was."""
        count = len(self._calls)
        self._calls.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget a key."""
        self._calls.pop(key, None)


def _drop(calls: deque[float], before: float) -> None:
    while calls and calls[0] <= before:
        calls.popleft()

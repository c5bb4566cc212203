"""Who acts in this task, and from where: set where a request or a command comes in, read where the trail is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acting:
    """Whoever acts (`admin 0192…`, `cli ada`), and from where: an address, or who ran a command; None if unknown."""

    actor: str
    origin: str | None = None


# What a server does by itself, as in its rounds.
ITSELF = Acting("server")
_now: ContextVar[Acting] = ContextVar("acting", default=ITSELF)


def who() -> Acting:
    """Who acts now."""
    return _now.get()


@contextmanager
def acting(actor: str, origin: str | None) -> Iterator[None]:
    """All that is noted within is by somebody, from somewhere."""
    token = _now.set(Acting(actor, origin))
    try:
        yield
    finally:
        _now.reset(token)

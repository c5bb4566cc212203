"""Which terminal a command is for: the one that lives in TALLYSTICK_HOME."""

from collections.abc import Iterator
from contextlib import contextmanager

from terminal.composition import Terminal
from terminal.settings import home_folder


@contextmanager
def this_terminal() -> Iterator[Terminal]:
    """The unlocked terminal of this home."""
    with Terminal.open(home_folder()) as terminal:
        yield terminal

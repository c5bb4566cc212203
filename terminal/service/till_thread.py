"""The thread that owns the till: what it is asked is done in turn, and no screen ever waits for a disk or a key."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

from terminal.composition import Terminal
from terminal.errors import NotEnrolledError

_Answer = TypeVar("_Answer")
Opening = Callable[[], AbstractContextManager[Terminal]]


class TillThread:
    """A terminal on a thread of its own, because SQLite's connections belong to the thread that opened them."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="till")
        self._stack = ExitStack()
        self._terminal: Terminal | None = None

    def open(self, opening: Opening) -> Future[Terminal]:
        """Unlock the terminal, instead of one that was open; whatever `opening` raises, the future raises."""
        return self._worker.submit(self._open, opening)

    def ask(self, work: Callable[[Terminal], _Answer]) -> Future[_Answer]:
        """Do something with the terminal, after all that was asked before.

        The future raises what `work` does, and NotEnrolledError where no terminal was opened.
        """
        return self._worker.submit(self._do, work)

    def shut(self) -> None:
        """Finish what was asked and close the store; another one may be opened."""
        self._worker.submit(self._shut).result()

    def close(self) -> None:
        """Finish what was asked, close the store and end."""
        self.shut()
        self._worker.shutdown()

    def _open(self, opening: Opening) -> Terminal:
        self._shut()
        self._terminal = self._stack.enter_context(opening())
        return self._terminal

    def _do(self, work: Callable[[Terminal], _Answer]) -> _Answer:
        if self._terminal is None:
            raise NotEnrolledError
        return work(self._terminal)

    def _shut(self) -> None:
        self._terminal = None
        self._stack.close()

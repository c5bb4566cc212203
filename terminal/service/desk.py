"""The till as its screens have it: locked to one program, asked on one thread, synced and watched on others."""

import os
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from shared.errors import TallystickError
from terminal.clock import Clock, Random, SystemClock
from terminal.composition import SecretOf, Terminal
from terminal.errors import TillOpenError
from terminal.journal.device import read_device
from terminal.journal.payments import PaymentRow
from terminal.service.background import Background
from terminal.service.link import LinkWatch
from terminal.service.till_thread import TillThread
from terminal.store.files import locked, make_folder
from terminal.store.unlock import find_secret
from terminal.sync import Pace, SyncReport

LOCK_FILE = "till.lock"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class LinkNews:
    """The server can be reached, or can't any more."""

    up: bool


@dataclass(frozen=True, slots=True)
class SyncNews:
    """A sync ended: its report, or what kept it from running."""

    told: SyncReport | TallystickError


News = LinkNews | SyncNews


class Desk:
    """One till, open once.

    Args:
        home: the terminal's folder.
        clock, random, transport: what the terminal is given; None is the machine's own.
        settle_seconds: how long a sale may wait for the server.
        pace: how often it syncs.
    """

    def __init__(
        self,
        home: Path,
        *,
        clock: Clock | None = None,
        random: Random = os.urandom,
        transport: httpx.BaseTransport | None = None,
        settle_seconds: float = 0.0,
        pace: Pace | None = None,
    ) -> None:
        self.home = home
        self.clock = clock or SystemClock()
        self._random = random
        # Hears of news, on the thread that has them.
        self.tell: Callable[[News], None] = lambda _news: None
        self._transport = transport
        self._settle_seconds = settle_seconds
        self._pace = pace
        self._stack = ExitStack()
        self._till = TillThread()
        self._begun: Future[Terminal] | None = None
        self._background: Background | None = None
        self._watch: LinkWatch | None = None

    def claim(self) -> None:
        """Be the one program that has this till open.

        Raises:
            TillOpenError: where another one is.
            DiskFullError: where the folder or the lock can't be made.
        """
        make_folder(self.home)
        self._stack.enter_context(locked(self.home / LOCK_FILE, taken=TillOpenError))

    def unlock(self, secret: SecretOf | None = None) -> Future[Terminal]:
        """Open the terminal that lives in the folder; the future raises what `Terminal.open` does.

        Without `secret` nobody is asked for it: on a screen, a prompt in the console would be in the way.
        """
        begun, self._begun = self._begun, None
        if secret is None and begun is not None:
            return begun
        found = secret or find_secret
        return self._till.open(
            lambda: Terminal.open(
                self.home, clock=self.clock, random=self._random, transport=self._transport, secret=found
            )
        )

    def unlock_early(self) -> None:
        """Do what the first `unlock` will ask for, before the screens are loaded.

        Argon2id takes 64 MiB, for a moment: they are given back before the screens take as much.
        """
        self._begun = self.unlock()
        wait([self._begun])

    def prepare(self, secret: SecretOf | None = None) -> Future[Terminal]:
        """Open it for its enrolment, made where there is none; the future raises what `Terminal.prepare` does."""
        return self._till.open(
            lambda: Terminal.prepare(
                self.home, clock=self.clock, random=self._random, transport=self._transport, secret=secret
            )
        )

    def ask(self, work: Callable[[Terminal], _Answer]) -> Future[_Answer]:
        """Do something with the terminal, on its thread."""
        return self._till.ask(work)

    def go_live(self, terminal: Terminal, server_url: str) -> None:
        """Begin to sync and to watch the link; again, where that was begun before."""
        self._end_background()
        self._background = Background(
            terminal, tell=lambda told: self.tell(SyncNews(told)), settle_seconds=self._settle_seconds, pace=self._pace
        )
        self._watch = LinkWatch(server_url, tell=lambda up: self.tell(LinkNews(up)), transport=self._transport)
        self._background.start()
        self._watch.start()

    @property
    def syncing(self) -> bool:
        """Whether a sync is under way."""
        return self._background is not None and self._background.syncing

    def sync_now(self) -> None:
        """Sync as soon as may be, and look at the link."""
        if self._background is not None:
            self._background.sync_now()
        if self._watch is not None:
            self._watch.nudge()

    def settle(self, payment: bytes) -> Future[PaymentRow | None]:
        """Ask the server about a sale while its customer waits; None where the answer is not known in time."""
        if self._background is None:
            nobody: Future[PaymentRow | None] = Future()
            nobody.set_result(None)
            return nobody
        return self._background.settle(payment)

    def close(self) -> None:
        """End all threads, close the store, and let another program have the till."""
        self._end_background()
        self._till.close()
        self._stack.close()

    def _end_background(self) -> None:
        if self._watch is not None:
            self._watch.close()
        if self._background is not None:
            self._background.close()
        self._watch = self._background = None


def server_of(terminal: Terminal) -> str:
    """The server's address, for `Desk.go_live`.

    Raises:
        NotEnrolledError: where this terminal is nobody's yet.
    """
    return read_device(terminal.store).server_url

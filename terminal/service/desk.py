"""The till as its screens have it: locked to one program, asked on one thread, synced and watched on others."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shared.errors import TallystickError
from terminal.clock import Clock, Random, SystemClock
from terminal.composition import SecretOf, Terminal
from terminal.errors import NoSecretError, NotEnrolledError, TillOpenError, UnlockError
from terminal.journal.device import read_device
from terminal.journal.payments import PaymentRow
from terminal.service.background import Background
from terminal.service.link import LinkWatch
from terminal.service.printouts import PrintNews, Printouts
from terminal.service.till_thread import TillThread
from terminal.store import vault
from terminal.store.files import locked, make_folder
from terminal.store.unlock import find_or_make_secret, find_secret
from terminal.store.vault import Secret

if TYPE_CHECKING:  # slow to import, and the first screen does without
    import httpx

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

    told: "SyncReport | TallystickError"


News = LinkNews | SyncNews | PrintNews


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
        transport: "httpx.BaseTransport | None" = None,
        settle_seconds: float = 0.0,
        pace: "Pace | None" = None,
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
        self._terminal: Terminal | None = None
        # What the last sync did, or what kept it from running; None before the first.
        self.last_sync: SyncReport | TallystickError | None = None
        self.printouts = Printouts(home, ask=self.ask, tell=self._printed)

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

        Without a secret it comes from a file or a credential alone: NoSecretError says that a person has to be asked.
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

    @property
    def needs_secret(self) -> bool:
        """Whether a person has to say the unlock secret: no file and no credential has it."""
        try:
            find_secret(self.home)
        except NoSecretError:
            return True
        except UnlockError:
            return False  # there is one, and opening says what is wrong with it
        return False

    def prepare(self, typed: str) -> Future[Terminal]:
        """Open the terminal for its enrolment, made where there is none; the future raises as `Terminal.prepare`.

        Args:
            typed: the unlock secret, where a person has it; for a new vault, empty keeps a new one in a file.
        """

        def secret(home: Path) -> Secret:
            if (home / vault.FILE_NAME).exists():
                return find_secret(home, ask=lambda _prompt: typed)
            return find_or_make_secret(home, self._random, ask=lambda _prompt: typed)

        self._end_background()
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
        self._terminal = terminal
        self._background = Background(terminal, tell=self._synced, settle_seconds=self._settle_seconds, pace=self._pace)
        self._watch = LinkWatch(server_url, tell=lambda up: self.tell(LinkNews(up)), transport=self._transport)
        self._background.start()
        self._watch.start()

    def aside(self, work: Callable[[Terminal], _Answer]) -> Future[_Answer]:
        """Do something that may take long, such as a question to the server, on a thread and connection of its own.

        The future raises what `work` does, and NotEnrolledError before `go_live`.
        """
        future: Future[_Answer] = Future()
        threading.Thread(target=_do_aside, args=(self._terminal, work, future), name="aside", daemon=True).start()
        return future

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
        self.printouts.close()
        self._till.close()
        self._stack.close()

    def _printed(self, news: PrintNews) -> None:
        self.tell(news)

    def _synced(self, told: "SyncReport | TallystickError") -> None:
        self.last_sync = told
        self.tell(SyncNews(told))

    def _end_background(self) -> None:
        if self._watch is not None:
            self._watch.close()
        if self._background is not None:
            self._background.close()
        self._watch = self._background = None


def _do_aside(terminal: Terminal | None, work: Callable[[Terminal], _Answer], future: Future[_Answer]) -> None:
    try:
        with _enrolled(terminal).beside() as own:
            future.set_result(work(own))
    except BaseException as error:  # noqa: BLE001 - whoever waits hears of it
        future.set_exception(error)


def _enrolled(terminal: Terminal | None) -> Terminal:
    if terminal is None:
        raise NotEnrolledError
    return terminal


def server_of(terminal: Terminal) -> str:
    """The server's address, for `Desk.go_live`.

    Raises:
        NotEnrolledError: where this terminal is nobody's yet.
    """
    return read_device(terminal.store).server_url

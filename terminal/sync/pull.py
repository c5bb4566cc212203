"""The download: pages of the book until the last one, each applied before the next is asked for."""

from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version

from shared.errors import DecodingError, KdfError, PolicyError, SignatureError
from terminal.book.apply import AppliedPage, apply_page, read_standing
from terminal.book.errors import MisplacedPageError, NewGenerationError
from terminal.clock import Clock
from terminal.errors import UntrustedAnswerError
from terminal.store.database import Store
from terminal.sync.client import DeviceClient
from terminal.sync.errors import AnswerError, NoBookError, RefusedError
from terminal.sync.queries import SQL

BOOK_PATH = "/api/sync/book"
STANDING_HEADER = "Tallystick-Till"
# Five million series; a server that never comes to an end is wrong.
_MOST_PAGES = 1_000


@dataclass(slots=True)
class PullProgress:
    """What a download did so far, also where it ended in an error. `version` is None before the first page."""

    pages: int = 0
    series: int = 0
    closed: int = 0
    updates: int = 0
    skipped: int = 0
    version: int | None = None


class Pull:
    """One download."""

    def __init__(self, client: DeviceClient, store: Store, device: bytes, clock: Clock) -> None:
        self.progress = PullProgress()
        self._client = client
        self._store = store
        self._device = device
        self._clock = clock

    def run(self) -> None:
        """Pull pages until the last one.

        Raises:
            NoBookError: where this terminal is quarantined or revoked.
            BookRefusedError: where a page is another terminal's, older, expired or out of place.
            ServerUnreachableError, RefusedError, UntrustedAnswerError: it stopped there; the next one goes on.
        """
        standing = read_standing(self._store)
        since = 0 if standing is None else standing.version
        restarted = False
        for _ in range(_MOST_PAGES):
            try:
                page = self._next(since)
            except NewGenerationError:
                if restarted:
                    raise
                restarted, since = True, 0
                continue
            self._note(page)
            if not page.more:
                return
            since = page.version
        raise MisplacedPageError("The code book has no end after {pages} pages.", pages=_MOST_PAGES)

    def _next(self, since: int) -> AppliedPage:
        try:
            told = {STANDING_HEADER: self._standing()}
            answer = self._client.ask("GET", BOOK_PATH, params={"since": str(since)}, headers=told)
        except RefusedError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                raise NoBookError(status=error.status, error_code=error.error_code) from error
            raise
        heard = self._client.exchange.heard_time()
        try:
            return apply_page(self._store, self._device, answer.content, self._clock, heard=heard)
        except SignatureError as error:
            raise UntrustedAnswerError from error
        except (DecodingError, PolicyError, KdfError) as error:
            raise AnswerError("The code book can't be read: {why}", why=error) from error

    def _standing(self) -> str:
        """What this till says of itself to whoever looks after it (docs/protocol.md, appendix B)."""
        row = self._store.rows(SQL["standing_to_tell"])[0]
        said = {"app": version("tallystick"), "waiting": row["records"], "oldest": row["oldest_at"]}
        said["at"] = self._clock.now()
        return ";".join(f"{name}={value}" for name, value in said.items() if value is not None)

    def _note(self, page: AppliedPage) -> None:
        self.progress.pages += 1
        self.progress.series += page.series
        self.progress.closed += page.closed
        self.progress.updates += page.updates
        self.progress.skipped += len(page.skipped)
        self.progress.version = page.version

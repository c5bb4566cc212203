"""How things stand: what waits for the server, and everything that tells whether this till is well."""

from dataclasses import dataclass

from shared.errors import TallystickError
from shared.money import Money
from shared.rules.decision import MS_PER_SECOND
from terminal.clock import Moment
from terminal.journal.device import read_device
from terminal.journal.payments import Exposure, PaymentRow
from terminal.kept_errors import kept
from terminal.store.database import Row
from terminal.till.book_view import read_book
from terminal.till.guesses import Guesses
from terminal.till.parts import Parts
from terminal.till.queries import SQL
from terminal.till.search import Place
from terminal.till.server_time import clock_skew, server_now

_FIRST: Place = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much no receipt covers yet: what is at risk, and how many records in all with the `at` of the oldest."""

    currency: str
    exposure: Exposure
    records: int
    oldest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What no receipt covers yet, payment by payment, the oldest first."""

    waiting: Waiting
    payments: tuple[PaymentRow, ...]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some of those payments; `after` is where the next page begins, None at the end."""

    payments: tuple[PaymentRow, ...]
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRefund:
    """A refund that the server did not answer: it may have made it. When it was asked for (ms), and who approved it."""

    payment: bytes
    amount: Money
    wallet: str
    asked_at: int
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTry:
    """The last push or pull (ms): when it was tried, when it last succeeded, and what went wrong."""

    tried_at: int
    succeeded_at: int | None
    error: TallystickError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """One look at the till. Ages and skew in ms, money in minor units; None is what can't be known yet."""

    device: bytes
    epoch: int
    name: str
    vendor_name: str
    server_url: str
    currency: str
    schema: int
    now: int
    queue: Waiting
    exposure_limit: int
    exposure_count: int
    oldest_age: int | None
    book_version: int
    book_complete: bool
    book_age: int | None
    book_expires_at: int | None
    shift: bytes | None
    shift_cashier: str | None
    push: SyncTry | None
    pull: SyncTry | None
    clock_skew: int | None
    guesses_left: int


class Views:
    """Looking without touching."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def queue(self) -> Queue:
        """What waits for the server."""
        with self._parts.store.snapshot():
            return Queue(waiting=self._waiting(), payments=tuple(self._parts.payments.unsynced()))

    def queue_page(self, after: Place | None = None, most: int = 50) -> QueuePage:
        """What waits for the server, page by page, the oldest first; what is answered meanwhile is left out."""
        epoch, seq = after or _FIRST
        found = self._parts.payments.unsynced_behind(epoch, seq, most + 1)
        page = tuple(found[:most])
        return QueuePage(page, (page[-1].epoch, page[-1].seq) if len(found) > most else None)

    def refunds(self) -> tuple[AskedRefund, ...]:
        """The refunds that wait for the server's answer, the oldest first."""
        return tuple(
            AskedRefund(
                payment=row["payment"],
                amount=Money(row["amount"], row["currency"]),
                wallet=row["wallet"],
                asked_at=row["asked_at"],
                approver=row["approver"],
            )
            for row in self._parts.store.rows(SQL["refunds_not_answered"])
        )

    def status(self) -> StatusView:
        """Everything, as of one moment."""
        parts = self._parts
        moment = Moment.of(parts.clock)
        with parts.store.snapshot():
            device, book, queue, shift = (
                read_device(parts.store),
                read_book(parts.store),
                self._waiting(),
                parts.shifts.open_one(),
            )
            when = server_now(parts, moment, book.policy.clock_tolerance_s * MS_PER_SECOND)
            tries = self._tries()
            return StatusView(
                device=device.device,
                epoch=device.epoch,
                name=device.name,
                vendor_name=device.vendor_name,
                server_url=device.server_url,
                currency=device.currency,
                schema=parts.store.value(SQL["schema"]),
                now=moment.at,
                queue=queue,
                exposure_limit=book.policy.exposure_limit,
                exposure_count=book.policy.exposure_count,
                oldest_age=None if queue.oldest is None else max(0, moment.at - queue.oldest),
                book_version=book.version,
                book_complete=book.complete,
                book_age=None if book.issued_at is None else max(0, when - book.issued_at),
                book_expires_at=book.expires_at,
                shift=None if shift is None else shift.id,
                shift_cashier=None if shift is None else shift.cashier,
                push=tries.get("push"),
                pull=tries.get("pull"),
                clock_skew=clock_skew(parts),
                guesses_left=Guesses(parts.store, parts.random).left(book.policy, moment),
            )

    def _waiting(self) -> Waiting:
        parts = self._parts
        records, oldest = parts.journal.waiting()
        return Waiting(
            currency=read_device(parts.store).currency,
            exposure=parts.payments.exposure(),
            records=records,
            oldest=oldest,
        )

    def _tries(self) -> dict[str, SyncTry]:
        return {row["what"]: _try(row) for row in self._parts.store.rows(SQL["sync_state"])}


def _try(row: Row) -> SyncTry:
    error = row["error"]
    return SyncTry(
        tried_at=row["tried_at"], succeeded_at=row["succeeded_at"], error=None if error is None else kept(error)
    )

"""A page of the book, from the bytes that arrived to the store: verified, checked, and applied in one transaction."""

import json
from dataclasses import dataclass
from functools import lru_cache

from shared import cose
from shared.errors import LifeCycleError
from shared.lifecycles import TILL_STATE_OF_STATUS
from shared.messages.book import Book, ServerKey, Update, open_book
from shared.messages.book_series import BookSeries
from terminal.book.errors import (
    ExpiredBookError,
    ForeignBookError,
    MisplacedPageError,
    NewGenerationError,
    OlderBookError,
    OlderGenerationError,
)
from terminal.book.queries import SQL
from terminal.book.server_time import note_server_time, server_time
from terminal.clock import Clock
from terminal.errors import NoSuchPaymentError
from terminal.journal.payments import Payments
from terminal.store.database import Store

# As the table `book_series` has its columns.
SeriesRow = tuple[bytes, str, str, int, int, bytes, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the book stands: the next page is asked for from `version`. Ages are None until a page was the last."""

    generation: int
    version: int
    complete: bool
    issued_at: int | None
    expires_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPage:
    """What a page changed. `skipped` are payments whose update could not follow what the terminal knows of them."""

    version: int
    more: bool
    series: int
    closed: int
    updates: int
    skipped: tuple[bytes, ...]


def read_standing(store: Store) -> Standing | None:
    """Where the book stands, or None before the first page."""
    row = store.row(SQL["standing"])
    return None if row is None else Standing(**{**row, "complete": bool(row["complete"])})


def apply_page(store: Store, device: bytes, raw: bytes, clock: Clock, *, heard: int | None = None) -> AppliedPage:
    """Verify a page with a believed server key and apply all of it, or nothing.

    Args:
        store: the terminal's store.
        device: this terminal's id.
        raw: the COSE bytes that arrived.
        clock: this terminal's clocks.
        heard: the server's time by the answer's `Date` header (ms), where it had one.

    Raises:
        SignatureError: where no believed key signed it.
        DecodingError, PolicyError, KdfError: where it is malformed.
        NewGenerationError: where the book has to be pulled again with since=0.
        BookRefusedError: where it is another terminal's, older, expired or out of place.
    """
    now = server_time(store, clock, heard)
    # Verified before the transaction begins: a sale waits for the store, and a page holds up to 5,000 series. Only
    # a sync changes what is believed, and there is one at a time.
    page = open_book(raw, believed_keys(store, now))
    # In the order of the index: what is added side by side is encrypted and written once.
    rows = sorted(map(_series_row, page.series))
    with store.transaction():
        _check(page, device, read_standing(store), now)
        return _apply(store, page, rows, raw, clock)


def believed_keys(store: Store, now: int) -> dict[bytes, bytes]:
    """The pinned server keys (kid → public key) that are not past their time at `now` (ms, server's time)."""
    return {row["kid"]: row["key"] for row in store.rows(SQL["believed_keys"], {"now": now})}


def _check(page: Book, device: bytes, standing: Standing | None, now: int) -> None:
    if page.device != device:
        raise ForeignBookError
    if standing is not None and page.generation < standing.generation:
        raise OlderGenerationError
    starts_over = standing is None or page.generation > standing.generation
    if not starts_over and standing is not None and page.version < standing.version:
        raise OlderBookError
    if page.expires_at <= now:
        raise ExpiredBookError
    if starts_over and page.since != 0:
        raise NewGenerationError
    if not starts_over and standing is not None and page.since != standing.version:
        raise MisplacedPageError
    # A page before the last one has to lead on, or the pull would never end.
    if page.version < page.since + page.more:
        raise MisplacedPageError


def _apply(store: Store, page: Book, rows: list[SeriesRow], raw: bytes, clock: Clock) -> AppliedPage:
    if page.since == 0:
        store.execute(SQL["clear_series"])
    _set_book(store, page)
    store.execute_each(SQL["set_series"], rows)
    store.execute(SQL["reopen_series"], {"listed": json.dumps([series.series.hex() for series in page.series])})
    closed = [(series,) for series in page.closed]
    store.execute_each(SQL["close_series"], closed)
    store.execute_each(SQL["remove_series"], closed)
    _set_keys(store, page, raw)
    skipped = tuple(update.id for update in page.updates if not _apply_update(store, update, page, clock))
    note_server_time(store, page.issued_at, clock, fresh=False)
    return AppliedPage(
        version=page.version,
        more=page.more,
        series=len(page.series),
        closed=len(page.closed),
        updates=len(page.updates) - len(skipped),
        skipped=skipped,
    )


def _set_book(store: Store, page: Book) -> None:
    store.execute(
        SQL["set_book"],
        {
            "generation": page.generation,
            "version": page.version,
            "complete": int(not page.more),
            # Only the last page says that nothing is missing up to its time.
            "issued_at": None if page.more else page.issued_at,
            "expires_at": None if page.more else page.expires_at,
            "policy": json.dumps(page.policy.to_wire(), sort_keys=True, separators=(",", ":")),
            "cashiers": json.dumps([{"id": c.id, "name": c.name, "role": c.role, "pin": c.pin} for c in page.cashiers]),
            "blocked": json.dumps(page.blocked),
        },
    )


def _series_row(series: BookSeries) -> SeriesRow:
    return (
        series.series,
        series.wallet,
        series.name,
        series.kdf.t,
        series.kdf.m_kib,
        b"".join(series.verifiers),
        _json_list(series.caps),
        _json_list(series.spent),
        series.expires_at,
    )


@lru_cache(maxsize=1_024)
def _json_list(numbers: tuple[int, ...]) -> str:
    """Most series have the same few caps, and nothing spent."""
    return json.dumps(numbers)


def _set_keys(store: Store, page: Book, raw: bytes) -> None:
    for key in page.server_keys:
        store.execute(SQL["set_key"], _key_row(key))
    # The page's own key is what all this is believed for, listed or not.
    kept = [key.kid.hex() for key in page.server_keys] + [(cose.parse(raw).kid or b"").hex()]
    store.execute(SQL["retire_other_keys"], {"ended": page.issued_at, "kept": json.dumps(kept)})


def _key_row(key: ServerKey) -> dict[str, object]:
    return {"kid": key.kid, "key": key.key, "not_after": key.not_after}


def _apply_update(store: Store, update: Update, page: Book, clock: Clock) -> bool:
    """Whether the payment could take the server's latest word; one that can't never stops the others."""
    if update.status not in TILL_STATE_OF_STATUS:
        return False
    payments = Payments(store)
    try:
        before = payments.get(update.id)
        state = payments.answer(update.id, update.status, update.reasons)
    except (NoSuchPaymentError, LifeCycleError):
        return False
    if (state, tuple(update.reasons)) != (before.state, before.reasons):
        store.execute(
            SQL["note_update"],
            {
                "payment": update.id,
                "heard_at": clock.now(),
                "issued_at": page.issued_at,
                "status": update.status.value,
                "reasons": json.dumps(list(update.reasons)),
            },
        )
    return True

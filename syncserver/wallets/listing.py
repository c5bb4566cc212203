"""A wallet's series as people see them."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from asyncpg import Record

from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.wallets.accounts import QUERIES

MOST = 200


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One series: open, closed, withdrawn or released; `held` is what its unused codes still hold (minor units)."""

    series: bytes
    state: str
    issued_at: int
    expires_at: int
    release_at: int
    codes: int
    claimed: int
    held: int


@dataclass(frozen=True, slots=True)
class CodeView:
    """What is known of a code: not the code itself. Its state is its own, or `expired` before that was noted."""

    index: int
    cap: int
    state: str


@dataclass(frozen=True, slots=True)
class CodesView:
    """A series with its codes; times in ms. What unclaimed ones hold returns at `release_at`."""

    series: bytes
    state: str
    issued_at: int
    expires_at: int
    release_at: int
    codes: tuple[CodeView, ...]


async def list_of_wallet(connection: Connection, wallet: str) -> list[SeriesView]:
    """The latest 200 series of a wallet, the newest first."""
    return [
        SeriesView(
            series=row["series"].bytes,
            state=_state_of(row),
            issued_at=row["issued_at"],
            expires_at=row["expires_at"],
            release_at=row["release_at"],
            codes=row["codes"],
            claimed=row["claimed"],
            held=row["held"],
        )
        for row in await connection.fetch(QUERIES["series_of_wallet"], wallet, MOST)
    ]


async def codes_of_wallet(
    connection: Connection, wallet: str, *, now: int, open_only: bool, below: bytes | None, limit: int
) -> list[CodesView]:
    """Some of a wallet's series with their codes, the newest first.

    Args:
        connection: any.
        wallet: its number.
        now: in ms.
        open_only: only what can be spent now: codes that nobody has claimed, of series that are open.
        below: the id of the last series of the page before.
        limit: how many series at most.
    """
    after = uuid_or_none(below)
    rows = await connection.fetch(QUERIES["codes_of_wallet"], wallet, after, open_only, now, limit)
    return [
        _codes_view(series.bytes, list(of_series), now) for series, of_series in groupby(rows, itemgetter("series"))
    ]


def _codes_view(series: bytes, rows: list[Record], now: int) -> CodesView:
    first = rows[0]
    over = first["expires_at"] < now
    codes = tuple(
        CodeView(row["idx"], row["cap"], "expired" if over and row["code_state"] == "issued" else row["code_state"])
        for row in rows
    )
    state = _state_of(first)
    return CodesView(
        series=series,
        state="closed" if over and state == "open" else state,
        issued_at=first["issued_at"],
        expires_at=first["expires_at"],
        release_at=first["release_at"],
        codes=codes,
    )


def _state_of(row: Record) -> str:
    if row["released_at"] is not None:
        return "released"
    return "withdrawn" if row["withdrawn_version"] is not None else str(row["state"])

"""Codes that nobody claimed: expired, withdrawn, and at their release back in the offline balance."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from syncserver.audit import trail
from syncserver.database.arrays import uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, InsufficientFundsError, Postings
from syncserver.services import Services
from syncserver.sync.numbering import keep_clock, next_version
from syncserver.wallets.accounts import QUERIES, object_of
from syncserver.wallets.errors import UnknownSeriesError

SERIES_AT_ONCE = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A series that was withdrawn; `held` (minor units) returns to the offline balance at `release_at` (ms)."""

    series: bytes
    wallet: str
    currency: str
    release_at: int
    held: int
    codes: int


async def withdraw(services: Services, series: bytes) -> Withdrawn:
    """Withdraw a series: terminals refuse it from their next book on. Its caps stay held until its release.

    Raises:
        UnknownSeriesError: where there is none that could be withdrawn.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        withdrawn = await withdraw_of(connection, series)
        await note_withdrawn(connection, services, withdrawn)
        return withdrawn


async def note_withdrawn(connection: Connection, services: Services, withdrawn: Withdrawn) -> None:
    """Write down that somebody withdrew another's codes, in the transaction that did it."""
    await trail.note(
        connection,
        services,
        action="codes.withdraw",
        object_=object_of(withdrawn.wallet),
        after={"series": withdrawn.series, "held": withdrawn.held, "currency": withdrawn.currency},
    )


async def withdraw_of(connection: Connection, series: bytes, wallet: str | None = None) -> Withdrawn:
    """Withdraw a series, where a wallet is named only one of its own, in the caller's transaction.

    Raises:
        UnknownSeriesError: where there is none that could be withdrawn.
    """
    row = await connection.fetchrow(QUERIES["find_series"], uuid_of(series))
    if row is None or wallet not in {None, row["wallet"]}:
        raise UnknownSeriesError
    owner: str = row["wallet"]
    locked = (await store.lock_wallets(connection, [owner]))[owner]
    version = await next_version(connection)
    tag = await connection.execute(QUERIES["withdraw_series"], owner, row["series"], version)
    if tag != "UPDATE 1":
        raise UnknownSeriesError
    await connection.execute(QUERIES["withdraw_codes"], owner, row["series"])
    left = await connection.fetchrow(QUERIES["held_by_series"], owner, row["series"])
    if left is None:
        raise LookupError("a sum has no row")
    return Withdrawn(series, owner, locked.accounts.currency, row["release_at"], left["held"], left["codes"])


async def expire(services: Services) -> int:
    """Close series whose time is over; how many. Their codes can still be claimed by payments taken before."""
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(QUERIES["expired_series"], services.clock(), SERIES_AT_ONCE)
        if rows:
            wallets, series = [row["wallet"] for row in rows], [row["series"] for row in rows]
            await store.lock_wallets(connection, wallets)
            await keep_clock(connection)
            await connection.execute(QUERIES["close_expired"], wallets, series)
            await connection.execute(QUERIES["expire_codes"], wallets, series)
            await store.note_series_changes(connection, [(row["wallet"], row["series"].bytes) for row in rows])
        return len(rows)


async def release(services: Services) -> int:
    """Return the caps of series that are due to the offline balances; how many series were released.

    A wallet whose hold is less than its caps is left as it is, for reconciling to show, and keeps no other back.
    """
    now = services.clock()
    rows = await services.pool.fetch(QUERIES["due_series"], now, SERIES_AT_ONCE)
    keys = [(row["wallet"], row["series"].bytes) for row in rows]
    try:
        return await _release(services, keys, now)
    except InsufficientFundsError:
        return sum([await _release_if_held(services, key, now) for key in keys])


async def _release_if_held(services: Services, key: tuple[str, bytes], now: int) -> int:
    try:
        return await _release(services, [key], now)
    except InsufficientFundsError:
        log.error("release_exceeds_hold", wallet=key[0], series=key[1].hex())  # noqa: TRY400 - the error says no more
        return 0


async def _release(services: Services, keys: Sequence[tuple[str, bytes]], now: int) -> int:
    if not keys:
        return 0
    async with services.pool.acquire() as connection, connection.transaction():
        locked = await store.lock_wallets(connection, {wallet for wallet, _ in keys})
        postings = Postings(at=now, actor="release", wallets={wallet: one.accounts for wallet, one in locked.items()})
        for wallet, series, caps in await _released(connection, keys):
            postings.move(wallet, Account.HELD, Account.OFFLINE, caps, Cause.RELEASE, series=series)
        await store.write(connection, postings)
        await keep_clock(connection)
        tag = await connection.execute(
            QUERIES["close_released"], [wallet for wallet, _ in keys], uuids(series for _, series in keys), now
        )
        await store.note_series_changes(connection, keys)
        return int(tag.split()[-1])


async def _released(connection: Connection, keys: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes, int]]:
    """Mark the unclaimed codes of these series as released: (wallet, series, sum of their caps) each."""
    sums: dict[tuple[str, bytes], int] = {}
    for row in await connection.fetch(
        QUERIES["release_codes"], [wallet for wallet, _ in keys], uuids(series for _, series in keys)
    ):
        key = (row["wallet"], row["series"].bytes)
        sums[key] = sums.get(key, 0) + row["cap"]
    return [(wallet, series, caps) for (wallet, series), caps in sorted(sums.items())]

"""Issuing codes: their caps become holds, so that a first spend is always funded; the codes themselves stay nowhere."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared import codes, vouchers
from shared.codes import KdfParameters
from shared.ids import uuid7
from shared.money import MAX_AMOUNT
from shared.policy import Policy
from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, InsufficientFundsError, Postings
from syncserver.services import Services
from syncserver.sync.grid import cell_of
from syncserver.wallets.accounts import QUERIES
from syncserver.wallets.errors import IssueError, UnknownWalletError, WalletBlockedError

DEFAULT_COUNT = 5
VALID_HOURS = 72
MAX_VALID_HOURS = 24 * 365


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code as its customer gets it, once: `voucher` is the text of its QR code, `cap` in minor units."""

    index: int
    code: str = field(repr=False)
    cap: int
    voucher: str


@dataclass(frozen=True, slots=True)
class IssuedSeries:
    """A new series. `expires_at` in ms."""

    series: bytes
    wallet: str
    currency: str
    expires_at: int
    kdf: KdfParameters
    codes: tuple[IssuedCode, ...]


async def issue(
    services: Services,
    wallet: str,
    *,
    count: int = DEFAULT_COUNT,
    cap: int | None = None,
    valid_hours: int = VALID_HOURS,
    actor: str,
) -> IssuedSeries:
    """Issue a series of codes and hold their caps.

    Args:
        wallet: its number.
        count: 1 to 10 codes.
        cap: minor units each; by default the offline balance shared evenly, at most the payment limit.
        valid_hours: until they expire.
        actor: who asked for it.

    Raises:
        UnknownWalletError, WalletBlockedError, IssueError, InsufficientFundsError: nothing was done.
    """
    if not 1 <= count <= codes.MAX_CODES_PER_SERIES:
        raise IssueError(f"a series has 1 to {codes.MAX_CODES_PER_SERIES} codes")
    if not 1 <= valid_hours <= MAX_VALID_HOURS:
        raise IssueError(f"codes are good for 1 to {MAX_VALID_HOURS} hours")
    if cap is not None and not 1 <= cap <= MAX_AMOUNT // count:
        raise IssueError("a cap is more than 0")
    now = services.clock()
    series = uuid7(now, services.random(10))
    kdf = KdfParameters()
    plain = [codes.code_from(services.random(codes.CODE_RANDOM_BYTES)) for _ in range(count)]
    # Before the lock: 15 ms and 19 MiB each; in a thread, because the loop has others to serve.
    secrets = [await asyncio.to_thread(codes.derive, code, series, kdf) for code in plain]
    async with services.pool.acquire() as connection, connection.transaction():
        locked = (await store.lock_wallets(connection, [wallet])).get(wallet)
        if locked is None:
            raise UnknownWalletError
        if locked.blocked_version is not None:
            raise WalletBlockedError
        each = cap if cap is not None else _even_share(locked.accounts.balances[Account.OFFLINE], count)
        postings = Postings(at=now, actor=actor, wallets={wallet: locked.accounts})
        postings.move(wallet, Account.OFFLINE, Account.HELD, each * count, Cause.ISSUE, series=series)
        await store.write(connection, postings)
        expires_at = now + valid_hours * MS_PER_HOUR
        await _write_series(connection, locked, series, kdf, now, expires_at)
        await _write_codes(connection, services, wallet, series, each, secrets)
        await store.note_series_changes(connection, [(wallet, series)])
    issued = [
        IssuedCode(index, code, each, _voucher(services, locked, series, index, each, kdf, now, expires_at, secret))
        for index, (code, secret) in enumerate(zip(plain, secrets, strict=True))
    ]
    return IssuedSeries(series, wallet, locked.accounts.currency, expires_at, kdf, tuple(issued))


def _even_share(offline: int, count: int) -> int:
    share = min(offline // count, Policy().payment_limit)
    if share == 0:
        raise InsufficientFundsError("the offline balance is too small for that many codes")
    return share


async def _write_series(
    connection: Connection,
    locked: store.LockedWallet,
    series: bytes,
    kdf: KdfParameters,
    now: int,
    expires_at: int,
) -> None:
    name = await connection.fetchval(QUERIES["customer_name"], uuid_of(locked.customer))
    longest = max(await connection.fetchval(QUERIES["longest_upload"]), Policy().upload_hours)
    home = locked.home
    await connection.execute(
        QUERIES["write_series"],
        locked.accounts.wallet,
        uuid_of(series),
        mask_name(name),
        kdf.t,
        kdf.m_kib,
        now,
        expires_at,
        expires_at + longest * MS_PER_HOUR,
        home.lat,
        home.lon,
        cell_of(home),
    )


async def _write_codes(
    connection: Connection,
    services: Services,
    wallet: str,
    series: bytes,
    cap: int,
    secrets: Sequence[codes.CodeSecrets],
) -> None:
    await connection.execute(
        QUERIES["write_codes"],
        wallet,
        uuid_of(series),
        list(range(len(secrets))),
        [cap] * len(secrets),
        [secret.verifier for secret in secrets],
        [services.kek.wrap_proof_key(secret.proof_key, series, index) for index, secret in enumerate(secrets)],
    )


def _voucher(
    services: Services,
    locked: store.LockedWallet,
    series: bytes,
    index: int,
    cap: int,
    kdf: KdfParameters,
    now: int,
    expires_at: int,
    secret: codes.CodeSecrets,
) -> str:
    voucher = vouchers.Voucher(
        series=series,
        index=index,
        wallet=locked.accounts.wallet,
        cap=cap,
        currency=locked.accounts.currency,
        not_before=now // 1_000,
        expires=expires_at // 1_000,
        home=locked.home.rounded(),
        verifier=secret.verifier,
        kdf=kdf,
    )
    return vouchers.to_text(vouchers.sign_voucher(voucher, services.keys.active))


def mask_name(name: str) -> str:
    """A name as a till shows it: the initials alone."""
    initials = [word[0].upper() + "." for word in name.split() if word]
    return " ".join(initials[:4]) or "-"

"""Issuing codes: their caps become holds, so that a first spend is always funded; the codes themselves stay nowhere."""

import asyncio
from dataclasses import dataclass, field

from shared import codes, vouchers
from shared.codes import KdfParameters
from shared.ids import uuid7
from shared.money import MAX_AMOUNT
from shared.policy import Policy
from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, InsufficientFundsError, Postings
from syncserver.services import Services
from syncserver.sync.grid import cell_of
from syncserver.wallets.accounts import QUERIES, object_of
from syncserver.wallets.errors import IssueError, UnknownWalletError, WalletBlockedError

DEFAULT_COUNT = 5
VALID_HOURS = 72
MAX_VALID_HOURS = 24 * 365


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code as its customer gets it, once: `voucher` is the text of its QR code, `cap` in minor units.

    The voucher holds the code's verifier, so it is as secret as 40 bits behind Argon2id are: neither is ever shown.
    """

    index: int
    code: str = field(repr=False)
    cap: int
    voucher: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedSeries:
    """A new series; times in ms. What its unclaimed codes hold returns at `release_at`."""

    series: bytes
    wallet: str
    currency: str
    issued_at: int
    expires_at: int
    release_at: int
    kdf: KdfParameters
    codes: tuple[IssuedCode, ...]


@dataclass(frozen=True, slots=True)
class DerivedSeries:
    """A series that is not issued yet: its codes, and what was derived from them. Times in ms."""

    series: bytes
    kdf: KdfParameters
    at: int
    expires_at: int
    plain: tuple[str, ...] = field(repr=False)
    secrets: tuple[codes.CodeSecrets, ...] = field(repr=False)


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
    derived = await derive(services, count=count, valid_hours=valid_hours)
    async with services.pool.acquire() as connection, connection.transaction():
        series = await issue_derived(connection, services, derived, wallet=wallet, cap=cap, actor=actor)
        await note_issued(connection, services, series, actor)
        return series


async def note_issued(connection: Connection, services: Services, issued: IssuedSeries, actor: str) -> None:
    """Write down that somebody issued codes of another's wallet, in the transaction that issued them."""
    await trail.note(
        connection,
        services,
        actor=actor,
        action="codes.issue",
        object_=object_of(issued.wallet),
        after={"series": issued.series, "caps": [one.cap for one in issued.codes], "expires_at": issued.expires_at},
    )


async def derive(services: Services, *, count: int, valid_hours: int = VALID_HOURS) -> DerivedSeries:
    """Choose codes and derive what is stored of them: 15 ms and 19 MiB each, so before any transaction or lock.

    Raises:
        IssueError: so many codes, or so long, is not possible.
    """
    if not 1 <= count <= codes.MAX_CODES_PER_SERIES:
        raise IssueError(f"a series has 1 to {codes.MAX_CODES_PER_SERIES} codes")
    if not 1 <= valid_hours <= MAX_VALID_HOURS:
        raise IssueError(f"codes are good for 1 to {MAX_VALID_HOURS} hours")
    now = services.clock()
    series = uuid7(now, services.random(10))
    kdf = KdfParameters()
    plain = tuple(codes.code_from(services.random(codes.CODE_RANDOM_BYTES)) for _ in range(count))
    # In a thread, because the loop has others to serve.
    secrets = [await asyncio.to_thread(codes.derive, code, series, kdf) for code in plain]
    return DerivedSeries(series, kdf, now, now + valid_hours * MS_PER_HOUR, plain, tuple(secrets))


async def issue_derived(
    connection: Connection, services: Services, derived: DerivedSeries, *, wallet: str, cap: int | None, actor: str
) -> IssuedSeries:
    """Issue a series whose codes are derived, and hold their caps, in the caller's transaction.

    Args:
        connection: in the transaction that issues it.
        services: of this process.
        derived: one that was never issued.
        wallet: its number.
        cap: as `issue` takes it.
        actor: who asked for it.

    Raises:
        UnknownWalletError, WalletBlockedError, IssueError, InsufficientFundsError: nothing was done.
    """
    count = len(derived.plain)
    if cap is not None and not 1 <= cap <= MAX_AMOUNT // count:
        raise IssueError("a cap is more than 0")
    locked = (await store.lock_wallets(connection, [wallet])).get(wallet)
    if locked is None:
        raise UnknownWalletError
    if locked.blocked_version is not None:
        raise WalletBlockedError
    each = cap if cap is not None else _even_share(locked.accounts.balances[Account.OFFLINE], count)
    postings = Postings(at=derived.at, actor=actor, wallets={wallet: locked.accounts})
    postings.move(wallet, Account.OFFLINE, Account.HELD, each * count, Cause.ISSUE, series=derived.series)
    await store.write(connection, postings)
    release_at = await _write_series(connection, locked, derived)
    await _write_codes(connection, services, wallet, derived, each)
    await store.note_series_changes(connection, [(wallet, derived.series)])
    # Before the transaction ends: a series whose vouchers could not be signed is not issued.
    issued = [
        IssuedCode(index, code, each, _voucher(services, locked, derived, index, each))
        for index, code in enumerate(derived.plain)
    ]
    return IssuedSeries(
        derived.series,
        wallet,
        locked.accounts.currency,
        derived.at,
        derived.expires_at,
        release_at,
        derived.kdf,
        tuple(issued),
    )


def _even_share(offline: int, count: int) -> int:
    share = min(offline // count, Policy().payment_limit)
    if share == 0:
        raise InsufficientFundsError("the offline balance is too small for that many codes")
    return share


async def _write_series(connection: Connection, locked: store.LockedWallet, derived: DerivedSeries) -> int:
    """Write a series; when it is released."""
    name = await connection.fetchval(QUERIES["customer_name"], uuid_of(locked.customer))
    longest: int = max(await connection.fetchval(QUERIES["longest_upload"]), Policy().upload_hours)
    release_at = derived.expires_at + longest * MS_PER_HOUR
    home = locked.home
    await connection.execute(
        QUERIES["write_series"],
        locked.accounts.wallet,
        uuid_of(derived.series),
        mask_name(name),
        derived.kdf.t,
        derived.kdf.m_kib,
        derived.at,
        derived.expires_at,
        release_at,
        home.lat,
        home.lon,
        cell_of(home),
    )
    return release_at


async def _write_codes(
    connection: Connection, services: Services, wallet: str, derived: DerivedSeries, cap: int
) -> None:
    series, secrets = derived.series, derived.secrets
    await connection.execute(
        QUERIES["write_codes"],
        wallet,
        uuid_of(series),
        list(range(len(secrets))),
        [cap] * len(secrets),
        [secret.verifier for secret in secrets],
        [services.kek.wrap_proof_key(secret.proof_key, series, index) for index, secret in enumerate(secrets)],
    )


def _voucher(services: Services, locked: store.LockedWallet, derived: DerivedSeries, index: int, cap: int) -> str:
    voucher = vouchers.Voucher(
        series=derived.series,
        index=index,
        wallet=locked.accounts.wallet,
        cap=cap,
        currency=locked.accounts.currency,
        not_before=derived.at // 1_000,
        expires=derived.expires_at // 1_000,
        home=locked.home.rounded(),
        verifier=derived.secrets[index].verifier,
        kdf=derived.kdf,
    )
    return vouchers.to_text(vouchers.sign_voucher(voucher, services.keys.active))


def mask_name(name: str) -> str:
    """A name as a till shows it: the initials alone."""
    initials = [word[0].upper() + "." for word in name.split() if word]
    return " ".join(initials[:4]) or "-"

"""Locking wallets and writing postings: the only place where balances, transfers and events reach the database."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from shared.geo import Place
from syncserver.database.arrays import array_literal, ids, numbers, places, text_lists, texts, uuid_of, uuids, words
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.ledger.postings import (
    WALLET_ACCOUNTS,
    Account,
    PaymentEvent,
    Postings,
    Transfer,
    WalletAccounts,
    vendor_changes,
)
from syncserver.ledger.shards import groups

QUERIES = load(Path(__file__).parent)


class LockedWallet(msgspec.Struct, frozen=True, gc=False):
    """A wallet whose row this transaction has locked, as it stands now."""

    accounts: WalletAccounts
    home: Place
    blocked_version: int | None
    customer: bytes


async def lock_wallets(connection: Connection, wallets: Iterable[str]) -> dict[str, LockedWallet]:
    """Lock the wallets that exist, in the one order of all locks; whoever moves a wallet's money begins here."""
    return {row["wallet"]: locked_wallet(row) for row in await lock_wallet_rows(connection, wallets)}


async def lock_wallet_rows(connection: Connection, wallets: Iterable[str]) -> list[Any]:
    """The same, as rows that `locked_wallet` takes."""
    return [row for group in groups(wallets) for row in await connection.fetch(QUERIES["lock_wallets"], group)]


def locked_wallet(row: Any) -> LockedWallet:
    """The wallet that a row of `lock_wallet_rows` is."""
    wallet, currency, online, offline, held, review, events, transfers, last_paid_at, lat, lon, blocked, customer = row
    balances = {
        Account.ONLINE: online,
        Account.OFFLINE: offline,
        Account.HELD: held,
        Account.REVIEW: review,
    }
    accounts = WalletAccounts(wallet, currency, balances, events, transfers, last_paid_at)
    return LockedWallet(accounts, Place(lat, lon), blocked, customer.bytes)


async def unknown_wallets(connection: Connection, wallets: Sequence[str]) -> dict[str, WalletAccounts]:
    """Stand-ins for wallets that no customer has; two transactions that number their events at once collide."""
    rows = await connection.fetch(QUERIES["last_events_of_unknown"], wallets)
    last = {row["wallet"]: row["number"] for row in rows}
    return {wallet: WalletAccounts.unknown(wallet, last.get(wallet, 0)) for wallet in wallets}


class Moves(msgspec.Struct, frozen=True, gc=False):
    """Some movements and events of one cause, as they are to be written."""

    postings: Postings
    transfers: Sequence[Transfer]
    events: Sequence[PaymentEvent]


async def write(connection: Connection, postings: Postings) -> None:
    """Write all that the postings hold, in the caller's transaction."""
    for arguments in postings_arguments([Moves(postings, postings.transfers, postings.events)]):
        await connection.execute(QUERIES["write_postings"], *arguments)


def postings_arguments(moves: Sequence[Moves]) -> list[tuple[Any, ...]]:
    """What `write_postings` is given for movements and events, with the balances as they stand now.

    There is one tuple for each group of wallets that a statement may write to. All moves are of the same accounts.
    """
    touched = {row.wallet for one in moves for row in one.transfers} | {
        row.wallet for one in moves for row in one.events
    }
    grouped = groups(touched)
    if len(grouped) <= 1:
        return [_arguments(moves, group) for group in grouped]
    return [
        _arguments(
            [
                Moves(
                    one.postings,
                    [row for row in one.transfers if row.wallet in here],
                    [row for row in one.events if row.wallet in here],
                )
                for one in moves
            ],
            group,
        )
        for group in grouped
        if (here := set(group))
    ]


def _arguments(moves: Sequence[Moves], wallets: Sequence[str]) -> tuple[Any, ...]:
    transfers = [row for one in moves for row in one.transfers]
    events = [row for one in moves for row in one.events]
    credits_ = vendor_changes(transfers)
    accounts = moves[0].postings.wallets
    known = [one for wallet in wallets if (one := accounts[wallet]).known]
    return (
        [one.postings.at for one in moves],
        [one.postings.actor for one in moves],
        places(len(one.transfers) for one in moves),
        words(row.wallet for row in transfers),
        numbers(row.number for row in transfers),
        words(row.debit for row in transfers),
        words(row.credit for row in transfers),
        numbers(row.amount for row in transfers),
        words(row.currency for row in transfers),
        words(row.cause for row in transfers),
        ids(row.payment for row in transfers),
        ids(row.series for row in transfers),
        ids(row.vendor for row in transfers),
        words(first.wallet for first, _ in credits_),
        numbers(first.number for first, _ in credits_),
        ids(first.vendor for first, _ in credits_),
        numbers(amount for _, amount in credits_),
        words(first.currency for first, _ in credits_),
        places(len(one.events) for one in moves),
        words(row.wallet for row in events),
        numbers(row.number for row in events),
        ids(row.payment for row in events),
        words(row.before for row in events),
        words(row.after for row in events),
        text_lists(row.reasons for row in events),
        texts(row.note for row in events),
        words(one.wallet for one in known),
        *(numbers(one.balances[account] for one in known) for account in WALLET_ACCOUNTS),
        numbers(one.events for one in known),
        numbers(one.transfers for one in known),
        numbers(one.last_paid_at for one in known),
    )


async def set_payment_states(
    connection: Connection,
    postings: Postings,
    changes: Sequence[tuple[str, bytes, str]],
    reason: str | None = None,
) -> None:
    """Set the state of stored payments: (wallet, payment, state) each."""
    if changes:
        await connection.execute(
            QUERIES["set_payment_states"],
            [wallet for wallet, _, _ in changes],
            uuids(payment for _, payment, _ in changes),
            [state for _, _, state in changes],
            postings.actor,
            postings.at,
            reason,
        )


async def credited_for_payment(connection: Connection, wallet: str, payment: bytes) -> tuple[int, int]:
    """What a payment's vendor was credited (minor units): out of the customer's accounts, and out of `loss`."""
    rows = await connection.fetch(QUERIES["credited_for_payment"], wallet, *uuids([payment]))
    credited = {row["debit"]: row["amount"] for row in rows}
    house = credited.pop(Account.LOSS.value, 0)
    return sum(credited.values()), house


async def note_series_changes(connection: Connection, series: Iterable[tuple[str, bytes]]) -> None:
    """Let the numbering of books know of series (wallet, series) that changed."""
    changed = sorted(set(series))
    if changed:
        await connection.execute(
            QUERIES["note_series_changes"], [wallet for wallet, _ in changed], uuids(one for _, one in changed)
        )


async def note_device_updates(
    connection: Connection, at: int, updates: Sequence[tuple[bytes, bytes, str, str, Sequence[str]]]
) -> None:
    """Let devices know what became of payments: (device, payment, wallet, status, reasons) each."""
    if updates:
        await connection.execute(
            QUERIES["note_device_updates"],
            uuids(device for device, _, _, _, _ in updates),
            uuids(payment for _, payment, _, _, _ in updates),
            [wallet for _, _, wallet, _, _ in updates],
            [status for _, _, _, status, _ in updates],
            [array_literal(reasons) for _, _, _, _, reasons in updates],
            at,
        )


async def vendor_balance(connection: Connection, vendor: bytes) -> int:
    """What a vendor is owed (minor units), folded or not."""
    return int(await connection.fetchval(QUERIES["vendor_balance"], uuid_of(vendor)))

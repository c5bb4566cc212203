"""Locking wallets and writing postings: the only place where balances, transfers and events reach the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shared.geo import Place
from shared.ids import uuid_text
from syncserver.database.arrays import array_literal, optional_uuids, uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.ledger.postings import WALLET_ACCOUNTS, Account, Postings, WalletAccounts
from syncserver.ledger.shards import groups

QUERIES = load(Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class LockedWallet:
    """A wallet whose row this transaction has locked, as it stands now."""

    accounts: WalletAccounts
    home: Place
    blocked_version: int | None
    customer: bytes


async def lock_wallets(connection: Connection, wallets: Iterable[str]) -> dict[str, LockedWallet]:
    """Lock the wallets that exist, in the one order of all locks; whoever moves a wallet's money begins here."""
    locked: dict[str, LockedWallet] = {}
    for group in groups(wallets):
        for row in await connection.fetch(QUERIES["lock_wallets"], group):
            balances = {account: row[account.value] for account in WALLET_ACCOUNTS}
            accounts = WalletAccounts(row["wallet"], row["currency"], balances, row["events"], row["transfers"])
            place = Place(row["lat"], row["lon"])
            locked[row["wallet"]] = LockedWallet(accounts, place, row["blocked_version"], row["customer"].bytes)
    return locked


async def unknown_wallets(connection: Connection, wallets: Sequence[str]) -> dict[str, WalletAccounts]:
    """Stand-ins for wallets that no customer has; two transactions that number their events at once collide."""
    rows = await connection.fetch(QUERIES["last_events_of_unknown"], wallets)
    last = {row["wallet"]: row["number"] for row in rows}
    return {wallet: WalletAccounts.unknown(wallet, last.get(wallet, 0)) for wallet in wallets}


async def write(connection: Connection, postings: Postings) -> None:
    """Write all that the postings hold, in the caller's transaction."""
    if postings.transfers:
        await _write_transfers(connection, postings)
    if postings.events:
        await _write_events(connection, postings)
    await _write_balances(connection, postings)


async def _write_balances(connection: Connection, postings: Postings) -> None:
    touched = {transfer.wallet for transfer in postings.transfers} | {event.wallet for event in postings.events}
    known = [wallet for wallet in touched if postings.wallets[wallet].known]
    for group in groups(known):
        accounts = [postings.wallets[wallet] for wallet in group]
        await connection.execute(
            QUERIES["write_balances"],
            group,
            *([one.balances[account] for one in accounts] for account in WALLET_ACCOUNTS),
            [one.events for one in accounts],
            [one.transfers for one in accounts],
        )


async def _write_transfers(connection: Connection, postings: Postings) -> None:
    rows = postings.transfers
    await connection.execute(
        QUERIES["write_transfers"],
        [row.wallet for row in rows],
        [row.number for row in rows],
        [row.debit.value for row in rows],
        [row.credit.value for row in rows],
        [row.amount for row in rows],
        [row.currency for row in rows],
        [row.cause.value for row in rows],
        optional_uuids(row.payment for row in rows),
        optional_uuids(row.series for row in rows),
        optional_uuids(row.vendor for row in rows),
        postings.at,
        postings.actor,
    )
    vendor_changes = list(postings.vendor_changes())
    if vendor_changes:
        await connection.execute(
            QUERIES["write_pending_credits"],
            [row.wallet for row, _ in vendor_changes],
            [row.number for row, _ in vendor_changes],
            optional_uuids(row.vendor for row, _ in vendor_changes),
            [amount for _, amount in vendor_changes],
            [row.currency for row, _ in vendor_changes],
        )


async def _write_events(connection: Connection, postings: Postings) -> None:
    rows = postings.events
    await connection.execute(
        QUERIES["write_events"],
        [row.wallet for row in rows],
        [row.number for row in rows],
        uuids(row.payment for row in rows),
        [row.before.value for row in rows],
        [row.after.value for row in rows],
        [array_literal(row.reasons) for row in rows],
        [row.note for row in rows],
        postings.at,
        postings.actor,
    )
    events = [
        {
            "wallet": row.wallet,
            "number": row.number,
            "payment": uuid_text(row.payment),
            "from": row.before.value,
            "to": row.after.value,
            "reasons": row.reasons,
            "at": postings.at,
        }
        for row in rows
    ]
    await connection.execute(
        QUERIES["write_outbox"],
        [row.wallet for row in rows],
        [row.number for row in rows],
        [msgspec.json.encode(event).decode() for event in events],
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


async def fold_credits(connection: Any, limit: int = 5_000) -> int:
    """Add pending credits up into what vendors are owed, in one transaction; how many were folded."""
    async with connection.transaction():
        rows = await connection.fetch(QUERIES["take_pending_credits"], limit)
        sums: dict[Any, int] = {}
        for row in rows:
            sums[row["vendor"]] = sums.get(row["vendor"], 0) + row["amount"]
        if sums:
            vendors = sorted(sums)
            await connection.execute(QUERIES["lock_payables"], vendors)
            tag = await connection.execute(QUERIES["add_to_payable"], vendors, [sums[vendor] for vendor in vendors])
            if tag != f"UPDATE {len(vendors)}":
                raise LookupError("a vendor's balance is not there: its credits stay where they are")
    return len(rows)

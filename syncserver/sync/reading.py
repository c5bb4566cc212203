"""Reads all that decides a batch, in a few set-based statements, after its journal and wallets are locked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shared import journal
from shared.geo import Place
from shared.journal import Payment, ShiftClose, ShiftOpen, Void
from shared.lifecycles import CodeState, PaymentState, Status
from shared.messages.receipt import RecordResult
from shared.rules.decision import Sighting
from syncserver.database.arrays import uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.judge.authenticity import Arrival
from syncserver.judge.chain import Chain, StoredRecord, seqs_to_read
from syncserver.judge.facts import (
    BatchFacts,
    CodeFacts,
    DeviceFacts,
    KnownPayment,
    KnownShift,
    KnownVoid,
    WalletFacts,
    utc_day,
)
from syncserver.judge.moment import Sending
from syncserver.judge.payments import moment_of_payment, policy_of
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ledger import store
from syncserver.ledger.postings import Postings

QUERIES = load(Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: whose it is, of which epoch, what was in it, and the clocks when it came."""

    device: bytes
    epoch: int
    batch: bytes
    arrivals: Sequence[Arrival]
    sending: Sending


async def read_facts(connection: Connection, upload: Upload, kek: KeyEncryptionKey) -> BatchFacts:
    """Lock the journal and the wallets, then read the rest. In the caller's READ COMMITTED transaction.

    Each lock is a statement of its own: a lock wait does not refresh its own statement's snapshot.
    """
    device, chain = await _lock_journal(connection, upload)
    fresh = [arrival for arrival in upload.arrivals if _is_fresh(arrival, chain)]
    records = [arrival.record for arrival in fresh if arrival.record is not None]
    payments = [record for record in records if isinstance(record, Payment)]
    voids = [record for record in records if isinstance(record, Void)]
    targets = await _void_targets(connection, upload, voids)
    facts = BatchFacts(
        device=device,
        sending=upload.sending,
        chain=chain,
        policies=await read_policies(connection, device.vendor, upload.device),
        postings=Postings(at=upload.sending.received, actor=f"device {upload.device.hex()}", wallets={}),
    )
    await _lock_wallets(connection, facts, {record.wallet for record in payments} | {wallet for wallet, _ in targets})
    if payments:
        await _read_for_payments(connection, facts, payments, len(voids), kek)
    await _read_for_voids(connection, upload, facts, targets, {v.payment for v in voids} | {p.id for p in payments})
    shifts = {record.shift for record in records if isinstance(record, ShiftOpen | ShiftClose)}
    if shifts:
        rows = await connection.fetch(
            QUERIES["read_shifts"], uuid_of(upload.device), upload.epoch, uuids(sorted(shifts))
        )
        facts.shifts = {
            row["shift"].bytes: KnownShift(opened_seq=row["opened_seq"], closed_seq=row["closed_seq"]) for row in rows
        }
    return facts


def _is_fresh(arrival: Arrival, chain: Chain) -> bool:
    return arrival.position is not None and chain.place(arrival.position, arrival.link).replay is None


async def _lock_journal(connection: Connection, upload: Upload) -> tuple[DeviceFacts, Chain]:
    device = uuid_of(upload.device)
    epoch = await connection.fetchrow(QUERIES["lock_epoch"], device, upload.epoch)
    row = await connection.fetchrow(QUERIES["device_for_upload"], device)
    if epoch is None or row is None:
        raise LookupError("the device of a verified token is not there")
    facts = DeviceFacts(
        device=upload.device,
        epoch=upload.epoch,
        vendor=row["vendor"].bytes,
        vendor_currency=row["currency"],
        vendor_blocked_version=row["blocked_version"],
        place=Place(epoch["lat"], epoch["lon"]),
        quarantined=row["quarantined_at"] is not None,
        revoked=row["revoked_at"] is not None,
        compromised=epoch["compromised_at"] is not None,
    )
    ranges = tuple((first, last) for first, last in msgspec.json.decode(epoch["ranges"]))
    chain = Chain(
        genesis=journal.genesis_of(upload.device, upload.epoch, epoch["public_key"]), ranges=ranges, stored={}
    )
    places = (arrival.position or arrival.claimed for arrival in upload.arrivals)
    seqs = {place.seq for place in places if place is not None}
    near = seqs_to_read(ranges, seqs)
    if near:
        for found in await connection.fetch(QUERIES["read_records"], device, upload.epoch, near):
            chain.stored[found["seq"]] = StoredRecord(found["link"], found["prev"], found["at"], _result(found))
        for found in await connection.fetch(QUERIES["read_forks"], device, upload.epoch, near):
            chain.forks[(found["seq"], found["link"])] = _result(found)
    return facts, chain


def _result(row: Any) -> RecordResult:
    payment = row["payment"]
    return RecordResult(
        seq=row["seq"],
        id=payment.bytes if payment is not None else None,
        status=Status(row["status"]),
        reasons=tuple(row["reasons"]),
        score=row["score"],
    )


async def read_policies(connection: Connection, vendor: bytes, device: bytes) -> PolicyHistory:
    """Every change of limits that concerns a device."""
    rows = await connection.fetch(QUERIES["read_policies"], uuid_of(vendor), uuid_of(device))
    return PolicyHistory(
        [
            PolicyChange(row["version"], row["effective_at"], row["for_device"], msgspec.json.decode(row["body"]))
            for row in rows
        ]
    )


async def _void_targets(connection: Connection, upload: Upload, voids: Sequence[Void]) -> list[tuple[str, bytes]]:
    """The stored payments that this batch's voids name: (wallet, payment) each."""
    if not voids:
        return []
    rows = await connection.fetch(
        QUERIES["payments_of_journal"], uuid_of(upload.device), upload.epoch, uuids(void.payment for void in voids)
    )
    return [(row["wallet"], row["payment"].bytes) for row in rows]


async def _lock_wallets(connection: Connection, facts: BatchFacts, wallets: Iterable[str]) -> None:
    numbers = set(wallets)
    locked = await store.lock_wallets(connection, numbers)
    accounts = {wallet: one.accounts for wallet, one in locked.items()}
    missing = sorted(numbers - accounts.keys())
    if missing:
        accounts |= await store.unknown_wallets(connection, missing)
    facts.postings.wallets = accounts
    facts.wallets = {
        wallet: WalletFacts(currency=one.accounts.currency, home=one.home, blocked_version=one.blocked_version)
        for wallet, one in locked.items()
    }


async def _read_for_payments(
    connection: Connection, facts: BatchFacts, payments: Sequence[Payment], voids: int, kek: KeyEncryptionKey
) -> None:
    wallets, ids = [record.wallet for record in payments], uuids(record.id for record in payments)
    facts.known_ids = {
        (row["wallet"], row["payment"].bytes) for row in await connection.fetch(QUERIES["read_payments"], wallets, ids)
    }
    rows = await connection.fetch(
        QUERIES["read_codes"],
        wallets,
        uuids(record.series for record in payments),
        [record.index for record in payments],
    )
    for row in rows:
        key = (row["wallet"], row["series"].bytes, row["idx"])
        facts.codes[key] = CodeFacts(
            cap=row["cap"],
            state=CodeState(row["state"]),
            proof_key=kek.unwrap_proof_key(row["wrapped_proof_key"], key[1], key[2]),
            issued_at=row["issued_at"],
            expires_at=row["expires_at"],
            withdrawn_version=row["withdrawn_version"],
        )
    await _read_history(connection, facts, payments, voids)


async def _read_history(connection: Connection, facts: BatchFacts, payments: Sequence[Payment], voids: int) -> None:
    """Day sums, and the payments close in time, for the times that the rules will use."""
    days: set[tuple[str, int]] = set()
    moments: set[tuple[str, int]] = set()
    windows = []
    for record in payments:
        when = moment_of_payment(facts, record).when
        policy = policy_of(facts, record, facts.codes.get((record.wallet, record.series, record.index)))
        windows.append(policy.rate_count + 1)
        days.add((record.wallet, utc_day(when)))
        moments.add((record.wallet, when))
    ordered = sorted(days)
    for row in await connection.fetch(
        QUERIES["read_day_totals"], [wallet for wallet, _ in ordered], [day for _, day in ordered]
    ):
        facts.day_totals[(row["wallet"], row["day"])] = row["total"]
    # Enough each way to fill every window around a payment, also when this batch voids some of them.
    near = sorted(moments)
    rows = await connection.fetch(
        QUERIES["read_neighbours"], [wallet for wallet, _ in near], [when for _, when in near], max(windows) + voids
    )
    for row in rows:
        sighting = Sighting(row["taken_at"], Place(row["lat"], row["lon"]), row["uncertainty"])
        facts.sightings.setdefault(row["wallet"], []).append(sighting)


async def _read_for_voids(
    connection: Connection,
    upload: Upload,
    facts: BatchFacts,
    targets: Sequence[tuple[str, bytes]],
    payments: Iterable[bytes],
) -> None:
    ids = sorted(set(payments))
    if ids:
        rows = await connection.fetch(QUERIES["read_voids"], uuid_of(upload.device), upload.epoch, uuids(ids))
        facts.voids = {(row["payment"].bytes, row["shift"].bytes): KnownVoid(state=row["state"]) for row in rows}
    if targets:
        known = await read_known_payments(connection, targets)
        facts.payments = {payment: one for (_, payment), one in known.items()}


async def read_known_payments(
    connection: Connection, keys: Sequence[tuple[str, bytes]]
) -> dict[tuple[str, bytes], KnownPayment]:
    """Stored payments (wallet, payment) as voids and reviews have to know them; their wallets must be locked."""
    rows = await connection.fetch(
        QUERIES["read_payments"], [wallet for wallet, _ in keys], uuids(payment for _, payment in keys)
    )
    known: dict[tuple[str, bytes], KnownPayment] = {}
    for row in rows:
        payment, amount, house = row["payment"].bytes, row["amount"], 0
        state = PaymentState(row["state"])
        if state is PaymentState.SUCCESSFUL and not row["claimed"]:
            # Approved without a hold: it was paid out of whatever was there.
            amount, house = await store.credited_for_payment(connection, row["wallet"], payment)
        known[row["wallet"], payment] = KnownPayment(
            wallet=row["wallet"],
            shift=row["shift"].bytes,
            vendor=row["vendor"].bytes,
            amount=row["amount"],
            claimed=row["claimed"],
            taken_at=row["taken_at"],
            state=state,
            reasons=tuple(row["reasons"]),
            from_customer=amount,
            from_house=house,
        )
    return known

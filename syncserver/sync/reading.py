"""Reads all that decides a batch, in a few set-based statements, after its journal and wallets are locked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from shared import journal
from shared.errors import TallystickError
from shared.fields import MAX_INTEGER
from shared.geo import Place
from shared.ids import uuid_bytes
from shared.journal import Payment, ShiftClose, ShiftOpen, Void
from shared.lifecycles import CodeState, PaymentState, Status
from shared.messages.receipt import RecordResult
from shared.rules.decision import Sighting, reach_ms
from syncserver.database.arrays import ids, numbers, uuid_of, uuids, words
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
from syncserver.sync.threads import beside_the_loop

QUERIES = load(Path(__file__).parent)
# By a look-up: calling an enumeration is slow.
_CODE_STATES = {state.value: state for state in CodeState}


class DeviceGoneError(TallystickError):
    """This device is not enrolled here."""

    code = "DEVICE_GONE"


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: whose it is, of which epoch with which key, what was in it, and the clocks when it came."""

    device: bytes
    epoch: int
    public_key: bytes
    batch: bytes
    arrivals: Sequence[Arrival]
    sending: Sending


async def read_facts(connection: Connection, upload: Upload, kek: KeyEncryptionKey) -> BatchFacts:
    """Lock the journal and the wallets, then read the rest. In the caller's READ COMMITTED transaction.

    Each lock is a statement of its own: a lock wait does not refresh its own statement's snapshot.
    """
    facts = await _lock_journal(connection, upload)
    fresh = [arrival.record for arrival in upload.arrivals if _is_fresh(arrival, facts.chain)]
    records = [record for record in fresh if record is not None]
    payments = [record for record in records if isinstance(record, Payment)]
    voids = [record for record in records if isinstance(record, Void)]
    targets = await _void_targets(connection, upload, voids)
    await _lock_wallets(connection, facts, {record.wallet for record in payments} | {wallet for wallet, _ in targets})
    if payments:
        await _read_for_payments(connection, facts, payments, len(voids), kek)
    if targets:
        known = await read_known_payments(connection, targets)
        facts.payments = {payment: one for (_, payment), one in known.items()}
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


async def _lock_journal(connection: Connection, upload: Upload) -> BatchFacts:
    """Lock the journal; what is known of its device, and of its records beside those of the batch.

    Raises:
        DeviceGoneError: where the database has no such journal any more, or one of another key: it was restored under
            a running server.
    """
    device = uuid_of(upload.device)
    epoch = await connection.fetchrow(QUERIES["lock_epoch"], device, upload.epoch)
    row = await connection.fetchrow(QUERIES["device_for_upload"], device, upload.epoch, uuids(_void_ids(upload)))
    if epoch is None or row is None or epoch["public_key"] != upload.public_key:
        raise DeviceGoneError
    ranges = tuple((first, last) for first, last in msgspec.json.decode(epoch["ranges"]))
    chain = Chain(
        genesis=journal.genesis_of(upload.device, upload.epoch, epoch["public_key"]),
        ranges=ranges,
        head=epoch["head"],
        stored={},
    )
    places = (arrival.position or arrival.claimed for arrival in upload.arrivals)
    near = seqs_to_read(ranges, {place.seq for place in places if place is not None})
    if near:
        for found in await connection.fetch(QUERIES["read_records"], device, upload.epoch, near):
            if found["taken"]:
                chain.forks[found["seq"], found["link"]] = _result(found)
            else:
                chain.stored[found["seq"]] = StoredRecord(found["link"], found["prev"], found["at"], _result(found))
    return BatchFacts(
        device=DeviceFacts(
            device=upload.device,
            epoch=upload.epoch,
            vendor=row["vendor"].bytes,
            vendor_currency=row["currency"],
            vendor_blocked_version=row["blocked_version"],
            place=Place(epoch["lat"], epoch["lon"]),
            quarantined=row["quarantined_at"] is not None,
            revoked=row["revoked_at"] is not None,
            compromised=epoch["compromised_at"] is not None,
        ),
        sending=upload.sending,
        chain=chain,
        policies=PolicyHistory([PolicyChange(*change) for change in msgspec.json.decode(row["policies"])]),
        postings=Postings(at=upload.sending.received, actor=f"device {upload.device.hex()}", wallets={}),
        voids={
            (uuid_bytes(payment), uuid_bytes(shift)): KnownVoid(state=state)
            for payment, shift, state in msgspec.json.decode(row["voids"])
        },
    )


def _void_ids(upload: Upload) -> set[bytes]:
    """The payments of which a void may be here: those that the batch brings, and those that its voids name."""
    records = [arrival.record for arrival in upload.arrivals]
    return {record.id for record in records if isinstance(record, Payment)} | {
        record.payment for record in records if isinstance(record, Void)
    }


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
    rows = await connection.fetch(
        QUERIES["read_tenders"],
        words(record.wallet for record in payments),
        ids(record.series for record in payments),
        numbers(record.index for record in payments),
        ids(record.id for record in payments),
    )
    asked = await beside_the_loop(len(payments), partial(_take_tenders, facts, payments, voids, kek, rows))
    for row in await connection.fetch(QUERIES["read_history"], *asked):
        if row["total"] is not None:
            facts.day_totals[row["wallet"], row["at"]] = row["total"]
        else:
            sighting = Sighting(row["at"], Place(row["lat"], row["lon"]), row["uncertainty"])
            facts.sightings.setdefault(row["wallet"], []).append(sighting)


def _take_tenders(
    facts: BatchFacts, payments: Sequence[Payment], voids: int, kek: KeyEncryptionKey, rows: Sequence[Any]
) -> tuple[str, str, str, str, int, int]:
    """Note codes and used ids; what `read_history` is asked: days and moments of wallets, how many and how far away."""
    for position, cap, state, wrapped_proof_key, issued_at, expires_at, withdrawn_version, used in rows:
        record = payments[position - 1]
        if used:
            facts.known_ids.add((record.wallet, record.id))
        key = (record.wallet, record.series, record.index)
        if cap is not None and issued_at is not None and key not in facts.codes:
            facts.codes[key] = CodeFacts(
                cap=cap,
                state=_CODE_STATES[state],
                proof_key=kek.unwrap_proof_key(wrapped_proof_key, record.series, record.index),
                issued_at=issued_at,
                expires_at=expires_at,
                withdrawn_version=withdrawn_version,
            )
    days: set[tuple[str, int]] = set()
    moments: set[tuple[str, int]] = set()
    rate_count = reach = 0
    for record in payments:
        code = facts.codes.get((record.wallet, record.series, record.index))
        policy = policy_of(facts, record, code)
        when = moment_of_payment(facts, record, code, policy).when
        rate_count = max(rate_count, policy.rate_count)
        reach = max(reach, reach_ms(policy) or MAX_INTEGER)
        days.add((record.wallet, utc_day(when)))
        moments.add((record.wallet, when))
    # Enough each way to fill every window around a payment, also when this batch voids some of them.
    return (
        words(wallet for wallet, _ in days),
        numbers(day for _, day in days),
        words(wallet for wallet, _ in moments),
        numbers(when for _, when in moments),
        rate_count + 1 + voids,
        reach,
    )


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

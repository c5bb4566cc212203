"""Reads all that decides a batch, in a few set-based statements, after its journal and wallets are locked."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from shared import journal
from shared.errors import TallystickError
from shared.geo import Place
from shared.ids import uuid_bytes
from shared.journal import Payment, ShiftClose, ShiftOpen, Void
from shared.lifecycles import PaymentState, Status
from shared.messages.receipt import RecordResult
from syncserver.database.arrays import ids, numbers, uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.judge.authenticity import Upload
from syncserver.judge.chain import Chain, StoredRecord, seqs_to_read
from syncserver.judge.facts import (
    BatchFacts,
    CustomerFacts,
    DeviceFacts,
    KnownPayment,
    KnownShift,
    KnownVoid,
    WalletFacts,
)
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ledger import store
from syncserver.ledger.postings import Postings
from syncserver.sync.tenders import Noting, Tenders

QUERIES = load(Path(__file__).parent)


class DeviceGoneError(TallystickError):
    """This device is not enrolled here."""

    code = "DEVICE_GONE"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the facts of each upload, and `ahead`, what is still to be read of customers of later pieces.

    `ahead` is None where all is read. What it returns notes what it read; no payment of those customers is judged
    before that.
    """

    facts: list[BatchFacts]
    ahead: Callable[[], Awaitable[Noting]] | None


async def read_facts(
    connection: Connection,
    uploads: Sequence[Upload],
    kek: KeyEncryptionKey,
    first: Collection[str] | None = None,
    *,
    doubtful: bool = True,
) -> Reading:
    """Lock the journals and the wallets, then read the rest. In the caller's READ COMMITTED transaction.

    Each lock is a statement of its own: a lock wait does not refresh its own statement's snapshot. What is known of
    customers is one for all uploads, so that each is judged with what those before it did.

    Args:
        connection: of that transaction.
        uploads: of as many devices.
        kek: what proof keys are wrapped with.
        first: the wallets whose payments are judged first, so that the others' can be read meanwhile; None for all.
        doubtful: whether to look if the ids of payments were used before. An id that was is found when it is written.

    Raises:
        DeviceGoneError: for one of them the database has no such journal any more, or one of another key: it was
            restored under a running server.
    """
    all_facts = await _lock_journals(connection, uploads)
    customers = all_facts[0].customers
    fresh = [_fresh_records(upload, facts.chain) for upload, facts in zip(uploads, all_facts, strict=True)]
    payments = [
        (facts, record)
        for facts, records in zip(all_facts, fresh, strict=True)
        for record in records
        if isinstance(record, Payment)
    ]
    voids = [[record for record in records if isinstance(record, Void)] for records in fresh]
    targets = [await _void_targets(connection, upload, here) for upload, here in zip(uploads, voids, strict=True)]
    wallets = {record.wallet for _, record in payments} | {wallet for some in targets for wallet, _ in some}
    locked = await _lock_wallets(connection, customers, wallets)
    last_paid_at = {row["wallet"]: row["last_paid_at"] for row in locked}
    tenders = Tenders(connection, customers, kek, last_paid_at, sum(map(len, voids)), doubtful)
    # A void changes what is known of a customer, who may pay in a later piece alone: then all is read first.
    some_first = first is not None and not any(voids)
    now = [one for one in payments if one[1].wallet in first] if first is not None and some_first else payments
    later = [one for one in payments if one[1].wallet not in first] if first is not None and some_first else []
    await tenders.read(now, partial(_note_wallets, customers, locked))
    for upload, facts, records, some in zip(uploads, all_facts, fresh, targets, strict=True):
        if some:
            known = await read_known_payments(connection, some)
            facts.payments = {payment: one for (_, payment), one in known.items()}
        await _read_shifts(connection, upload, facts, records)
    return Reading(all_facts, partial(tenders.read_ahead, later) if later else None)


async def _read_shifts(
    connection: Connection, upload: Upload, facts: BatchFacts, records: Sequence[journal.Record]
) -> None:
    shifts = {record.shift for record in records if isinstance(record, ShiftOpen | ShiftClose)}
    if shifts:
        rows = await connection.fetch(
            QUERIES["read_shifts"], uuid_of(upload.device), upload.epoch, uuids(sorted(shifts))
        )
        facts.shifts = {
            row["shift"].bytes: KnownShift(opened_seq=row["opened_seq"], closed_seq=row["closed_seq"]) for row in rows
        }


def _fresh_records(upload: Upload, chain: Chain) -> list[journal.Record]:
    """The records that are not here yet, as far as they can be read."""
    return [
        one.record
        for one in upload.arrivals
        if one.record is not None and one.position is not None and chain.is_fresh(one.position, one.link)
    ]


async def _lock_journals(connection: Connection, uploads: Sequence[Upload]) -> list[BatchFacts]:
    """Lock the journals; what is known of their devices, and of their records beside those of the batches."""
    devices = uuids(upload.device for upload in uploads)
    epochs = [upload.epoch for upload in uploads]
    locked = await connection.fetch(QUERIES["lock_epochs"], devices, epochs)
    found = await connection.fetch(
        QUERIES["devices_for_uploads"],
        devices,
        epochs,
        [ids(_voided(upload)) for upload in uploads],
    )
    rows = {row["device"].bytes: row for row in found}
    epoch_rows = {row["device"].bytes: row for row in locked}
    for upload in uploads:
        epoch = epoch_rows.get(upload.device)
        if epoch is None or upload.device not in rows or epoch["public_key"] != upload.public_key:
            raise DeviceGoneError
    chains = [_chain_of(upload, epoch_rows[upload.device]) for upload in uploads]
    await _read_records(connection, uploads, chains)
    customers = CustomerFacts()
    all_facts = [
        _facts_of(upload, chain, epoch_rows[upload.device], rows[upload.device], customers)
        for upload, chain in zip(uploads, chains, strict=True)
    ]
    for place, payment, shift, state in msgspec.json.decode(found[0]["voids"]):
        all_facts[place - 1].voids[uuid_bytes(payment), uuid_bytes(shift)] = KnownVoid(state=state)
    for upload, facts in zip(uploads, all_facts, strict=True):
        if rows[upload.device]["waiting"]:
            await _read_waiting_voids(connection, upload, facts)
    return all_facts


async def _read_waiting_voids(connection: Connection, upload: Upload, facts: BatchFacts) -> None:
    """Note the voids that came before the payments of this batch, from behind a gap most often."""
    payments = (arrival.payment for arrival in upload.arrivals if arrival.payment is not None)
    asked = uuid_of(upload.device), upload.epoch, ids(payments)
    for row in await connection.fetch(QUERIES["waiting_voids"], *asked):
        facts.voids[row["payment"].bytes, row["shift"].bytes] = KnownVoid(state=row["state"])


def _chain_of(upload: Upload, epoch: Any) -> Chain:
    return Chain(
        genesis=journal.genesis_of(upload.device, upload.epoch, epoch["public_key"]),
        ranges=tuple((first, last) for first, last in msgspec.json.decode(epoch["ranges"])),
        head=epoch["head"],
        stored={},
    )


def _facts_of(upload: Upload, chain: Chain, epoch: Any, row: Any, customers: CustomerFacts) -> BatchFacts:
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
        postings=Postings(
            at=upload.sending.received, actor=f"device {upload.device.hex()}", wallets=customers.accounts
        ),
        customers=customers,
    )


async def _read_records(connection: Connection, uploads: Sequence[Upload], chains: Sequence[Chain]) -> None:
    """Note in the chains what is stored at and beside the seqs of their batches."""
    near: list[tuple[int, int]] = []
    for place, (upload, chain) in enumerate(zip(uploads, chains, strict=True), 1):
        positions = [arrival.position or arrival.claimed for arrival in upload.arrivals]
        seqs = [position.seq for position in positions if position is not None]
        near += [(place, seq) for seq in seqs_to_read(chain.ranges, seqs)]
    if not near:
        return
    devices = uuids(upload.device for upload in uploads)
    epochs = [upload.epoch for upload in uploads]
    places, seqs_near = numbers(place for place, _ in near), numbers(seq for _, seq in near)
    for row in await connection.fetch(QUERIES["read_records"], devices, epochs, places, seqs_near):
        chain = chains[row["place"] - 1]
        if row["taken"]:
            chain.forks[row["seq"], row["link"]] = _result(row)
        else:
            chain.stored[row["seq"]] = StoredRecord(row["link"], row["prev"], row["at"], _result(row))


def _voided(upload: Upload) -> set[bytes]:
    """The payments that the batch's voids name: there may be another void of each."""
    return {arrival.record.payment for arrival in upload.arrivals if isinstance(arrival.record, Void)}


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


async def _lock_wallets(connection: Connection, customers: CustomerFacts, wallets: Iterable[str]) -> list[Any]:
    """Lock wallets; the rows of those that are there. The others are noted at once."""
    numbers = set(wallets)
    rows = await store.lock_wallet_rows(connection, numbers)
    missing = sorted(numbers - {row["wallet"] for row in rows})
    if missing:
        customers.accounts |= await store.unknown_wallets(connection, missing)
    return rows


def _note_wallets(customers: CustomerFacts, rows: Sequence[Any]) -> None:
    for row in rows:
        locked = store.locked_wallet(row)
        accounts = locked.accounts
        customers.accounts[accounts.wallet] = accounts
        customers.wallets[accounts.wallet] = WalletFacts(
            currency=accounts.currency, home=locked.home, blocked_version=locked.blocked_version
        )


async def read_known_payments(
    connection: Connection, keys: Sequence[tuple[str, bytes]]
) -> dict[tuple[str, bytes], KnownPayment]:
    """Stored payments (wallet, payment) as voids, reviews and refunds have to know them, under their wallets' locks."""
    rows = await connection.fetch(
        QUERIES["read_payments"], [wallet for wallet, _ in keys], uuids(payment for _, payment in keys)
    )
    known: dict[tuple[str, bytes], KnownPayment] = {}
    for row in rows:
        payment, amount, house = row["payment"].bytes, row["amount"], 0
        state = PaymentState(row["state"])
        online = row["channel"] == "online"
        if state is PaymentState.SUCCESSFUL and not (row["claimed"] or online):
            # Approved without a hold: it was paid out of whatever was there.
            amount, house = await store.credited_for_payment(connection, row["wallet"], payment)
        known[row["wallet"], payment] = KnownPayment(
            wallet=row["wallet"],
            shift=row["shift"].bytes if row["shift"] is not None else b"",
            vendor=row["vendor"].bytes,
            amount=row["amount"],
            claimed=row["claimed"],
            taken_at=row["taken_at"],
            state=state,
            reasons=tuple(row["reasons"]),
            from_customer=amount - row["to_customer"],
            from_house=house - row["to_house"],
            online=online,
            refunds=row["refunds"],
            refunded=row["to_customer"] + row["to_house"],
        )
    return known

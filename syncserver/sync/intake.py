"""A batch's way from bytes to a signed receipt: authenticate, lock, read, judge, write, commit, answer."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import asyncpg
import structlog

from shared.errors import LifeCycleError, TallystickError
from shared.lifecycles import Status
from shared.messages.batch import MAX_RECORDS, Batch
from shared.messages.receipt import Receipt, RecordResult, sign_receipt
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.judge.authenticity import BAD_RECORD, Arrival, EpochKey, examine, kids_of
from syncserver.judge.batch import judge_batch
from syncserver.judge.chain import Ranges, missing_of, through_of
from syncserver.judge.moment import Sending
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.services import Services
from syncserver.sync.reading import QUERIES, Upload, read_facts
from syncserver.sync.writing import CodeClaimedMeanwhileError, write_judgement

ATTEMPTS = 8
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
_DATA = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    InsufficientFundsError,
    LifeCycleError,
    CodeClaimedMeanwhileError,
)
_T = TypeVar("_T")

log = structlog.get_logger()


class TooManyRecordsError(TallystickError):
    """A batch has at most 1,000 records."""

    code = "TOO_MANY_RECORDS"


class SeveralEpochsError(TallystickError):
    """The records of a batch are of one epoch."""

    code = "SEVERAL_EPOCHS"


class DeviceGoneError(TallystickError):
    """This device is not enrolled here."""

    code = "DEVICE_GONE"


@dataclass(frozen=True, slots=True)
class Settled:
    """What one transaction did: answers in the records' order, and where the journal stands."""

    results: tuple[RecordResult, ...]
    ranges: Ranges
    head: bytes


async def ingest(services: Services, device: bytes, batch: Batch) -> bytes:
    """Judge and settle an uploaded batch; the receipt's COSE bytes. Committed when it returns.

    Raises:
        TooManyRecordsError, SeveralEpochsError: nothing was done.
        DeviceGoneError: the device is not enrolled here.
        asyncpg.PostgresError, OSError: the database is away; the same batch can be sent again.
    """
    if len(batch.records) > MAX_RECORDS:
        raise TooManyRecordsError
    sending = Sending(received=services.clock(), tick=batch.tick, boot=batch.boot)
    async with services.settling, services.pool.acquire() as connection:
        epoch, arrivals = await _authenticate(connection, device, batch)
        upload = Upload(device=device, epoch=epoch, batch=batch.batch, arrivals=arrivals, sending=sending)
        return await _settle_and_sign(services, connection, upload)


async def _authenticate(connection: Connection, device: bytes, batch: Batch) -> tuple[int, list[Arrival]]:
    rows = await connection.fetch(QUERIES["epoch_keys"], uuid_of(device))
    if not rows:
        raise DeviceGoneError
    keys = {row["kid"]: EpochKey(row["epoch"], row["public_key"]) for row in rows}
    kids = {kid for kid in await asyncio.to_thread(kids_of, batch.records) if kid is not None}
    epochs = {keys[kid].epoch for kid in kids if kid in keys}
    if len(epochs) > 1:
        raise SeveralEpochsError
    strange = sorted(kids - keys.keys())
    foreign: set[bytes] = set()
    if strange:
        found = await connection.fetch(QUERIES["foreign_kids"], strange, uuid_of(device))
        foreign = {row["kid"] for row in found}
    # libsodium and hashlib release the GIL: other requests go on meanwhile.
    arrivals = await asyncio.to_thread(examine, batch.records, device, keys, foreign)
    epoch = epochs.pop() if epochs else max(row["epoch"] for row in rows)
    return epoch, arrivals


async def _settle_and_sign(services: Services, connection: Connection, upload: Upload) -> bytes:
    async def whole() -> bytes:
        return await _sign(services, connection, upload, await _settle(services, connection, upload))

    try:
        return await _in_transaction(connection, whole)
    except _DATA as error:
        log.error("batch_split", device=upload.device.hex(), records=len(upload.arrivals), error=repr(error))  # noqa: TRY400 - in a word; the record that it was is told in full
    settled = await _settle_halves(services, connection, upload)
    async with connection.transaction():
        return await _sign(services, connection, upload, settled)


async def _in_transaction(connection: Connection, work: Callable[[], Awaitable[_T]]) -> _T:
    """Do some work in a transaction, and again where other transactions came in between.

    Raises:
        asyncpg.SerializationError, asyncpg.DeadlockDetectedError: they came each time; nothing was done.
    """
    for attempt in itertools.count(1):
        try:
            async with connection.transaction():
                return await work()
        except _AGAIN as error:
            log.info("batch_again", attempt=attempt, error=type(error).__name__)
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("it counts for ever")


async def _settle(services: Services, connection: Connection, upload: Upload) -> Settled:
    facts = await read_facts(connection, upload, services.kek)
    # In a thread: who makes every payment a neighbour of every other one must not keep all the others waiting.
    judgement = await asyncio.to_thread(judge_batch, upload.arrivals, facts)
    head = await write_judgement(connection, upload, facts, judgement)
    return Settled(tuple(judgement.results), judgement.ranges, head)


async def _settle_halves(services: Services, connection: Connection, upload: Upload) -> Settled:
    """Settle a batch in parts, until the record that can't be written stands alone and is rejected."""
    settled: Settled | None = None
    results: list[RecordResult] = []
    for part in _parts(upload.arrivals):
        piece = replace(upload, arrivals=part)
        try:
            settled = await _in_transaction(connection, partial(_settle, services, connection, piece))
        except _DATA:
            if len(part) > 1:
                settled = await _settle_halves(services, connection, piece)
            else:
                log.exception("record_unwritable", device=upload.device.hex(), link=part[0].link.hex())
                settled = await _refuse(services, connection, piece)
        results.extend(settled.results)
    if settled is None:
        raise AssertionError("a batch without records has nothing to split")
    return replace(settled, results=tuple(results))


def _parts(arrivals: Sequence[Arrival]) -> list[Sequence[Arrival]]:
    middle = max(1, len(arrivals) // 2)
    return [part for part in (arrivals[:middle], arrivals[middle:]) if part]


async def _refuse(services: Services, connection: Connection, upload: Upload) -> Settled:
    """Keep a record that nothing else could be done with as rejected, for an admin to look at.

    Its seq stays free, so that it is judged when it is sent again after the cause was mended.
    """
    stray = replace(upload.arrivals[0], position=None, record=None, refusal=BAD_RECORD)
    piece = replace(upload, arrivals=[stray])
    settled = await _in_transaction(connection, partial(_settle, services, connection, piece))
    return replace(settled, results=(RecordResult(None, None, Status.REJECTED, (BAD_RECORD,)),))


async def _sign(services: Services, connection: Connection, upload: Upload, settled: Settled) -> bytes:
    receipt = Receipt(
        device=upload.device,
        epoch=upload.epoch,
        batch=upload.batch,
        through=through_of(settled.ranges),
        head=settled.head,
        missing=missing_of(settled.ranges),
        server_time=upload.sending.received,
        results=settled.results,
    )
    signed = sign_receipt(receipt, services.keys.active)
    device = uuid_of(upload.device)
    await connection.execute(QUERIES["touch_device"], device, upload.sending.received)
    await connection.execute(
        QUERIES["write_batch"],
        device,
        uuid_of(upload.batch),
        upload.epoch,
        len(upload.arrivals),
        signed,
        upload.sending.received,
    )
    return signed

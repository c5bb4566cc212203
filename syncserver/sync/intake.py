"""A batch's way from bytes to a signed receipt: authenticate, lock, read, judge, write, commit, answer."""

import itertools
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import asyncpg
import structlog
from msgspec.structs import replace as changed

from shared.errors import LifeCycleError, TallystickError
from shared.keys import SigningKey
from shared.lifecycles import Status
from shared.messages.batch import MAX_RECORDS, Batch
from shared.messages.receipt import Receipt, RecordResult, sign_receipt
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.gathering import Load
from syncserver.judge.authenticity import BAD_RECORD, Arrival, EpochKey, Upload, examine, parse_and_examine
from syncserver.judge.chain import Ranges, missing_of, through_of
from syncserver.judge.moment import Sending
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.services import DeviceKeys, Services
from syncserver.sync.pieces import judge_and_write, pieces_of, wallets_of
from syncserver.sync.reading import QUERIES, DeviceGoneError, read_facts
from syncserver.sync.statements import Case
from syncserver.sync.threads import beside_the_loop, give_way
from syncserver.sync.writing import CodeClaimedMeanwhileError, Ending, write_rest

ATTEMPTS = 8
# How long a batch waits for a connection that settles; then its terminal is asked to come back.
CONNECTION_SECONDS = 10.0
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
_DATA = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    InsufficientFundsError,
    LifeCycleError,
    CodeClaimedMeanwhileError,
)

log = structlog.get_logger()


class TooManyRecordsError(TallystickError):
    """A batch has at most 1,000 records."""

    code = "TOO_MANY_RECORDS"


class SeveralEpochsError(TallystickError):
    """The records of a batch are of one epoch."""

    code = "SEVERAL_EPOCHS"


@dataclass(frozen=True, slots=True)
class Settled:
    """What one transaction did: answers in the records' order, where the journal stands, the receipt if it is whole."""

    results: tuple[RecordResult, ...]
    ranges: Ranges
    head: bytes
    receipt: bytes | None


async def ingest(services: Services, device: bytes, batch: Batch) -> bytes:
    """Judge and settle an uploaded batch; the receipt's COSE bytes. Committed when it returns.

    Raises:
        TooManyRecordsError, SeveralEpochsError: nothing was done.
        DeviceGoneError: the device is not enrolled here.
        asyncpg.PostgresError, OSError: the database is away; the same batch can be sent again.
    """
    return await (await enter(services, device, batch))


async def enter(services: Services, device: bytes, batch: Batch, *, seconds: float | None = None) -> Awaitable[bytes]:
    """Authenticate an uploaded batch, and let it wait to be settled; awaiting what this returns gives its receipt.

    Raises:
        TooManyRecordsError, SeveralEpochsError, DeviceGoneError: as for `ingest`.
        BusyError: also from what is awaited: its turn did not come within so many seconds, and nothing was done.
    """
    if len(batch.records) > MAX_RECORDS:
        raise TooManyRecordsError
    sending = Sending(received=services.clock(), tick=batch.tick, boot=batch.boot)
    upload = await authenticate(services, device, batch, sending)
    at_once = services.settling_pool.get_max_size()
    load = Load(device, len(batch.records), sum(map(len, batch.records)))
    together = partial(_settle_together, services)
    return await services.gathering.enter(upload, load, together, at_once=at_once, seconds=seconds)


async def authenticate(services: Services, device: bytes, batch: Batch, sending: Sending) -> Upload:
    """Find out which records are authentic, and of which epoch. No connection is held meanwhile.

    Raises:
        SeveralEpochsError: they are of more than one.
        DeviceGoneError: the device is not enrolled here.
    """
    size = sum(map(len, batch.records))
    reading = partial(beside_the_loop, len(batch.records), size=size, urgent=False)
    remembered = services.device_keys.get(device)
    keys = remembered or await _read_keys(services, device)
    known = await reading(partial(parse_and_examine, batch.records, device, keys, give_way))
    if known.arrivals is None and remembered is not None:
        keys = await _read_keys(services, device)
    epochs = {keys[kid].epoch for kid in known.kids if kid in keys}
    if len(epochs) > 1:
        raise SeveralEpochsError
    arrivals = known.arrivals
    if arrivals is None:
        strange = sorted(known.kids - keys.keys())
        found = await services.pool.fetch(QUERIES["foreign_kids"], strange, uuid_of(device)) if strange else []
        foreign = {row["kid"] for row in found}
        arrivals = await reading(partial(examine, known.parsed, device, keys, foreign, give_way))
    epoch = epochs.pop() if epochs else max(key.epoch for key in keys.values())
    public_key = next(key.public_key for key in keys.values() if key.epoch == epoch)
    return Upload(device, epoch, public_key, batch.batch, arrivals, sending)


async def _read_keys(services: Services, device: bytes) -> DeviceKeys:
    rows = await services.pool.fetch(QUERIES["epoch_keys"], uuid_of(device))
    if not rows:
        raise DeviceGoneError
    keys = {row["kid"]: EpochKey(row["epoch"], row["public_key"]) for row in rows}
    services.device_keys.put(device, keys)
    return keys


async def _settle_together(services: Services, uploads: Sequence[Upload]) -> list[bytes | Exception]:
    """Settle uploads of as many devices; the receipt of each, or why it has none."""
    async with services.settling_pool.acquire(timeout=CONNECTION_SECONDS) as connection:
        if len(uploads) > 1:
            try:
                settled = await _in_transaction(services, connection, uploads, whole=True)
                return [_receipt_of(one) for one in settled]
            except (*_DATA, TallystickError) as error:
                # One of them is to blame, and the others have nothing to do with it.
                log.warning("batches_apart", batches=len(uploads), error=repr(error))
        answers: list[bytes | Exception] = []
        for upload in uploads:
            try:
                answers.append(await _settle_and_sign(services, connection, upload))
            except DeviceGoneError as error:
                services.device_keys.forget(upload.device)
                answers.append(error)
            except Exception as error:  # noqa: BLE001 - the others have theirs, committed
                answers.append(error)
        return answers


def _receipt_of(settled: Settled) -> bytes:
    if settled.receipt is None:
        raise AssertionError("a whole batch has its receipt")
    return settled.receipt


async def _settle_and_sign(services: Services, connection: Connection, upload: Upload) -> bytes:
    try:
        (settled,) = await _in_transaction(services, connection, [upload], whole=True)
        return _receipt_of(settled)
    except _DATA as error:
        log.error("batch_split", device=upload.device.hex(), records=len(upload.arrivals), error=repr(error))  # noqa: TRY400 - in a word; the record that it was is told in full
    settled = await _settle_halves(services, connection, upload)
    receipt = sign(upload, settled.ranges, settled.head, settled.results, services.keys.active)
    await connection.execute(
        QUERIES["write_receipt"],
        uuid_of(upload.device),
        uuid_of(upload.batch),
        upload.epoch,
        len(upload.arrivals),
        receipt,
        upload.sending.received,
    )
    return receipt


async def _in_transaction(
    services: Services,
    connection: Connection,
    uploads: Sequence[Upload],
    *,
    whole: bool = False,
    doubtful: bool = False,
) -> list[Settled]:
    """Settle uploads in a transaction, and again where other transactions came in between.

    Ids of payments are taken for new, as they are, until writing one says that it was used before.

    Raises:
        asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError: they came each time;
            nothing was done.
    """
    for attempt in itertools.count(1):
        try:
            async with connection.transaction():
                return await _settle(services, connection, uploads, whole=whole, doubtful=doubtful)
        except _AGAIN as error:
            log.info("batch_again", attempt=attempt, error=type(error).__name__)
            if attempt == ATTEMPTS:
                raise
            doubtful = doubtful or isinstance(error, asyncpg.UniqueViolationError)
    raise AssertionError("it counts for ever")


async def _settle(
    services: Services, connection: Connection, uploads: Sequence[Upload], *, whole: bool, doubtful: bool
) -> list[Settled]:
    """Read, judge and write, in the caller's transaction; the receipts too, where these are whole batches."""
    pieces = pieces_of(uploads)
    first = wallets_of(pieces[0]) if len(pieces) > 1 else None
    reading = await read_facts(connection, uploads, services.kek, first, doubtful=doubtful)
    cases = [Case(upload, facts) for upload, facts in zip(uploads, reading.facts, strict=True)]
    key = services.keys.active

    def conclude() -> list[Ending | None]:
        """How the cases end, as far as what was read is enough to know it."""
        return [_ending(case, case.facts.chain.link_at(through_of(_ranges(case))), key, whole=whole) for case in cases]

    endings: list[Ending] = []
    found_endings = await judge_and_write(connection, cases, pieces, reading.ahead, conclude)
    for case, ending in zip(cases, found_endings, strict=True):
        found = ending
        if found is None:  # a gap was filled, and what is behind it came with an earlier batch
            device, epoch, through = uuid_of(case.upload.device), case.upload.epoch, through_of(_ranges(case))
            head = await connection.fetchval(QUERIES["link_at"], device, epoch, through)
            found = _ending(case, head, key, whole=whole)
        if found is None:
            raise AssertionError("the record at the end of a range is stored")
        endings.append(found)
    await write_rest(connection, list(zip(cases, endings, strict=True)))
    return [
        Settled(tuple(case.judgement.results), ending.ranges, ending.head, ending.receipt)
        for case, ending in zip(cases, endings, strict=True)
    ]


def _ranges(case: Case) -> Ranges:
    return case.judgement.ranges(case.facts.chain.ranges)


def _ending(case: Case, head: bytes | None, key: SigningKey, *, whole: bool) -> Ending | None:
    if head is None:
        return None
    ranges = _ranges(case)
    receipt = sign(case.upload, ranges, head, case.judgement.results, key) if whole else None
    return Ending(ranges, head, receipt)


def sign(upload: Upload, ranges: Ranges, head: bytes, results: Sequence[RecordResult], key: SigningKey) -> bytes:
    """The receipt for a batch that leaves its journal at these ranges of seq, with this link at their head."""
    receipt = Receipt(
        device=upload.device,
        epoch=upload.epoch,
        batch=upload.batch,
        through=through_of(ranges),
        head=head,
        missing=missing_of(ranges),
        server_time=upload.sending.received,
        results=tuple(results),
    )
    return sign_receipt(receipt, key)


async def _settle_halves(services: Services, connection: Connection, upload: Upload) -> Settled:
    """Settle a batch in parts, until the record that can't be written stands alone and is rejected."""
    settled: Settled | None = None
    results: list[RecordResult] = []
    for part in _parts(upload.arrivals):
        piece = replace(upload, arrivals=part)
        try:
            (settled,) = await _in_transaction(services, connection, [piece], doubtful=True)
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
    stray = changed(upload.arrivals[0], position=None, record=None, refusal=BAD_RECORD)
    piece = replace(upload, arrivals=[stray])
    (settled,) = await _in_transaction(services, connection, [piece], doubtful=True)
    return replace(settled, results=(RecordResult(None, None, Status.REJECTED, (BAD_RECORD,)),))

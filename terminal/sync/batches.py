"""What to send next: runs of records of one epoch, each under an id that is durable before it is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import zstandard

from shared.ids import UUID7_RANDOM_BYTES, uuid7
from shared.messages.batch import Batch, encode_batch
from terminal.clock import Clock, Moment, Random
from terminal.store.database import Row, Store
from terminal.sync.queries import SQL

MAX_RECORDS = 500
MAX_BYTES = 3 * 512 * 1024
_COMPRESS_ABOVE = 1_024
_CBOR_HEAD = 5  # at most, for a byte string of this length

Place = tuple[int, int]  # epoch and seq


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch that has no receipt yet: all records of its range, always the same ones."""

    id: bytes
    epoch: int
    first_seq: int
    last_seq: int

    @property
    def count(self) -> int:
        """How many records it holds: the journal has no gaps."""
        return self.last_seq - self.first_seq + 1


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch's records, in order."""

    batch: StoredBatch
    seqs: tuple[int, ...]
    links: tuple[bytes, ...]
    records: tuple[bytes, ...]


class Batches:
    """The batches of one terminal's journal."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    def pending(self) -> list[StoredBatch]:
        """Those without a receipt, perhaps sent before: an answer can be lost."""
        return [StoredBatch(**row) for row in self._store.rows(SQL["pending_batches"])]

    def next_unanswered(self, after: Place, skip: Iterable[Place]) -> StoredBatch | None:
        """A new batch of the first unanswered records behind a place, less those to skip; None where none is left."""
        skipped = set(skip)
        with self._store.transaction():
            epoch, seq = after
            found = self._store.rows(
                SQL["unanswered_after"], {"epoch": epoch, "seq": seq, "most": MAX_RECORDS + len(skipped)}
            )
            run = _first_run([row for row in found if (row["epoch"], row["seq"]) not in skipped])
            return self._add(run[0]["epoch"], run[0]["seq"], run[-1]["seq"]) if run else None

    def next_missing(self, epoch: int, first: int, last: int) -> StoredBatch | None:
        """A new batch of records in a range that were answered once, and that the server says it lacks."""
        with self._store.transaction():
            bounds = {"epoch": epoch, "first": first, "last": last, "most": MAX_RECORDS}
            run = _first_run(self._store.rows(SQL["answered_between"], bounds))
            return self._add(epoch, run[0]["seq"], run[-1]["seq"]) if run else None

    def split(self, batch: StoredBatch) -> list[StoredBatch]:
        """Two halves under ids of their own instead of a batch of which the server took nothing."""
        middle = batch.first_seq + batch.count // 2
        with self._store.transaction():
            self._store.execute(SQL["drop_batch"], {"id": batch.id})
            return [
                self._add(batch.epoch, batch.first_seq, middle - 1),
                self._add(batch.epoch, middle, batch.last_seq),
            ]

    def contents(self, batch: StoredBatch) -> Sent:
        """The records that a batch holds."""
        bounds = {"epoch": batch.epoch, "first_seq": batch.first_seq, "last_seq": batch.last_seq}
        rows = self._store.rows(SQL["records_between"], bounds)
        return Sent(
            batch,
            tuple(row["seq"] for row in rows),
            tuple(row["link"] for row in rows),
            tuple(row["raw"] for row in rows),
        )

    def body(self, sent: Sent) -> tuple[bytes, dict[str, str]]:
        """The upload's bytes and headers, with both clocks as they stand now."""
        moment = Moment.of(self._clock)
        body = encode_batch(
            Batch(batch=sent.batch.id, records=sent.records, sent_at=moment.at, tick=moment.tick, boot=moment.boot)
        )
        headers = {"Content-Type": "application/cbor", "Accept": "application/cbor"}
        if len(body) <= _COMPRESS_ABOVE:
            return body, headers
        return zstandard.ZstdCompressor().compress(body), {**headers, "Content-Encoding": "zstd"}

    def _add(self, epoch: int, first_seq: int, last_seq: int) -> StoredBatch:
        now = self._clock.now()
        batch = StoredBatch(uuid7(now, self._random(UUID7_RANDOM_BYTES)), epoch, first_seq, last_seq)
        self._store.execute(
            SQL["add_batch"],
            {"id": batch.id, "epoch": epoch, "first_seq": first_seq, "last_seq": last_seq, "made_at": now},
        )
        return batch


def _first_run(rows: Sequence[Row]) -> list[Row]:
    """The rows up to the first gap, the next epoch, or what one batch may hold."""
    run: list[Row] = []
    size = 0
    for row in rows:
        size += row["size"] + _CBOR_HEAD
        goes_on = not run or (row["epoch"], row["seq"]) == (run[-1]["epoch"], run[-1]["seq"] + 1)
        if run and (not goes_on or size > MAX_BYTES or len(run) >= MAX_RECORDS):
            break
        run.append(row)
    return run

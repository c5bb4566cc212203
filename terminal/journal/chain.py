"""Appending to the journal: each record names its place and the link of the one before, and is signed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from shared import cose
from shared.journal import Record, decode_record, genesis_of, link_of, sign_record, type_name
from shared.keys import SigningKey
from terminal.clock import Moment
from terminal.journal.device import Device
from terminal.journal.queries import SQL
from terminal.store.database import Store

KeyOf = Callable[[int], SigningKey]
_Record = TypeVar("_Record", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it is stored and travels."""

    epoch: int
    seq: int
    type: str
    raw: bytes
    link: bytes
    at: int

    def decoded(self) -> Record:
        """What it says. It was signed and checked when it was written: here it is only read."""
        return decode_record(cose.parse(self.raw).payload)


class Journal:
    """The chain of this terminal's records. Appending belongs into the caller's transaction, with all it goes with."""

    def __init__(self, store: Store, key_of: KeyOf) -> None:
        self._store = store
        self._key_of = key_of

    def append(
        self, device: Device, make: Callable[[dict[str, Any]], _Record], *, moment: Moment, shift: bytes, cashier: str
    ) -> tuple[_Record, StoredRecord]:
        """Sign a record and add it to the end of the current epoch's chain; returns it, and as it is stored.

        Args:
            device: as read in this transaction.
            make: makes the record from the fields that every record has.
            moment: what the record says of its time.
            shift: the shift that it belongs to.
            cashier: who did it.
        """
        if not self._store.in_transaction:
            raise RuntimeError("a record is appended in the transaction of what it records")
        last = self._store.row(SQL["last_record"], {"epoch": device.epoch})
        record = make(
            {
                "device": device.device,
                "epoch": device.epoch,
                "seq": last["seq"] + 1 if last else 1,
                "prev": last["link"] if last else genesis_of(device.device, device.epoch, device.public_key),
                "at": moment.at,
                "tick": moment.tick,
                "boot": moment.boot,
                "shift": shift,
                "cashier": cashier,
            }
        )
        raw = sign_record(record, self._key_of(device.epoch))
        stored = StoredRecord(
            epoch=device.epoch, seq=record.seq, type=type_name(record), raw=raw, link=link_of(raw), at=moment.at
        )
        self._store.execute(
            SQL["add_record"],
            {
                "epoch": stored.epoch,
                "seq": stored.seq,
                "type": stored.type,
                "raw": raw,
                "link": stored.link,
                "at": moment.at,
                "tick": moment.tick,
                "boot": moment.boot,
            },
        )
        return record, stored

    def last_at(self, device: Device) -> int | None:
        """The `at` of the last record of the current epoch, which the next one must not step back behind."""
        last = self._store.row(SQL["last_record"], {"epoch": device.epoch})
        return None if last is None else int(last["at"])

    def highest_at(self) -> int | None:
        """The latest `at` of all records of all epochs."""
        highest: int | None = self._store.value(SQL["highest_at"])
        return highest

    def records(self, epoch: int) -> list[StoredRecord]:
        """A whole chain, in order."""
        return [StoredRecord(**row) for row in self._store.rows(SQL["records_of_epoch"], {"epoch": epoch})]

    def record_at(self, epoch: int, seq: int) -> StoredRecord:
        """The record at a place that is known to have one.

        Raises:
            IndexError: where it has none.
        """
        return StoredRecord(**self._store.rows(SQL["record_at"], {"epoch": epoch, "seq": seq})[0])

    def voids_behind(self, epoch: int, seq: int) -> list[StoredRecord]:
        """The voids behind a place of an epoch's chain, in order."""
        return [StoredRecord(**row) for row in self._store.rows(SQL["voids_behind"], {"epoch": epoch, "seq": seq})]

    def of_moment(self, at: int, kind: str) -> list[StoredRecord]:
        """The records of a type that say a time, of all epochs."""
        return [StoredRecord(**row) for row in self._store.rows(SQL["records_of_moment"], {"at": at, "type": kind})]

    def last(self, epoch: int) -> StoredRecord | None:
        """The end of an epoch's chain."""
        row = self._store.row(SQL["end_of_epoch"], {"epoch": epoch})
        return None if row is None else StoredRecord(**row)

    def waiting(self) -> tuple[int, int | None]:
        """How many records wait for their receipt, and the `at` of the oldest."""
        row = self._store.rows(SQL["count_unanswered"])[0]
        return row["count"], row["oldest"]

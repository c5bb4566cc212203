"""The server's half: a receipt is checked against what was sent, then all of it is stored at once."""

import json
from dataclasses import dataclass

from shared.errors import DecodingError, LifeCycleError, SignatureError
from shared.journal import genesis_of
from shared.lifecycles import TILL_STATE_OF_STATUS, Status, TillState
from shared.messages.receipt import Receipt, RecordResult, open_receipt
from terminal.book.apply import believed_keys
from terminal.book.server_time import note_server_time, server_time
from terminal.clock import Clock
from terminal.errors import UntrustedAnswerError
from terminal.journal.payments import state_after
from terminal.store.database import Row, Store
from terminal.sync.batches import Sent
from terminal.sync.errors import AnswerError, JournalMismatchError, ReceiptError
from terminal.sync.queries import SQL


@dataclass(frozen=True, slots=True)
class Covered:
    """A stored receipt, and the payments whose state could not follow it (their ids)."""

    receipt: Receipt
    skipped: tuple[bytes, ...]


class Receipts:
    """Verified answers to this terminal's batches."""

    def __init__(self, store: Store, device: bytes, clock: Clock) -> None:
        self._store = store
        self._device = device
        self._clock = clock

    def store_answer(self, sent: Sent, raw: bytes, *, heard: int | None) -> Covered:
        """Verify a receipt and store it with all that follows from it, in one transaction.

        Args:
            sent: the batch that it has to answer.
            raw: the COSE bytes that arrived.
            heard: the server's time by the answer's `Date` (ms).

        Raises:
            UntrustedAnswerError: where it is no believed key's, or not for this batch: nothing is stored.
        """
        with self._store.transaction():
            receipt = self._open(raw, server_time(self._store, self._clock, heard))
            batch = sent.batch
            bounds = {"epoch": batch.epoch, "first_seq": batch.first_seq, "last_seq": batch.last_seq}
            payments = {row["seq"]: row for row in self._store.rows(SQL["payments_between"], bounds)}
            before = {row["seq"]: row["status"] for row in self._store.rows(SQL["answers_between"], bounds)}
            self._check(receipt, sent, payments)
            now = self._clock.now()
            self._store.execute(SQL["set_receipt"], {"id": batch.id, "receipt": raw, "answered_at": now})
            results = list(zip(sent.seqs, receipt.results, strict=True))
            self._store.execute_each(SQL["set_answer"], [_answer(receipt, seq, result, now) for seq, result in results])
            followed = [_follow(payments[seq], before.get(seq), result) for seq, result in results if seq in payments]
            self._store.execute_each(SQL["follow"], [change for change, _ in followed])
            note_server_time(self._store, receipt.server_time, self._clock, fresh=True)
            return Covered(receipt, tuple(change["id"] for change, could in followed if not could))

    def check_halves(self, receipt: Receipt) -> None:
        """Make sure that the server's chain ends in a record of ours.

        Raises:
            JournalMismatchError: where it does not: somebody else writes as this terminal, or its store is an old copy.
        """
        ours = self._link(receipt.epoch, receipt.through)
        if ours is None:
            raise JournalMismatchError(
                "The server has record {seq} of epoch {epoch}, which this terminal never wrote. Stop using this"
                " terminal, and tell an admin.",
                seq=receipt.through,
                epoch=receipt.epoch,
            )
        if ours != receipt.head:
            raise JournalMismatchError(
                "The server's record {seq} of epoch {epoch} is not this terminal's. Stop using this terminal, and"
                " tell an admin.",
                seq=receipt.through,
                epoch=receipt.epoch,
            )

    def check_last(self) -> None:
        """As `check_halves`, of the receipt that came last: a mismatch is told until somebody ends it."""
        raw = self._store.value(SQL["last_receipt"])
        if raw is not None:
            keys = {row["kid"]: row["key"] for row in self._store.rows(SQL["all_keys"])}
            self.check_halves(open_receipt(raw, keys))

    def _open(self, raw: bytes, now: int) -> Receipt:
        try:
            return open_receipt(raw, believed_keys(self._store, now))
        except SignatureError as error:
            raise UntrustedAnswerError from error
        except DecodingError as error:
            raise AnswerError from error

    def _check(self, receipt: Receipt, sent: Sent, payments: dict[int, Row]) -> None:
        batch = sent.batch
        if (receipt.device, receipt.epoch, receipt.batch) != (self._device, batch.epoch, batch.id):
            raise ReceiptError
        if len(receipt.results) != len(sent.records):
            raise ReceiptError("This receipt has not one result for each record that was sent.")
        for seq, result in zip(sent.seqs, receipt.results, strict=True):
            payment = payments.get(seq)
            if result.seq not in (seq, None) or result.id not in (None if payment is None else payment["id"], None):
                raise ReceiptError("This receipt answers record {seq} with another one's result.", seq=seq)
            if result.seq is None and result.status is not Status.REJECTED:
                raise ReceiptError("This receipt gives record {seq} no place, and does not reject it.", seq=seq)

    def _link(self, epoch: int, seq: int) -> bytes | None:
        if seq:
            link: bytes | None = self._store.value(SQL["link_of"], {"epoch": epoch, "seq": seq})
            return link
        key = self._store.value(SQL["epoch_key"], {"epoch": epoch})
        return None if key is None else genesis_of(self._device, epoch, key)


def _answer(receipt: Receipt, seq: int, result: RecordResult, now: int) -> Row:
    return {
        "epoch": receipt.epoch,
        "seq": seq,
        "status": result.status.value,
        "reasons": json.dumps(result.reasons),
        "score": result.score,
        "batch": receipt.batch,
        "answered_at": now,
    }


def _follow(payment: Row, before: str | None, result: RecordResult) -> tuple[Row, bool]:
    """Where a payment goes by its result; False where its life cycle does not allow that, and it stays."""
    stays = {"id": payment["id"], "state": payment["state"], "reasons": payment["reasons"]}
    # A book's update outranks receipts: a payment that has the server's word already keeps it, until the server
    # judges the record anew.
    told = not payment["unsynced"] if before is None else before == result.status.value
    if told or result.status not in TILL_STATE_OF_STATUS:
        return stays, True
    try:
        state = state_after(TillState(payment["state"]), result.status)
    except LifeCycleError:
        return stays, False
    return {**stays, "state": state.value, "reasons": json.dumps(list(result.reasons))}, True

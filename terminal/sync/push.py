"""The upload: everything that no receipt covers, in order, until the server has answered it."""

from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

from shared.messages.receipt import Receipt
from terminal.sync.batches import Batches, Place, StoredBatch
from terminal.sync.client import DeviceClient
from terminal.sync.errors import RecordsRefusedError, RefusedError
from terminal.sync.receipts import Receipts

UPLOAD_PATH = "/api/sync/batches"
# The server took nothing of a batch, for one record or for its size: in parts, all but the culprit get through.
_REFUSED_WHOLE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)
# A server that refuses everything is not asked twice for each record.
_MOST_REFUSALS_IN_A_ROW = 64
_MOST_NAMED = 5


@dataclass(slots=True)
class PushProgress:
    """What an upload did so far, also where it ended in an error.

    `statuses` counts the answers; `skipped` are payments whose state could not follow; `refused` are records (epoch
    and seq) that the server takes in no batch; `missing` are the ranges that each epoch's last receipt names.
    """

    batches: int = 0
    records: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    skipped: list[bytes] = field(default_factory=list)
    refused: list[Place] = field(default_factory=list)
    missing: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)


class Push:
    """One upload."""

    def __init__(self, client: DeviceClient, batches: Batches, receipts: Receipts) -> None:
        self.progress = PushProgress()
        self._client = client
        self._batches = batches
        self._receipts = receipts
        self._refusals = 0

    def run(self) -> None:
        """Send what is unanswered, then once what the server says it lacks.

        Raises:
            ServerUnreachableError, RefusedError, UntrustedAnswerError: it stopped there; the next one goes on.
            JournalMismatchError: where the two halves do not fit.
            RecordsRefusedError: where all but some records got through.
        """
        for batch in self._batches.pending():
            self._deliver(batch)
        after = (0, 0)
        while (found := self._batches.next_unanswered(after, self.progress.refused)) is not None:
            self._deliver(found)
            after = (found.epoch, found.last_seq)
        for epoch, spans in list(self.progress.missing.items()):
            for first, last in spans:
                self._deliver_missing(epoch, first, last)
        self._receipts.check_last()
        if self.progress.refused:
            raise _refusing(self.progress.refused)

    def _deliver_missing(self, epoch: int, first: int, last: int) -> None:
        while first <= last and (batch := self._batches.next_missing(epoch, first, last)) is not None:
            self._deliver(batch)
            first = batch.last_seq + 1

    def _deliver(self, batch: StoredBatch) -> None:
        waiting = [batch]
        while waiting:
            current = waiting.pop()
            try:
                self._send(current)
                self._refusals = 0
            except RefusedError as error:
                if error.status not in _REFUSED_WHOLE:
                    raise
                self._refusals += 1
                if current.count > 1 and self._refusals <= _MOST_REFUSALS_IN_A_ROW:
                    waiting.extend(reversed(self._batches.split(current)))
                else:
                    self.progress.refused += [
                        (current.epoch, seq) for seq in range(current.first_seq, current.last_seq + 1)
                    ]

    def _send(self, batch: StoredBatch) -> None:
        sent = self._batches.contents(batch)
        body, headers = self._batches.body(sent)
        answer = self._client.ask("POST", UPLOAD_PATH, content=body, headers=headers)
        covered = self._receipts.store_answer(sent, answer.content, heard=self._client.exchange.heard_time())
        self._note(covered.receipt, covered.skipped)
        self._receipts.check_halves(covered.receipt)

    def _note(self, receipt: Receipt, skipped: tuple[bytes, ...]) -> None:
        self.progress.batches += 1
        self.progress.records += len(receipt.results)
        self.progress.statuses.update(result.status.value for result in receipt.results)
        self.progress.skipped.extend(skipped)
        self.progress.missing[receipt.epoch] = receipt.missing


def _refusing(refused: list[Place]) -> RecordsRefusedError:
    named = ", ".join(f"{epoch}:{seq}" for epoch, seq in refused[:_MOST_NAMED])
    if len(refused) <= _MOST_NAMED:
        return RecordsRefusedError(
            "The server takes these records (epoch:number) in no batch: {named}. They are kept and tried again; tell an"
            " admin.",
            named=named,
        )
    return RecordsRefusedError(
        "The server takes {count} records (epoch:number) in no batch, among them {named}. They are kept and tried"
        " again; tell an admin.",
        named=named,
        count=len(refused),
    )

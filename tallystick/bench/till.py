"""A till that signs, and payments with codes as every till of a bench or a test makes them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared import codes, journal
from shared.geo import Place
from shared.ids import UUID7_RANDOM_BYTES, uuid7
from shared.journal import Payment, ShiftOpen
from shared.keys import SigningKey
from shared.messages.batch import Batch, encode_batch

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Code:
    """One code that can be paid with once."""

    wallet: str
    series: bytes
    index: int
    proof_key: bytes = field(repr=False)


def paid_with(
    code: Code, common: Mapping[str, Any], payment: bytes, amount: int, place: Place, *, book: int
) -> Payment:
    """A payment with a code, its proof made as a till makes it.

    Args:
        code: whose it is.
        common: what every record has, for the next one of the journal.
        payment: its id.
        amount: in minor units of `CURRENCY`.
        place: of the till.
        book: the version of the book that the till sells by.
    """
    proof = codes.prove(
        code.proof_key,
        payment=payment,
        device=common["device"],
        wallet=code.wallet,
        amount=amount,
        currency=CURRENCY,
        at=common["at"],
    )
    return Payment(
        **common,
        id=payment,
        wallet=code.wallet,
        series=code.series,
        index=code.index,
        proof=proof,
        amount=amount,
        currency=CURRENCY,
        lat=place.lat,
        lon=place.lon,
        book=book,
        flags=(),
    )


@dataclass(slots=True)
class Till:
    """A terminal as the server knows it: it signs payments one after another."""

    device: bytes
    vendor: bytes
    key: SigningKey
    place: Place
    boot: bytes
    started: int
    shift: bytes
    seq: int = 0
    prev: bytes = b""

    def _common(self, at: int) -> dict[str, Any]:
        return {
            "device": self.device,
            "epoch": 1,
            "seq": self.seq + 1,
            "prev": self.prev,
            "at": at,
            "tick": at - self.started,
            "boot": self.boot,
            "shift": self.shift,
            "cashier": "ada",
        }

    def _add(self, record: journal.Record) -> bytes:
        raw = journal.sign_record(record, self.key)
        self.seq, self.prev = record.seq, journal.link_of(raw)
        return raw

    def open_shift(self, at: int) -> bytes:
        """The record that opens its shift."""
        return self._add(ShiftOpen(**self._common(at), opening_float=0))

    def pay(self, code: Code, amount: int, at: int) -> bytes:
        """A signed payment."""
        payment = uuid7(at, os.urandom(UUID7_RANDOM_BYTES))
        return self._add(paid_with(code, self._common(at), payment, amount, self.place, book=1))

    def batch(self, records: Sequence[bytes], now: int) -> bytes:
        """The body of an upload."""
        return encode_batch(
            Batch(
                batch=uuid7(now, os.urandom(UUID7_RANDOM_BYTES)),
                records=tuple(records),
                sent_at=now,
                tick=now - self.started,
                boot=self.boot,
            )
        )

"""The server's signed answer to a batch (docs/protocol.md, section 8)."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from shared import cbor, cose, fields
from shared.errors import DecodingError
from shared.journal import LINK_BYTES
from shared.keys import SigningKey
from shared.lifecycles import Status

MAX_SCORE = 100
# By a look-up: an enumeration's `value` is slow, for a thousand results.
_TEXTS = {status: status.value for status in Status}


class RecordResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one record. `seq` is None for a record without a place in the chain."""

    seq: int | None
    id: bytes | None
    status: Status
    reasons: tuple[str, ...] = ()
    score: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Results in the order of the batch's records; `through` is the highest seq without a gap below, `head` its link.

    `missing` are ranges of seq, both ends included. `server_time` in ms since the epoch.
    """

    device: bytes
    epoch: int
    batch: bytes
    through: int
    head: bytes
    missing: tuple[tuple[int, int], ...]
    server_time: int
    results: tuple[RecordResult, ...]


def sign_receipt(receipt: Receipt, key: SigningKey) -> bytes:
    """A receipt's COSE bytes."""
    payload = {
        "head": receipt.head,
        "batch": receipt.batch,
        "epoch": receipt.epoch,
        "device": receipt.device,
        "missing": [list(span) for span in receipt.missing],
        "results": [
            # In the deterministic order: the shorter key first, so that nothing has to be sorted a thousand times.
            {
                "id": result.id,
                "seq": result.seq,
                "score": result.score,
                "status": _TEXTS[result.status],
                "reasons": result.reasons,
            }
            for result in receipt.results
        ],
        "through": receipt.through,
        "server_time": receipt.server_time,
    }
    return cose.sign(cose.Kind.RECEIPT, cbor.encode_sorted(payload), key)


def open_receipt(raw: bytes, keys: Mapping[bytes, bytes]) -> Receipt:
    """The receipt that COSE bytes hold, verified with a pinned server key (kid → public key).

    Raises:
        SignatureError: where no pinned key signed it.
        DecodingError: where it is malformed.
    """
    return decode_receipt(cose.open_with(raw, cose.Kind.RECEIPT, keys))


def decode_receipt(payload: bytes) -> Receipt:
    """The receipt in a verified payload.

    Raises:
        DecodingError: where it is malformed.
    """
    values = cbor.decode_map(payload)
    return Receipt(
        device=fields.uuid(values, "device"),
        epoch=fields.uint(values, "epoch", least=1),
        batch=fields.uuid(values, "batch"),
        through=fields.uint(values, "through"),
        head=fields.octets(values, "head", LINK_BYTES),
        missing=tuple(_span(span) for span in fields.items(values, "missing")),
        server_time=fields.uint(values, "server_time"),
        results=tuple(_result(result) for result in fields.maps(values, "results")),
    )


def _span(value: object) -> tuple[int, int]:
    if not (isinstance(value, list) and len(value) == len(("from", "to"))):
        raise DecodingError("missing: not a list of ranges")
    first, last = fields.uints({"missing": value}, "missing")
    if not 1 <= first <= last:
        raise DecodingError("missing: not a range")
    return first, last


def decode_status(values: fields.Fields) -> Status:
    """The status of a result or an update.

    Raises:
        DecodingError: where it is none.
    """
    try:
        return Status(fields.text(values, "status"))
    except ValueError:
        raise DecodingError("status: unknown") from None


def _result(values: fields.Fields) -> RecordResult:
    return RecordResult(
        seq=None if values.get("seq") is None else fields.uint(values, "seq", least=1),
        id=fields.optional_uuid(values, "id"),
        status=decode_status(values),
        reasons=fields.texts(values, "reasons"),
        score=fields.uint(values, "score", most=MAX_SCORE),
    )

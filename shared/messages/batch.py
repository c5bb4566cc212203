"""An upload: records of one epoch, as they were signed (docs/protocol.md, section 8)."""

from dataclasses import dataclass

from shared import cbor, fields

MAX_RECORDS = 1_000
MAX_BODY_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The body of `POST /api/sync/batches`. `tick` (ms since the boot that `boot` names) is taken when it is sent."""

    batch: bytes
    records: tuple[bytes, ...]
    sent_at: int
    tick: int
    boot: bytes


def encode_batch(batch: Batch) -> bytes:
    """The body's bytes, deterministically encoded."""
    return cbor.encode(
        {
            "batch": batch.batch,
            "records": list(batch.records),
            "sent_at": batch.sent_at,
            "tick": batch.tick,
            "boot": batch.boot,
        }
    )


def decode_batch(body: bytes) -> Batch:
    """The batch that a body holds; how many records it may have is for the receiver to say.

    Raises:
        DecodingError: where the body is malformed.
    """
    values = cbor.decode_map(body, most_items=cbor.MAX_UPLOAD_ITEMS)
    return Batch(
        batch=fields.uuid(values, "batch"),
        records=fields.octet_strings(values, "records"),
        sent_at=fields.uint(values, "sent_at"),
        tick=fields.uint(values, "tick"),
        boot=fields.uuid(values, "boot"),
    )

"""A server's signed bundle about one shift: all that anybody needs to see for themselves what was signed by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import cbor, cose, fields
from shared.errors import DecodingError
from shared.keys import KID_BYTES, PUBLIC_KEY_BYTES, SigningKey, kid_of

FORMAT = "tallystick/v1/evidence"
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A shift's part of a journal as it is on the server. Signed bytes are as they travelled; `made_at` in ms.

    Attributes:
        first, last: the seqs between which the records lie, both included; `missing` of them are not on the server.
        records: in the order of their seqs; `forks` are the other halves of forks.
        receipts: what the server answered to the batches that brought them.
        count, total: what the server has of the shift: payments between its opening and its close, less those that a
            void before the close names, in minor units.
        decisions: what people did about it, in words, in order.
    """

    device: bytes
    epoch: int
    shift: bytes
    certificate: bytes
    server_keys: Mapping[bytes, bytes]
    first: int
    last: int
    missing: Ranges
    records: tuple[bytes, ...]
    forks: tuple[bytes, ...]
    receipts: tuple[bytes, ...]
    count: int
    total: int
    state: str
    decisions: tuple[str, ...]
    made_at: int


def sign_evidence(evidence: Evidence, key: SigningKey) -> bytes:
    """The COSE bytes of a bundle: every byte in it is covered by the server's signature."""
    payload: dict[str, Any] = {"format": FORMAT} | {
        name: _plain(getattr(evidence, name)) for name in evidence.__dataclass_fields__ if name != "server_keys"
    }
    payload["server_keys"] = [{"kid": kid, "key": public} for kid, public in evidence.server_keys.items()]
    return cose.sign(cose.Kind.EVIDENCE, cbor.encode(payload), key)


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def decode_evidence(payload: bytes) -> Evidence:
    """The bundle in a payload.

    Raises:
        DecodingError: where it is malformed; the message names the field.
    """
    values = cbor.decode_map(payload)
    if fields.text(values, "format") != FORMAT:
        raise DecodingError("format: not {format}", format=FORMAT)
    return Evidence(
        device=fields.uuid(values, "device"),
        epoch=fields.uint(values, "epoch", least=1),
        shift=fields.uuid(values, "shift"),
        certificate=fields.octets(values, "certificate"),
        server_keys=dict(_server_key(entry) for entry in fields.maps(values, "server_keys")),
        first=fields.uint(values, "first", least=1),
        last=fields.uint(values, "last"),
        missing=tuple(_span(span) for span in fields.items(values, "missing")),
        records=fields.octet_strings(values, "records"),
        forks=fields.octet_strings(values, "forks"),
        receipts=fields.octet_strings(values, "receipts"),
        count=fields.uint(values, "count"),
        total=fields.uint(values, "total"),
        state=fields.text(values, "state"),
        decisions=tuple(_line(one) for one in fields.items(values, "decisions")),
        made_at=fields.uint(values, "made_at"),
    )


def _server_key(values: fields.Fields) -> tuple[bytes, bytes]:
    key, kid = fields.octets(values, "key", PUBLIC_KEY_BYTES), fields.octets(values, "kid", KID_BYTES)
    if kid != kid_of(key):
        raise DecodingError("server_keys: a kid is not that of the key beside it")
    return kid, key


def _span(value: object) -> tuple[int, int]:
    if not (isinstance(value, list) and len(value) == len(("first", "last"))):
        raise DecodingError("missing: not a list of ranges")
    first, last = fields.uints({"missing": value}, "missing")
    return first, last


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise DecodingError("decisions: not a list of texts")
    return value

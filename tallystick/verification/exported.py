"""The file that `tallystick terminal export` writes: a journal with all that is needed to check it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared import cbor, fields
from shared.errors import DecodingError
from shared.keys import KID_BYTES, PUBLIC_KEY_BYTES, kid_of

FORMAT = "tallystick/v1/journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedJournal:
    """One epoch of one device: signed bytes, as they were stored. Nothing in it is believed yet."""

    certificate: bytes
    server_keys: Mapping[bytes, bytes]
    records: tuple[bytes, ...]
    receipts: tuple[bytes, ...]


def decode_export(content: bytes) -> ExportedJournal:
    """Take an exported journal apart.

    Raises:
        DecodingError: where the file is none; the message names the field.
    """
    values = cbor.decode_map(content)
    if fields.text(values, "format") != FORMAT:
        raise DecodingError(f"format: not {FORMAT}")
    return ExportedJournal(
        certificate=fields.octets(values, "certificate"),
        server_keys=dict(_server_key(entry) for entry in fields.maps(values, "server_keys")),
        records=fields.octet_strings(values, "records"),
        receipts=fields.octet_strings(values, "receipts"),
    )


def _server_key(values: fields.Fields) -> tuple[bytes, bytes]:
    key = fields.octets(values, "key", PUBLIC_KEY_BYTES)
    kid = fields.octets(values, "kid", KID_BYTES)
    if kid != kid_of(key):
        raise DecodingError("server_keys: a kid is not that of the key beside it")
    return kid, key

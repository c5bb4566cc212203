"""An exported journal: all that `tallystick verify` needs to check one epoch without this terminal."""

from pathlib import Path

from shared import cbor
from terminal.errors import NotEnrolledError
from terminal.journal.chain import Journal
from terminal.journal.device import read_device, read_server_keys
from terminal.journal.queries import SQL
from terminal.store.database import Store
from terminal.store.files import write_atomically

FORMAT = "tallystick/v1/journal"
_PUBLIC = 0o644


def encode_export(store: Store, journal: Journal, epoch: int | None = None) -> bytes:
    """One epoch (the current one by default) as CBOR: certificate, server keys, records in order, receipts.

    Raises:
        NotEnrolledError: where there was no such epoch.
    """
    with store.snapshot():
        wanted = read_device(store).epoch if epoch is None else epoch
        certificate = store.value(SQL["certificate_of_epoch"], {"epoch": wanted})
        if certificate is None:
            raise NotEnrolledError("this terminal has had no epoch {wanted}", wanted=wanted)
        return cbor.encode(
            {
                "format": FORMAT,
                "certificate": certificate,
                "server_keys": [{"kid": kid, "key": key} for kid, (key, _) in read_server_keys(store).items()],
                "records": [record.raw for record in journal.records(wanted)],
                "receipts": [row["receipt"] for row in store.rows(SQL["receipts_of_epoch"], {"epoch": wanted})],
            }
        )


def export_journal(store: Store, journal: Journal, file: Path, epoch: int | None = None) -> int:
    """Write the export to a file; returns its size. Everything in it is meant to be shown to others."""
    content = encode_export(store, journal, epoch)
    write_atomically(file, content, _PUBLIC)
    return len(content)

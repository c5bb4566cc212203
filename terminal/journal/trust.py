"""trust.json: what this terminal believes and is, for everyone to see and `tallystick verify` to use."""

import json
from pathlib import Path

from terminal.journal.device import read_device, read_server_keys
from terminal.store.database import Store
from terminal.store.files import write_atomically

FILE_NAME = "trust.json"
_PUBLIC = 0o644


def write_trust(store: Store, home: Path) -> None:
    """Write the pinned server keys and this terminal's certificate to the home; nothing in it is secret.

    Raises:
        NotEnrolledError: where there is nothing to tell.
        DiskFullError: where it can't be written.
    """
    with store.snapshot():
        device, keys = read_device(store), read_server_keys(store)
    value = {
        "server_keys": [{"kid": kid.hex(), "key": key.hex()} for kid, (key, _) in keys.items()],
        "certificate": device.certificate.hex(),
    }
    write_atomically(home / FILE_NAME, json.dumps(value, indent=1).encode() + b"\n", _PUBLIC)

"""One sync at a time for each terminal, whatever processes want one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terminal.errors import DiskFullError
from terminal.store.files import PRIVATE_FILE
from terminal.sync.errors import SyncRunningError

LOCK_FILE = "sync.lock"


@contextmanager
def only_one_sync(home: Path) -> Iterator[None]:
    """Hold the lock of this home's syncs; the kernel lets go of it when the process dies.

    Raises:
        SyncRunningError: where another process holds it.
        DiskFullError: where the lock's file can't be made.
    """
    path = home / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise DiskFullError(f"{path} can't be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SyncRunningError from None
        yield
    finally:
        os.close(descriptor)

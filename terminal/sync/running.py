"""One sync at a time for each terminal, whatever processes want one."""

from contextlib import AbstractContextManager
from pathlib import Path

from terminal.store.files import locked
from terminal.sync.errors import SyncRunningError

LOCK_FILE = "sync.lock"


def only_one_sync(home: Path) -> AbstractContextManager[None]:
    """Hold the lock of this home's syncs; the kernel lets go of it when the process dies.

    Raises:
        SyncRunningError: where another process holds it.
        DiskFullError: where the lock's file can't be made.
    """
    return locked(home / LOCK_FILE, taken=SyncRunningError)

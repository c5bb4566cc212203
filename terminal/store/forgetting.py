"""Forgetting a terminal: its vault and its journal go together, whatever moment the plug is pulled at.

A marker is made durable first. From then on nothing of this terminal is used any more: whoever opens the folder next
removes what is left of it. Without the marker nothing was removed.
"""

from pathlib import Path

from terminal.errors import DiskFullError
from terminal.store import database, vault
from terminal.store.files import locked, sync_folder, write_atomically
from terminal.texts import system_words

MARKER = "forgetting"
_JOURNAL = (f"{database.FILE_NAME}-wal", f"{database.FILE_NAME}-shm", database.FILE_NAME)
_COPIES = f"{database.FILE_NAME}.before-*"


def begin_forgetting(home: Path) -> None:
    """Decide it: what is here is nobody's from now on. The caller holds the store's lock and has closed the store."""
    write_atomically(home / MARKER, b"This terminal is being forgotten.\n")


def finish_forgetting(home: Path, *others: str) -> None:
    """Remove what is left of a terminal that is to be forgotten; nothing where none is.

    Args:
        home: its folder.
        others: files of it that belong to layers above.

    Raises:
        DiskFullError: where a file can't be removed; the next one who opens the folder tries again.
    """
    if not (home / MARKER).exists():
        return
    with locked(database.lock_of(home / database.FILE_NAME)):
        if (home / MARKER).exists():  # else another process was faster, and somebody enrols here already
            remove_forgotten(home, *others)


def remove_forgotten(home: Path, *others: str) -> None:
    """As `finish_forgetting`, for who holds the lock."""
    try:
        for name in (*_JOURNAL, *(copy.name for copy in home.glob(_COPIES)), *others, vault.FILE_NAME):
            (home / name).unlink(missing_ok=True)
        sync_folder(home)
        (home / MARKER).unlink(missing_ok=True)
        sync_folder(home)
    except OSError as error:
        raise DiskFullError(
            "the terminal in {home} can't be forgotten whole: {why}", home=home, why=system_words(error)
        ) from error

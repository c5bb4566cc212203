"""Files that are whole or not there, for their owner alone, and locks between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import TallystickError
from terminal.errors import DiskFullError
from terminal.texts import system_words

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_folder(path: Path) -> None:
    """Make a folder that its owner alone may enter; one that exists is left as it is."""
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise DiskFullError("the folder {path} can't be made: {why}", path=path, why=system_words(error)) from error


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable: without it a new file can be gone after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    sync_folder(path)  # the same call serves both


def write_atomically(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> None:
    """Put a file in place so that a reader, or a power cut, finds the old one or the new one, never a part.

    Raises:
        DiskFullError: where it can't be written; the old file is still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a Path can't open a descriptor
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise DiskFullError(
            "{path} can't be written: {why}. Nothing was changed.", path=path, why=system_words(error)
        ) from error


@contextmanager
def locked(path: Path, *, taken: type[TallystickError] | None = None) -> Iterator[None]:
    """Hold a lock between processes; the kernel lets go of it when a process dies.

    Raises:
        DiskFullError: where the lock's file can't be made.
        TallystickError: `taken`, where another process holds it; without one it is waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise DiskFullError("{path} can't be written: {why}", path=path, why=system_words(error)) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (fcntl.LOCK_NB if taken else 0))
        except BlockingIOError:
            if taken is None:
                raise
            raise taken from None
        yield
    finally:
        os.close(descriptor)

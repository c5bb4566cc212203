"""Private folders and files: made so that nobody else reads them, verified where others could have been first."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from syncserver.postgres.errors import UnsafeFolderError

PRIVATE = 0o700
OPEN_TO_OTHERS = 0o077
WRITABLE_BY_OTHERS = 0o022

SOCKET_PATH_BYTES = 107  # sockaddr_un.sun_path holds 108, the last of them a NUL
TEMPORARY = Path("/tmp")  # noqa: S108  # what goes there gets a private folder, verified

PORT = 5432  # no TCP port: it only names the socket file


def private_folder(folder: Path, *, uid: int | None = None, gid: int | None = None) -> Path:
    """Makes `folder` with mode 0700 for `uid` (default: this process's), or verifies that it is such a folder.

    Raises:
        UnsafeFolderError: if it is a link, no folder, another user's, or open to others.
    """
    owner = os.geteuid() if uid is None else uid
    try:
        folder.mkdir(mode=PRIVATE)
    except FileExistsError:
        _verify(folder, owner, OPEN_TO_OTHERS)
    else:
        if uid is not None:
            os.chown(folder, uid, -1 if gid is None else gid)
    return folder


def public_folder(folder: Path) -> Path:
    """Makes `folder` readable by all and writable only by this process's user, or verifies that it is."""
    try:
        folder.mkdir(mode=0o755, parents=True)
    except FileExistsError:
        _verify(folder, os.geteuid(), WRITABLE_BY_OTHERS)
    else:
        folder.chmod(0o755)  # whatever the umask took away
    return folder


def _verify(folder: Path, owner: int, forbidden: int) -> None:
    # lstat: a link planted by someone else must not lead us into a folder of theirs.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeFolderError(f"{folder} is not a folder.")
    if found.st_uid != owner:
        raise UnsafeFolderError(f"{folder} belongs to user {found.st_uid}, not to user {owner}.")
    if found.st_mode & forbidden:
        raise UnsafeFolderError(f"{folder} is open to other users (mode {stat.S_IMODE(found.st_mode):04o}).")


def socket_folder(place: Path, home: Path, *, uid: int | None, gid: int | None) -> Path:
    """The private folder of the Unix socket: inside `place`, or in the temporary folder if that path is too long."""
    owner = os.geteuid() if uid is None else uid
    name = f"tallystick-{owner}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    for folder in (place / "socket", Path(tempfile.gettempdir()).resolve() / name, TEMPORARY / name):
        if _fits(folder):
            return private_folder(folder, uid=uid, gid=gid)
    raise UnsafeFolderError(f"{place} is too long a path for a Unix socket.")


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES


def write_private(path: Path, text: str, *, uid: int | None = None, gid: int | None = None) -> None:
    """Writes a file of mode 0600 whole or not at all, durably, owned by `uid` (default: this process's)."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mkstemp makes mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if uid is not None:
                os.fchown(handle, uid, -1 if gid is None else gid)
            file.write(text)
            file.flush()
            os.fsync(handle)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""PostgreSQL's processes, told apart from others by what the kernel says of them, never by a pid alone."""

import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

PID_FILE = "postmaster.pid"

# Its lines, as PostgreSQL's pidfile.h numbers them, from 0.
PID, PORT, SOCKET_FOLDER, STATE = 0, 3, 4, 7


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The main process of a running cluster, from its `postmaster.pid`.

    Attributes:
        pid: its process.
        port: the number in its socket's name.
        socket_folder: where that socket is.
        state: "starting", "ready", "stopping", as it writes it.
    """

    pid: int
    port: int
    socket_folder: str
    state: str


def find_postmaster(data: Path) -> Postmaster | None:
    """The running main process of `data`, or None: without one, or if its pid is now someone else's."""
    lines = _lines(data / PID_FILE)
    pid = _number(lines, PID)
    if pid is None or not is_postmaster(pid, data):
        return None
    return Postmaster(
        pid=pid,
        port=_number(lines, PORT) or 0,
        socket_folder=_line(lines, SOCKET_FOLDER),
        state=_line(lines, STATE).strip() or "starting",  # the file grows as PostgreSQL comes up
    )


def discard_stale_lock_files(data: Path, socket_folder: Path) -> None:
    """Removes lock files that would keep PostgreSQL from starting though no main process runs or is on its way.

    Their pid is now a stranger's, or a dead process's that its parent has not yet collected, or a power cut took it.
    A pid nobody has is left to PostgreSQL, which recognises that itself.
    """
    for path in (data / PID_FILE, *socket_folder.glob(".s.PGSQL.*.lock")):
        pid = _number(_lines(path), PID)
        if pid is None or ((PROC / str(pid)).exists() and not is_postmaster(pid, data)):
            path.unlink(missing_ok=True)


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process is the main process of the cluster in `data`."""
    words = _command_line(pid)  # empty for a process that is dead but not yet collected
    return bool(words) and Path(words[0]).name == "postgres" and words[1:3] == ["-D", str(data)]


def find_launching(data: Path, uid: int) -> int | None:
    """A process that is about to become the main process of `data`, but has written no `postmaster.pid` yet."""
    program = ["postgres", "-D", str(data)]
    for pid in _pids_of(uid):
        words = _command_line(pid)[-3:]  # after the shell and its like that lead up to it
        if words and [Path(words[0]).name, *words[1:]] == program:
            return pid
    return None


def find_orphans(cluster: str, uid: int) -> list[int]:
    """The cluster's processes by their titles, such as `postgres: tallystick-1f…: checkpointer`.

    Asked only when the main process is gone: then those left still hold its shared memory.
    """
    return [pid for pid in _pids_of(uid) if _belongs(pid, cluster)]


def end_process(pid: int, number: signal.Signals, seconds: float, *, cluster: str = "") -> bool:
    """Sends a signal and waits until the process is gone; False if it is still there after `seconds`.

    Given a cluster's name, it signals nothing whose title does not carry it.
    """
    try:
        handle = os.pidfd_open(pid)  # a handle cannot come to mean another process, as a pid can
    except ProcessLookupError:
        return True
    try:
        if cluster and not _belongs(pid, cluster):
            return True
        signal.pidfd_send_signal(handle, number)
        return _ended(handle, seconds)
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def wait_for_end(pid: int, seconds: float) -> bool:
    """Waits until the process is gone; False if it is still there after `seconds`."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return _ended(handle, seconds)
    finally:
        os.close(handle)


def _ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            return True
    return bool(poll.poll(0))


def _belongs(pid: int, cluster: str) -> bool:
    return "".join(_command_line(pid)[:1]).startswith(f"postgres: {cluster}: ")


def _lines(path: Path) -> list[str]:
    try:
        return os.fsdecode(path.read_bytes()).splitlines()
    except FileNotFoundError:
        return []


def _line(lines: list[str], index: int) -> str:
    return lines[index] if index < len(lines) else ""


def _number(lines: list[str], index: int) -> int | None:
    try:
        return int(_line(lines, index))
    except ValueError:
        return None


def _command_line(pid: int) -> list[str]:
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in raw.split(b"\0")[:-1]]


def _pids_of(uid: int) -> list[int]:
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                owner = entry.stat().st_uid
            except OSError:  # it ended in between
                continue
            if owner == uid:
                found.append(int(entry.name))
    return found
